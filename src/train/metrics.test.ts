import { expect, it } from 'vitest'
import { bootstrap, lowerBound, mean, quantile, weightedMean } from './metrics.ts'
import { createRandom, shuffle } from './random.ts'

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

it('covers the mean about as often as it says', () => {
  const random = createRandom(5)
  let covered = 0
  for (let trial = 0; trial < 200; trial++) {
    const values = Array.from({ length: 60 }, () => random() ** 2)
    const [interval] = bootstrap(60, (weights) => [weightedMean(values, weights)], { random, draws: 200 })
    expect(interval!.value).toBeCloseTo(mean(values))
    if (interval!.low <= 1 / 3 && interval!.high >= 1 / 3) covered++
  }
  expect(covered / 200).toBeGreaterThan(0.88)
  expect(covered / 200).toBeLessThan(0.99)
})

it('pairs statistics: two that are the same differ by nothing in every draw', () => {
  const values = [0, 1, 1, 0, 1]
  const [difference] = bootstrap(5, (w) => [weightedMean(values, w) - weightedMean(values, w)], {
    random: createRandom(1),
    draws: 50,
  })
  expect(difference).toEqual({ value: 0, low: 0, high: 0 })
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
