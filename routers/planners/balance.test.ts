import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Prediction } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { seeded } from '../fixtures.ts'
import { balance } from './balance.ts'
import { chancesOf, expected, predictionOf, predictionsOf } from './fixtures.ts'

testPlanner(balance.load({ quotas: { 'model-0': 0.5 }, biases: { 'model-0': -0.2 } }))
testPlanner(balance.load({ quotas: { 'model-0': 0.5 }, biases: { 'model-0': -0.198 } }))

const fitted = (predictions: readonly Prediction[], quotas: Record<string, number>) =>
  balance.load(JSON.parse(JSON.stringify(balance.fit!(predictions, { quotas }))))
const share = (arm: number) => (_: Prediction, chosen: number) => Number(chosen === arm)

describe('balance', () => {
  it('draws by quota where predictions are equal', () => {
    const same = Array.from({ length: 5 }, () => predictionOf([0.3, 0.6], [0.001, 0.003]))
    const chances = chancesOf(fitted(same, { 'model-0': 0.3, 'model-1': 0.7 }), same[0]!)
    expect(chances).toEqual([expect.closeTo(0.3, 3), expect.closeTo(0.7, 3)])
  })

  it('gives a candidate the queries on which the other is least ahead', () => {
    // Candidate 1 is ahead by 0.4, 0.3, 0.2 and 0.1; a quota of half takes the last two.
    const four = [0.4, 0.3, 0.2, 0.1].map((gain) => predictionOf([0.5, 0.5 + gain], [0.001, 0.002]))
    const planner = fitted(four, { 'model-0': 0.5 })
    expect(four.map((one) => Math.round(chancesOf(planner, one)[0]! * 100) / 100)).toEqual([0, 0, 1, 1])
  })

  it('leaves a candidate out of sight where it is already at its quota', () => {
    const seen = predictionsOf(100, seeded(1))
    const free = expected(balance.load({ quotas: {}, biases: {} }), seen, share(2))
    const params = balance.fit!(seen, { quotas: { 'model-2': free } })
    expect(params.biases).toEqual({ 'model-2': 0 })
  })

  it('meets any quotas on its own queries', () => {
    const quota = fc.double({ min: 0.05, max: 0.45, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), quota, quota, (seed, a, b) => {
        const seen = predictionsOf(60, seeded(seed))
        const planner = fitted(seen, { 'model-0': a, 'model-2': b })
        expect(Math.abs(expected(planner, seen, share(0)) - a)).toBeLessThan(0.01)
        expect(Math.abs(expected(planner, seen, share(2)) - b)).toBeLessThan(0.01)
      }),
      { numRuns: 15 },
    )
  })

  it('meets them on new queries, on average over samples it was fitted to', () => {
    const fresh = predictionsOf(1000, seeded(5000))
    const shares = Array.from({ length: 30 }, (_, seed) =>
      expected(fitted(predictionsOf(60, seeded(seed)), { 'model-0': 0.4, 'model-2': 0.2 }), fresh, share(2)),
    )
    expect(Math.abs(shares.reduce((sum, one) => sum + one, 0) / shares.length - 0.2)).toBeLessThan(0.03)
  })

  it('refuses a quota for a candidate that no training query knows, and damaged parameters', () => {
    expect(() => fitted(predictionsOf(5, seeded(1)), { nobody: 0.5 })).toThrow(/nobody/)
    expect(() => balance.load({ quotas: {}, biases: { a: 'x' } })).toThrow(/train the policy again/)
  })
})
