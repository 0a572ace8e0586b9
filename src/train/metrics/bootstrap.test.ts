import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { bootstrap } from './bootstrap.ts'
import { mean, weightedMean } from './statistics.ts'

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
