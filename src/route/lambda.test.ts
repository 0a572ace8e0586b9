import fc from 'fast-check'
import { expect, it } from 'vitest'
import { candidate, costing } from './fixture.ts'
import { lambdaLevels } from './lambda.ts'

/** The candidate that quality − λ · cost of a typical request chooses; the cheaper of equals. */
function winner(points: readonly { cost: number; quality: number }[], lambda: number): number {
  const worth = points.map(({ cost, quality }) => quality - lambda * cost)
  return worth.indexOf(Math.max(...worth))
}

const points = [
  { cost: 0.0001, quality: 0.5 },
  { cost: 0.001, quality: 0.7 },
  { cost: 0.002, quality: 0.65 },
  { cost: 0.02, quality: 0.85 },
]
const pool = points.map(({ cost }, i) => costing(`m${i}`, cost))
const quality = points.map((point) => point.quality)

it('chooses three different candidates on a hull of three', () => {
  const levels = lambdaLevels(pool, quality)
  expect([levels.best, levels.auto, levels.cheap].map((lambda) => winner(points, lambda))).toEqual([3, 1, 0])
})

it('is indifferent between the two of a pool of two', () => {
  const { auto } = lambdaLevels(pool.slice(0, 2), quality.slice(0, 2))
  expect(auto).toBeCloseTo(0.2 / 0.0009, 6)
})

it('takes its scale from the mean cost where the cheapest is the best', () => {
  const { best, auto, cheap } = lambdaLevels([costing('a', 0.001), costing('b', 0.003)], [0.9, 0.5])
  expect(best).toBe(0)
  expect(auto).toBeCloseTo(50, 6)
  expect(cheap).toBeCloseTo(500, 5)
})

it('gives zeros where nothing has a price, and ignores the unpriced among the priced', () => {
  const unpriced = candidate('x', null)
  expect(lambdaLevels([unpriced], [0.9])).toEqual({ best: 0, auto: 0, cheap: 0 })
  expect(lambdaLevels([], [])).toEqual({ best: 0, auto: 0, cheap: 0 })
  expect(lambdaLevels([...pool, unpriced], [...quality, 1])).toEqual(lambdaLevels(pool, quality))
})

it('for any pool: finite, ordered, cheap picks a cheapest and best a best, and auto something between on longer hulls', () => {
  const point = fc.record({ cost: fc.integer({ min: 1, max: 1000 }), quality: fc.integer({ min: 0, max: 100 }) })
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 8 }), (raw) => {
      const all = raw.map((p) => ({ cost: p.cost / 1e4, quality: p.quality / 100 }))
      const levels = lambdaLevels(
        all.map(({ cost }, i) => costing(`m${i}`, cost)),
        all.map((p) => p.quality),
      )
      expect(Object.values(levels).every(Number.isFinite)).toBe(true)
      expect(levels.best).toBeLessThanOrEqual(levels.auto)
      expect(levels.auto).toBeLessThanOrEqual(levels.cheap)
      const lowest = Math.min(...all.map(({ cost }) => cost))
      expect(all[winner(all, levels.cheap)]!.cost).toBe(lowest)
      expect(all[winner(all, levels.best)]!.quality).toBe(Math.max(...all.map((p) => p.quality)))
    }),
  )
})
