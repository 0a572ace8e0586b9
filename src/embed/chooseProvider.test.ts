import { expect, it } from 'vitest'
import { type ChooseOptions, chooseProvider, type Opened } from './chooseProvider.ts'

interface Fake {
  readonly opened: Opened
  closed: boolean
}

/** A provider whose vectors are turned away from the CPU's by an angle, in radians. */
function fake(textMs: number, { turned = 0, breaks = false } = {}): Fake {
  const provider: Fake = {
    closed: false,
    opened: {
      ready: { dim: 2, textMs },
      async embed(texts) {
        if (breaks) throw new Error('the device was lost')
        return texts.map(({ length }) => Float32Array.of(Math.cos(length + turned), Math.sin(length + turned)))
      },
      async close() {
        provider.closed = true
      },
    },
  }
  return provider
}

async function choose(
  gpus: Readonly<Record<string, Fake | string>>,
  cpu: Fake,
  changes: Partial<ChooseOptions<string>> = {},
) {
  const { provider, skipped } = await chooseProvider({
    gpus: Object.keys(gpus),
    asked: false,
    budgetMs: 100,
    now: () => 0,
    whyNot: (name) => {
      const gpu = gpus[name]
      return typeof gpu === 'string' ? gpu : null
    },
    openGpu: async (name) => {
      const gpu = gpus[name]
      if (typeof gpu !== 'object') throw new Error(`there is no ${name}`)
      return gpu.opened
    },
    openCpu: async () => cpu.opened,
    ...changes,
  })
  return { provider, skipped }
}

it('takes the best that works, and says why those before it were not taken', async () => {
  const [lost, wrong, good, worse, cpu] = [
    fake(0.1, { breaks: true }),
    fake(0.1, { turned: 0.2 }),
    fake(0.2),
    fake(0.1),
    fake(1),
  ]
  expect(await choose({ missing: 'it is not installed', lost, wrong, good, worse }, cpu)).toEqual({
    provider: 'good',
    skipped: [
      { provider: 'missing', reason: 'it is not installed' },
      { provider: 'lost', reason: 'the device was lost' },
      { provider: 'wrong', reason: 'gives other vectors than the CPU: cosine 0.9801' },
    ],
  })
  expect([lost, wrong, good, worse, cpu].map(({ closed }) => closed)).toEqual([true, true, false, false, true])
})

it('keeps the CPU where it is faster, unless the other was asked for', async () => {
  const slow = fake(2)
  expect(await choose({ slow }, fake(1))).toEqual({
    provider: null,
    skipped: [{ provider: 'slow', reason: 'works, but is slower here: 2.00 ms a text, the CPU 1.00 ms' }],
  })
  expect(slow.closed).toBe(true)
  const cpu = fake(1)
  expect(await choose({ slow: fake(2) }, cpu, { asked: true })).toEqual({ provider: 'slow', skipped: [] })
  expect(cpu.closed).toBe(true)
})

it('takes vectors as near as int8 is to half, and no further', async () => {
  const angle = Math.acos(0.9951)
  expect(await choose({ near: fake(0.1, { turned: angle }) }, fake(1))).toMatchObject({ provider: 'near' })
  const far = Math.acos(0.9949)
  expect(await choose({ far: fake(0.1, { turned: far }) }, fake(1))).toMatchObject({ provider: null })
})

it('gives each provider what time is left', async () => {
  let now = 0
  const given: number[] = []
  await choose({ one: fake(1), two: fake(1) }, fake(0.1), {
    now: () => now,
    openGpu: async (_, startMs) => {
      given.push(startMs)
      now += 30
      throw new Error('it did not start')
    },
  })
  expect(given).toEqual([100, 70])
})

it('rejects where the CPU cannot be opened, and leaves nothing open', async () => {
  const gpu = fake(0.1)
  const openCpu = async () => Promise.reject(new Error('there is no model'))
  await expect(choose({ gpu }, fake(1), { openCpu })).rejects.toThrow('there is no model')
  expect(gpu.closed).toBe(true)
})
