import { describe, expect, it } from 'vitest'
import type { Proof } from '../proof.ts'
import { promptsNeeded, verdictOf, WORTHWHILE } from './verdict.ts'

const proof = (gain: number, lower: number | null): Proof => ({
  method: 'cross-fitted',
  confidence: 0.95,
  lambda: 1,
  rows: 100,
  against: 'a',
  gain,
  lower,
  over: {},
})
/** As many of each, so that mean and spread are known: mean (up − down) / count. */
const spread = (count: number, up: number, down: number) =>
  Array.from({ length: count }, (_, i) => (i < up ? 1 : i < up + down ? -1 : 0))

describe('the verdict', () => {
  it('is to promote where the proof clears zero, whatever else is known', () => {
    expect(verdictOf({ proof: proof(0.02, 0.001), differences: [], unguarded: [] })).toEqual({ kind: 'promote' })
  })

  it('is to keep where policy and learning cannot be worth it any more', () => {
    // Nothing differs: nothing to gain, for certain.
    const nothing = spread(50, 0, 0)
    expect(verdictOf({ proof: proof(0, null), differences: nothing, unguarded: nothing })).toEqual({
      kind: 'keep',
      most: 0,
    })
    // Of 10,000 differences 100 each way: mean 0, error √(200 / 9999 / 10000) = 0.001414, bound 2.3263 times that.
    const differences = spread(10_000, 100, 100)
    const verdict = verdictOf({ proof: proof(0, -0.003), differences, unguarded: differences })
    expect(verdict.kind).toBe('keep')
    expect(verdict.kind === 'keep' && verdict.most).toBeCloseTo(2.3263 * Math.sqrt(200 / 9999 / 10_000), 6)
  })

  it('is not to keep as long as what the guard holds back may be worth it', () => {
    const unguarded = spread(100, 10, 8)
    expect(verdictOf({ proof: proof(0, null), differences: spread(100, 0, 0), unguarded }).kind).toBe('undecided')
  })

  it('asks for what would find the gain it sees, and at most for what would find the smallest that counts', () => {
    const differences = spread(100, 12, 7)
    const verdict = verdictOf({ proof: proof(0.05, -0.02), differences, unguarded: differences })
    // Mean 0.05; squares 19 − 100 · 0.05² over 99.
    const deviation = Math.sqrt((19 - 100 * 0.05 ** 2) / 99)
    const needed = (gain: number) => Math.ceil((((1.644854 + 0.841621) * deviation) / gain) ** 2)
    expect(verdict).toEqual({
      kind: 'undecided',
      seen: 0.05,
      likely: needed(0.05) - 100,
      most: needed(WORTHWHILE) - 100,
    })
  })

  it('asks for a beginning where there are too few prompts to compare anything', () => {
    expect(verdictOf({ proof: null, differences: [], unguarded: [] })).toEqual({ kind: 'begun', more: 100 })
  })
})

it('counts prompts as the textbook does: σ = 1, a gain of half of it, one-sided 5 %, power 80 % needs 25', () => {
  expect(promptsNeeded({ gain: 0.5, deviation: 1 })).toBe(25)
})
