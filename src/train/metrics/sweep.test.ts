import fc from 'fast-check'
import { expect, it } from 'vitest'
import { weightedMean } from './statistics.ts'
import { pointsOf, sweepOf } from './sweep.ts'

const outcomes = (qualities: number[], costs: number[]) => ({
  qualities: Float64Array.from(qualities),
  costs: Float64Array.from(costs),
})

it('keeps only what changes from one setting to the next', () => {
  const sweep = sweepOf([
    outcomes([1, 0, 1], [4, 4, 4]),
    outcomes([1, 0, 1], [4, 4, 4]),
    outcomes([1, 1, 1], [4, 1, 4]),
  ])
  expect([...sweep.starts]).toEqual([0, 3, 3, 4])
  expect(pointsOf(sweep)).toEqual([
    { costUsd: 4, quality: 2 / 3 },
    { costUsd: 4, quality: 2 / 3 },
    { costUsd: 3, quality: 1 },
  ])
  // Query 1 twice, query 2 once: (0 + 0 + 1) / 3, then (1 + 1 + 1) / 3 at (1 + 1 + 4) / 3 USD.
  expect(pointsOf(sweep, Float64Array.of(0, 2, 1))[2]).toEqual({ costUsd: 2, quality: 1 })
})

it('has the weighted means of every setting', () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true })
  const queries = 6
  const column = fc.array(value, { minLength: queries, maxLength: queries })
  const settings = fc.array(fc.tuple(column, column), { minLength: 1, maxLength: 8 })
  const weights = fc
    .array(fc.nat(3), { minLength: queries, maxLength: queries })
    .filter((w) => w.some((one) => one > 0))
  fc.assert(
    fc.property(settings, weights, (all, drawn) => {
      const points = pointsOf(
        sweepOf(all.map(([qualities, costs]) => outcomes(qualities, costs))),
        Float64Array.from(drawn),
      )
      for (const [k, [qualities, costs]] of all.entries()) {
        expect(points[k]!.quality).toBeCloseTo(weightedMean(qualities, drawn), 12)
        expect(points[k]!.costUsd).toBeCloseTo(weightedMean(costs, drawn), 12)
      }
    }),
  )
})

it('refuses an outcome that is not known', () => {
  expect(() => sweepOf([outcomes([1, 0], [1, Number.NaN])])).toThrow('query 1 at setting 0')
})
