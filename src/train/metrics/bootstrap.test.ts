import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { bootstrap, resample } from './bootstrap.ts'
import { mean, weightedMean } from './statistics.ts'

it.each(['percentile', 'bca'] as const)('covers the mean about as often as it says (%s)', (interval) => {
  const random = createRandom(5)
  let covered = 0
  for (let trial = 0; trial < 200; trial++) {
    const values = Array.from({ length: 60 }, () => random() ** 2)
    const options = { random, draws: 200, interval }
    const [found] = bootstrap(60, (weights) => [weightedMean(values, weights)], options)
    expect(found!.value).toBeCloseTo(mean(values))
    if (found!.low <= 1 / 3 && found!.high >= 1 / 3) covered++
  }
  expect(covered / 200).toBeGreaterThan(0.88)
  expect(covered / 200).toBeLessThan(0.99)
})

it('covers less with less confidence', () => {
  const values = Array.from({ length: 50 }, (_, i) => i)
  const widthAt = (confidence: number) => {
    const options = { random: createRandom(2), draws: 500, confidence }
    const [found] = bootstrap(50, (weights) => [weightedMean(values, weights)], options)
    return found!.high - found!.low
  }
  // Normal quantiles 1.645 and 0.674.
  expect(widthAt(0.9) / widthAt(0.5)).toBeGreaterThan(2)
  expect(widthAt(0.9) / widthAt(0.5)).toBeLessThan(3)
})

it('pairs statistics: two that are the same differ by nothing in every draw', () => {
  const values = [0, 1, 1, 0, 1]
  const [difference] = bootstrap(5, (w) => [weightedMean(values, w) - weightedMean(values, w)], {
    random: createRandom(1),
    draws: 50,
  })
  expect(difference).toEqual({ value: 0, low: 0, high: 0 })
})

it('draws the same from the same seed', () => {
  const drawn = (seed: number) => {
    const options = { random: createRandom(seed), draws: 20 }
    return resample(4, (weights) => [weightedMean([1, 2, 3, 4], weights)], options)[0]!.draws
  }
  expect(drawn(1)).toEqual(drawn(1))
  expect(drawn(1)).not.toEqual(drawn(2))
})

it('draws seeds too, and averages over them', () => {
  // All queries alike, so that only the seeds vary: three of value 0, 3, 6.
  const options = { random: createRandom(4), draws: 4000, seeds: 3 }
  const [sample] = resample(10, (_weights, seed) => [3 * seed], options)
  expect(sample!.value).toBe(3)
  const variance = mean(sample!.draws.map((value) => (value - 3) ** 2))
  // Variance 6 of one seed over three of them.
  expect(variance).toBeGreaterThan(1.8)
  expect(variance).toBeLessThan(2.2)
})
