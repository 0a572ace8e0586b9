import { expect, it } from 'vitest'
import { createRandom, shuffle } from '../random.ts'
import { lowerBound, mean, meanOfGroups, quantile, weightedMean } from './statistics.ts'

it('computes means, quantiles and bounds', () => {
  expect(mean([1, 2, 6])).toBe(3)
  expect(weightedMean([1, 2, 6], [0, 3, 1])).toBe(3)
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
  expect(quantile([4, 1, 3, 2], 0)).toBe(1)
  expect(quantile([4, 1, 3, 2], 1)).toBe(4)
  // Standard deviation 2, error 2 / √4.
  expect(lowerBound([1, 1, 1, 5], 2)).toEqual({ mean: 2, error: 1, low: 0 })
  expect(lowerBound([0.7], 2).low).toBe(Number.NEGATIVE_INFINITY)
})

it('lets every group count alike', () => {
  // (1 + 0) / 2 and 0.3: the mean over queries would be 1.3 / 3.
  expect(meanOfGroups([1, 0.3, 0], [0, 1, 0])).toBeCloseTo((0.5 + 0.3) / 2)
  expect(meanOfGroups([1, 0.3, 0], [0, 1, 0], [3, 2, 1])).toBeCloseTo((0.75 + 0.3) / 2)
  expect(meanOfGroups([1, 0.3, 0], [0, 1, 0], [1, 0, 1])).toBe(0.5)
})

it('draws the same numbers from the same seed, evenly', () => {
  const [a, b, other] = [createRandom(9), createRandom(9), createRandom(10)]
  const drawn = Array.from({ length: 4000 }, a)
  expect(Array.from({ length: 4000 }, b)).toEqual(drawn)
  expect(other()).not.toBe(drawn[0])
  expect(Math.abs(mean(drawn) - 0.5)).toBeLessThan(0.02)
  const first = Array.from({ length: 3000 }, () => shuffle(['a', 'b', 'c'], a)[0])
  for (const item of ['a', 'b', 'c'])
    expect(Math.abs(first.filter((one) => one === item).length - 1000)).toBeLessThan(100)
})
