import { expect, it } from 'vitest'
import { SwitchyardError } from '../errors.ts'
import { ClientAbort } from './flight.ts'
import { hold, replay } from './hold.ts'
import type { Frame } from './stream.ts'

const frame = (bytes: number): Frame => ({ bytes: new Uint8Array(bytes).fill(65), parts: [] })

async function* failing(error: unknown): AsyncGenerator<Frame> {
  yield frame(1)
  throw error
}

it('keeps every frame as it came', async () => {
  const frames = [frame(3), frame(0), frame(5)]
  const held = await hold(replay(frames))
  expect(held).toEqual({ frames, failure: null })
  const again: Frame[] = []
  for await (const one of replay(held.frames)) again.push(one)
  expect(again).toEqual(frames)
})

it.each([new SwitchyardError('upstream_truncated', 'cut'), new ClientAbort()])(
  'says what ended it: %s',
  async (error) => {
    expect(await hold(failing(error))).toEqual({ frames: [frame(1)], failure: error })
  },
)

it('does not hide a fault of its own', async () => {
  await expect(hold(failing(new TypeError('ours')))).rejects.toThrow('ours')
})

it('lets go of an answer that is too long to be held', async () => {
  let read = 0
  let left = false
  async function* endless(): AsyncGenerator<Frame> {
    try {
      for (;;) {
        read++
        yield frame(4 * 1024 * 1024)
      }
    } finally {
      left = true
    }
  }
  const { failure } = await hold(endless())
  expect(failure).toMatchObject({ code: 'upstream_malformed' })
  expect([read, left]).toEqual([9, true])
})
