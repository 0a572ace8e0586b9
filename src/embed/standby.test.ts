import { expect, it } from 'vitest'
import { type Embeds, withStandby } from './standby.ts'

/** Answers each text with its length; from the call `failsAt` on it rejects what is under way and all that comes. */
function fake(name: string, { failsAt = Number.POSITIVE_INFINITY } = {}) {
  const waiting: (() => void)[] = []
  let calls = 0
  const state = { name, closed: false, embedded: [] as string[] }
  const embeds: Embeds = {
    async embed(texts) {
      const call = ++calls
      await new Promise<void>((resolve) => waiting.push(resolve))
      if (call >= failsAt) throw new Error(`${name} is broken`)
      state.embedded.push(...texts)
      return texts.map((text) => Float32Array.of(text.length))
    },
    async close() {
      state.closed = true
    },
  }
  return {
    state,
    embeds,
    /** Lets everything that waits go on. */
    async release() {
      await Promise.resolve()
      while (waiting.length > 0) {
        for (const go of waiting.splice(0)) go()
        for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      }
    },
  }
}

it('gives what was under way to the second, whole and in order, and stays there', async () => {
  const [first, second] = [fake('first', { failsAt: 2 }), fake('second')]
  const switches: unknown[] = []
  let opened = 0
  const encoder = withStandby(
    first.embeds,
    async () => {
      opened++
      return second.embeds
    },
    (error) => switches.push(error),
  )
  const before = encoder.embed(['a'])
  const during = [encoder.embed(['bb', 'ccc']), encoder.embed(['dddd'])]
  await first.release()
  await second.release()
  expect(await before).toEqual([Float32Array.of(1)])
  expect(await Promise.all(during)).toEqual([[Float32Array.of(2), Float32Array.of(3)], [Float32Array.of(4)]])
  const after = encoder.embed(['eeeee'])
  await second.release()
  expect(await after).toEqual([Float32Array.of(5)])
  expect([first.state.embedded, second.state.embedded]).toEqual([['a'], ['bb', 'ccc', 'dddd', 'eeeee']])
  expect([opened, switches.length, first.state.closed]).toEqual([1, 1, true])
  expect(String(switches[0])).toContain('first is broken')
  await encoder.close()
  expect(second.state.closed).toBe(true)
})

it('fails where the second fails too', async () => {
  const [first, second] = [fake('first', { failsAt: 1 }), fake('second', { failsAt: 1 })]
  const encoder = withStandby(
    first.embeds,
    async () => second.embeds,
    () => {},
  )
  const asked = encoder.embed(['a'])
  asked.catch(() => {})
  await first.release()
  await second.release()
  await expect(asked).rejects.toThrow('second is broken')
})

it('opens no second when it is closed', async () => {
  const first = fake('first', { failsAt: 1 })
  const encoder = withStandby(
    first.embeds,
    () => {
      throw new Error('must not be opened')
    },
    () => {},
  )
  const asked = encoder.embed(['a'])
  asked.catch(() => {})
  await encoder.close()
  await first.release()
  await expect(asked).rejects.toThrow('first is broken')
})
