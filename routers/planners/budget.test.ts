import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Prediction } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { seeded } from '../fixtures.ts'
import { budget } from './budget.ts'
import { chancesOf, expected, predictionOf, predictionsOf } from './fixtures.ts'

testPlanner(budget.load({ usdPerThousand: 2, dear: 10, cheap: 40, share: 0.3 }))

const fitted = (predictions: readonly Prediction[], usdPerThousand: number) =>
  budget.load(JSON.parse(JSON.stringify(budget.fit!(predictions, { usdPerThousand }))))
const spend = ({ spentUsd }: Prediction, arm: number) => 1000 * spentUsd[arm]!

describe('budget', () => {
  // One cent more buys 0.4, 0.3, 0.2 or 0.1: the slopes are 40, 30, 20 and 10.
  const four = [0.4, 0.3, 0.2, 0.1].map((gain) => predictionOf([0.5, 0.5 + gain], [0.001, 0.011]))
  const dear = (usd: number) => four.map((one) => chancesOf(fitted(four, usd), one)[1])

  it('spends where a USD buys most, and mixes at the query that the budget splits', () => {
    expect(dear(3.5)).toEqual([expect.closeTo(1, 9), 0, 0, 0])
    expect(dear(7.25)).toEqual([1, 1, expect.closeTo(0.5, 9), 0])
    expect(dear(11)).toEqual([1, 1, 1, 1])
    expect(dear(500)).toEqual([1, 1, 1, 1])
    expect(dear(1)).toEqual([expect.closeTo(0, 9), 0, 0, 0])
  })

  it('mixes two constants where all predictions are equal', () => {
    const same = Array.from({ length: 10 }, () => predictionOf([0.3, 0.6, 0.7], [0.001, 0.003, 0.011]))
    expect(chancesOf(fitted(same, 5), same[0]!)).toEqual([0, expect.closeTo(0.75, 9), expect.closeTo(0.25, 9)])
    expect(chancesOf(fitted(same, 2), same[0]!)).toEqual([expect.closeTo(0.5, 9), expect.closeTo(0.5, 9), 0])
  })

  it('counts what was spent, not what was predicted', () => {
    const doubled = four.map((one) => ({ ...one, spentUsd: one.spentUsd.map((usd) => 2 * usd) }))
    expect(doubled.map((one) => chancesOf(fitted(doubled, 14.5), one)[1])).toEqual([1, 1, expect.closeTo(0.5, 9), 0])
  })

  it('refuses a budget below the cheapest, saying what that costs', () => {
    expect(() => fitted(four, 0.9)).toThrow(/cannot be met: the cheapest candidates cost \$1/)
    expect(() => fitted([], 1)).toThrow(RangeError)
    expect(() => budget.load({ usdPerThousand: 1, dear: 1, cheap: 2, share: 1.5 })).toThrow(/train the policy again/)
  })

  it('hits any budget within reach to the last bit on its own queries', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 1.7, max: 12, noNaN: true }), (seed, usd) => {
        const seen = predictionsOf(60, seeded(seed))
        const most = expected(fitted(seen, 1e6), seen, spend)
        expect(expected(fitted(seen, usd), seen, spend)).toBeCloseTo(Math.min(usd, most), 6)
      }),
      { numRuns: 25 },
    )
  })

  it('spends on new queries what it was given, on average over samples it was fitted to', () => {
    const fresh = predictionsOf(2000, seeded(5000))
    const spent = Array.from({ length: 40 }, (_, seed) =>
      expected(fitted(predictionsOf(60, seeded(seed)), 4), fresh, spend),
    )
    expect(Math.abs(spent.reduce((sum, usd) => sum + usd, 0) / spent.length / 4 - 1)).toBeLessThan(0.05)
  })

  it('buys more quality than any mix of two single candidates at the same spend', () => {
    const seen = predictionsOf(300, seeded(3))
    const quality = ({ priced }: Prediction, arm: number) => priced.quality[arm]!
    const single = (arm: number) => ({
      quality: seen.reduce((sum, one) => sum + quality(one, arm), 0) / seen.length,
      usd: seen.reduce((sum, one) => sum + spend(one, arm), 0) / seen.length,
    })
    const [low, high] = [single(0), single(2)]
    const usd = (low.usd + high.usd) / 2
    expect(expected(fitted(seen, usd), seen, quality)).toBeGreaterThan((low.quality + high.quality) / 2 + 0.02)
  })
})
