import fc from 'fast-check'
import { ulid } from 'ulid'
import { describe, expect, it } from 'vitest'
import type { Activation, Reward } from '../spec.ts'
import { type CanaryState, createCanaryTest, utilityOf } from './canary.ts'
import { createSequence } from './sequence.ts'

/** Deterministic and uniform in [0, 1): mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const BEGAN = Date.UTC(2026, 10, 22)
const canary: Activation = { route: 'auto', policy: 'new', at: BEGAN, reason: 'tried', share: 0.1 }
const reward = (policy: string | null, quality: number, rest: Partial<Reward> = {}): Reward => ({
  decision: ulid(BEGAN + 1),
  at: BEGAN + 2,
  tenant: 'someone',
  route: 'auto',
  policy,
  candidate: 'small',
  source: 'user',
  quality,
  costUsd: 0.001,
  lambda: 10,
  propensity: 1,
  ...rest,
})

describe('a canary’s test', () => {
  const open = () => createCanaryTest({ canary, incumbent: 'old', keyShare: 0.5 })

  it('pairs what came since the last pair, and counts utility', () => {
    const test = open()
    for (const quality of [0.5, 0.7]) test.add(reward('old', quality))
    expect(test.state()).toMatchObject({ pairs: 0, difference: null, lower: -2, upper: 2, verdict: null })
    test.add(reward('new', 0.9))
    test.add(reward('new', 0.8))
    test.add(reward('old', 0.4))
    const { canary, incumbent, pairs, difference } = test.state()
    // (0.9 − 0.6 + 0.8 − 0.4) / 2: all cost the same.
    expect([pairs, difference]).toEqual([2, expect.closeTo(0.35, 12)])
    expect(canary).toEqual({ scored: 2, utility: expect.closeTo(0.85 - 0.01, 12) })
    expect(incumbent).toEqual({ scored: 3, utility: expect.closeTo(1.6 / 3 - 0.01, 12) })
  })

  it('passes over what is not its own: other policies and routes, decisions from before, unknown costs', () => {
    const test = open()
    test.add(reward('older', 1))
    test.add(reward('new', 1, { route: 'other' }))
    test.add(reward('new', 1, { decision: ulid(BEGAN - 1) }))
    test.add(reward('new', 1, { costUsd: null }))
    expect(test.state().canary.scored + test.state().incumbent.scored).toBe(0)
    test.add(reward('new', 1, { costUsd: null, lambda: 0 }))
    expect(test.state().canary.scored).toBe(1)
  })

  it('lets a cost count as much as the best answer at most', () => {
    expect(utilityOf(reward('new', 0.5, { costUsd: 0.02 }))).toBeCloseTo(0.3, 12)
    expect(utilityOf(reward('new', 0.5, { costUsd: 5 }))).toBe(-0.5)
  })
})

const scored = reward(null, 0)

/** Rewards of a canary at its share until a verdict or 10,000 are seen; everything drifts by 0.3 meanwhile. */
function run(seed: number, { share, canary: gain = 0 }: { share: number; canary?: number }) {
  const random = seeded(seed)
  const test = createCanaryTest({ canary, incumbent: null, keyShare: 0.5 })
  for (let step = 1; step <= 10_000; step++) {
    const tried = random() < share
    const chance = 0.5 + (0.3 * step) / 10_000 + (tried ? gain : 0)
    const quality = random() < chance ? 1 : 0
    test.add({ ...scored, policy: tried ? 'new' : null, quality, costUsd: 0.01 * random() })
    const { verdict } = test.state()
    if (verdict !== null) return { verdict, step }
  }
  return { verdict: null, step: 10_000 }
}

describe('with several keys', () => {
  const of = (tenant: string, policy: string, quality: number) => reward(policy, quality, { tenant })

  it('pairs what comes from one key: how keys differ says nothing of the canary', () => {
    const test = createCanaryTest({ canary, incumbent: 'old', keyShare: 0.5 })
    test.add(of('easy', 'new', 0.9))
    test.add(of('hard', 'old', 0.2))
    expect(test.state().pairs).toBe(0)
    test.add(of('hard', 'new', 0.3))
    test.add(of('easy', 'old', 0.7))
    expect(test.state()).toMatchObject({ pairs: 2, difference: expect.closeTo(0.15, 12) })
  })

  /** A key with nine tenths of the rewards praises a canary that is worse, and says 0 of all else. */
  function praised(keyShare: number): CanaryState {
    const random = seeded(5)
    const test = createCanaryTest({ canary, incumbent: 'old', keyShare })
    for (let i = 0; i < 6000; i++) {
      const tried = random() < 0.5
      const truth = random() < (tried ? 0.4 : 0.7) ? 1 : 0
      const lies = random() < 0.9
      test.add(of(lies ? 'liar' : 'honest', tried ? 'new' : 'old', lies ? Number(tried) : truth))
    }
    return test.state()
  }

  it('is ended by no single one, however much it sends and whatever it says', () => {
    expect(praised(0.5)).toMatchObject({ verdict: null, lower: expect.toSatisfy((lower) => lower < -0.1) })
    expect(praised(1).verdict).toBe('better')
  })

  it('waits no longer for a key that has long said nothing', () => {
    const test = createCanaryTest({ canary, incumbent: 'old', keyShare: 0.5 })
    const week = 7 * 86_400_000
    const add = (pairs: number, at: number) => {
      for (let i = 0; i < 2 * pairs; i++) {
        test.add({ ...of('usual', i % 2 === 0 ? 'new' : 'old', 1 - (i % 2)), at })
      }
      return test.state()
    }
    test.add({ ...of('once', 'old', 0), at: BEGAN })
    expect(add(1000, BEGAN + week - 1)).toMatchObject({ pairs: 1000, lower: -2, verdict: null })
    expect(add(1, BEGAN + week)).toMatchObject({ pairs: 1001, verdict: 'better' })
  })
})

describe('over ten thousand rewards, looked at after each', () => {
  const runs = (count: number, options: Parameters<typeof run>[1]) =>
    Array.from({ length: count }, (_, i) => run(i + 1, options))

  it.each([0.1, 0.5])('seldom finds a difference where there is none (share %f)', (share) => {
    const found = runs(200, { share }).filter(({ verdict }) => verdict !== null)
    expect(found.length / 200).toBeLessThanOrEqual(0.05)
  })

  it('finds a planted harm, and a planted gain, and never takes one for the other', () => {
    const harmed = runs(20, { share: 0.1, canary: -0.15 })
    expect(harmed.map(({ verdict }) => verdict)).toEqual(harmed.map(() => 'worse'))
    expect(harmed.reduce((sum, { step }) => sum + step, 0) / 20).toBeLessThan(3000)
    const gained = runs(20, { share: 0.1, canary: 0.15 })
    expect(gained.map(({ verdict }) => verdict)).toEqual(gained.map(() => 'better'))
  })
})

describe('the confidence sequence', () => {
  it('multiplies the capitals of the paper: two values by hand', () => {
    const sequence = createSequence({ alpha: 0.5, range: [0, 1] })
    sequence.add(1)
    // Stakes of 3/4 of m's own range: above[m] = log(1 + min(λ, 0.75 / m)(1 − m)), λ₁ = √(2 log 4 / (0.25 · log 2)) = 4.
    // At m = 0 the capital is 1 + 4 = 5 ≥ 2 / α = 4; it is below 4 from m = 0.2 on, where it is 1 + 0.75 / 0.2 · 0.8 = 4.
    expect(sequence.lower).toBeCloseTo(0.2, 2)
    expect(sequence.upper).toBe(1)
    sequence.add(1)
    expect(sequence.lower).toBeGreaterThan(0.2)
    expect([sequence.count, sequence.mean]).toEqual([2, 1])
  })

  it('holds without any one source: one alone rules nothing out, and what it ruled out while it was alone stays so', () => {
    const add = (...values: readonly (readonly [source: string, value: number, alone?: boolean])[]) => {
      const sequence = createSequence({ alpha: 0.5, range: [0, 1] })
      for (const [source, value, alone = false] of values) sequence.add(value, { source, alone })
      return sequence
    }
    expect(add(['a', 1], ['a', 1], ['a', 1]).lower).toBe(0)
    // Without a the capital is 1 + λ₂ (1 − m) with λ₂ = √(2 log 4 / (0.15625 · 2 · log 3)) = 2.84: below 4 everywhere.
    expect(add(['a', 1], ['b', 1]).lower).toBe(0)
    expect(add(['a', 1], ['b', 1], ['c', 1]).lower).toBeGreaterThan(0)
    const first = add(['a', 1, true])
    expect(first.lower).toBeCloseTo(0.2, 2)
    first.add(0, { source: 'b', alone: false })
    expect(first.lower).toBeCloseTo(0.2, 2)
  })

  it('is never narrower for being asked to hold without any one source', () => {
    const value = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.double({ min: 0, max: 1, noNaN: true }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 100 }), (values) => {
        const [sure, plain] = [0, 1].map(() => createSequence({ alpha: 0.05, range: [0, 1] }))
        for (const [source, x] of values) {
          sure!.add(x, { source, alone: false })
          plain!.add(x)
        }
        expect(sure!.lower).toBeLessThanOrEqual(plain!.lower)
        expect(sure!.upper).toBeGreaterThanOrEqual(plain!.upper)
      }),
    )
  })

  it('narrows around the mean, whatever the range, and moves values into it', () => {
    const sequence = createSequence({ alpha: 0.05, range: [-2, 2] })
    const random = seeded(3)
    for (let i = 0; i < 5000; i++) sequence.add(random() < 0.6 ? 0.5 : -9)
    const kept = 0.6 * 0.5 - 0.4 * 2
    expect(sequence.mean).toBeCloseTo(kept, 1)
    expect(sequence.lower).toBeLessThan(kept)
    expect(sequence.upper).toBeGreaterThan(kept)
    expect(sequence.upper - sequence.lower).toBeLessThan(0.2)
  })
})
