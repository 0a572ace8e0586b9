import { expect, it } from 'vitest'
import { testEstimator } from '../contract.ts'
import { candidatesOf, plantedSet, seeded } from '../fixtures.ts'
import { constant } from './constant.ts'

testEstimator(constant, {
  skip: [
    { test: 'claims full support for no query without a vector', reason: 'it looks at no query' },
    { test: 'learns a planted signal: closer to the truth than the mean of each candidate', reason: 'it is that mean' },
    { test: 'is less sure of a query unlike all that it saw', reason: 'it looks at no query' },
  ],
})

const { queries } = plantedSet(3, seeded(1))
const candidates = candidatesOf(3)
const ids = candidates.map(({ id }) => id)

it('draws means toward the pool as if five of its outcomes had been seen', () => {
  // Of the first three outcomes are known, of the second two, of the third none.
  const data = {
    queries,
    candidates,
    quality: Float64Array.of(1, 0, Number.NaN, 1, Number.NaN, Number.NaN, 0, 0, Number.NaN),
    outputTokens: Float64Array.of(100, 10, Number.NaN, 200, Number.NaN, Number.NaN, 300, 30, Number.NaN),
  }
  const estimator = constant.load(constant.fit(data, constant.defaults, seeded(1)), ids)
  const { quality, qualityStd, outputTokens, support } = estimator.estimate(queries[0]!, candidates)
  // Means ⅔ and 0, the pool's ⅓; variances 2/9 and 0, the pool's 1/9.
  expect(quality[0]).toBeCloseTo((3 / 8) * (2 / 3) + (5 / 8) * (1 / 3), 12)
  expect(quality[1]).toBeCloseTo((5 / 7) * (1 / 3), 12)
  expect(qualityStd[0]).toBeCloseTo(Math.sqrt(((3 / 8) * (2 / 9) + (5 / 8) * (1 / 9)) / 8), 12)
  expect(qualityStd[1]).toBeCloseTo(Math.sqrt(((5 / 7) * (1 / 9)) / 7), 12)
  // Means 200 and 20, the pool's 110.
  expect(outputTokens[0]).toBeCloseTo((3 / 8) * 200 + (5 / 8) * 110, 12)
  expect(outputTokens[1]).toBeCloseTo((2 / 7) * 20 + (5 / 7) * 110, 12)
  // One of whom nothing is known is like the others are believed to be, and that is uncertain.
  expect(quality[2]).toBeCloseTo((quality[0]! + quality[1]!) / 2, 12)
  expect(qualityStd[2]).toBeCloseTo(Math.sqrt(1 / 12), 12)
  expect(support).toBe(1)
})

it('says the same of every query', () => {
  const data = plantedSet(50, seeded(2))
  const known = data.candidates.map(({ id }) => id)
  const estimator = constant.load(constant.fit(data, constant.defaults, seeded(1)), known)
  const estimates = data.queries.map((query) => estimator.estimate(query, data.candidates))
  expect(estimates.every((estimate) => estimate.quality.join() === estimates[0]!.quality.join())).toBe(true)
})
