import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testPlanner } from '../contract.ts'
import { chancesOf, predictionOf } from './fixtures.ts'
import { bestChances, hedge } from './hedge.ts'

testPlanner(hedge.load({ chance: 0.8 }))

/** Φ by its power series, independent of what is tested. */
function phi(x: number): number {
  let [term, sum] = [x, x]
  for (let k = 1; k < 80; k++) {
    term *= (-x * x) / (2 * k)
    sum += term / (2 * k + 1)
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI)
}

describe('hedge', () => {
  it('knows the chance of the better of two: Φ(difference / √(variance + variance))', () => {
    for (const [a, b, s, t] of [
      [0.6, 0.5, 0.1, 0.1],
      [0.6, 0.5, 0.2, 0.05],
      [0.5, 0.8, 0.3, 0.2],
      [0.7, 0.7, 0.1, 0.1],
    ] as const) {
      const exact = phi((a - b) / Math.hypot(s, t))
      expect(bestChances([a, b], [s, t])[0]).toBeCloseTo(exact, 5)
    }
    expect(bestChances([0.5, 0.5, 0.5, 0.5], [0.1, 0.1, 0.1, 0.1])).toEqual(new Array(4).fill(expect.closeTo(0.25, 9)))
    expect(bestChances([0.5, 0.6], [0, 0])).toEqual([0, 1])
  })

  it('takes the cheapest of the smallest set that holds the best with the chance asked for', () => {
    // Chances of being best about 0.07, 0.28 and 0.65: sets of one, two and three.
    const one = predictionOf([0.5, 0.63, 0.75], [0.001, 0.002, 0.02], 0.13)
    const arm = (chance: number) => chancesOf(hedge.load({ chance }), one).indexOf(1)
    expect([0, 0.6, 0.9, 1].map(arm)).toEqual([2, 2, 1, 0])
  })

  it('pays for no doubt, and for every certainty', () => {
    const arm = (std: number) => chancesOf(hedge.load({ chance: 0.9 }), predictionOf([0.5, 0.7], [0.001, 0.02], std))
    expect(arm(0.01)).toEqual([0, 1])
    expect(arm(0.5)).toEqual([1, 0])
  })

  it('never asks a dearer one when the chance asked for rises', () => {
    const numbers = (min: number, max: number) =>
      fc.array(fc.double({ min, max, noNaN: true }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(
        numbers(0.3, 0.8),
        numbers(0.001, 0.1),
        fc.double({ min: 0.1, max: 0.4, noNaN: true }),
        (quality, usd, std) => {
          const one = predictionOf(quality, usd, std)
          const cost = (chance: number) => usd[chancesOf(hedge.load({ chance }), one).indexOf(1)]!
          const costs = [0, 0.3, 0.6, 0.9, 1].map(cost)
          expect(costs).toEqual(costs.toSorted((a, b) => b - a))
          expect(costs.at(-1)).toBe(Math.min(...usd))
        },
      ),
      { numRuns: 20 },
    )
  })
})
