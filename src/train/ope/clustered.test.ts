import { expect, it } from 'vitest'
import { clusteredMean, numberClusters } from './clustered.ts'

it('is the usual standard error where every term stands alone', () => {
  const { value, error } = clusteredMean([1, 2, 3, 6], [0, 1, 2, 3])
  expect(value).toBe(3)
  // Σ (x − 3)² = 14; √(14 / 3 / 4).
  expect(error).toBeCloseTo(Math.sqrt(14 / 3 / 4), 12)
})

it('counts what was asked again as one', () => {
  const single = clusteredMean([1, 2, 6], [0, 1, 2])
  const twice = clusteredMean([1, 1, 2, 2, 6, 6], numberClusters(['a', 'a', 'b', 'b', 'c', 'c']))
  expect(twice.value).toBe(single.value)
  expect(twice.error).toBeCloseTo(single.error, 12)
})

it('bounds nothing with one cluster', () => {
  expect(clusteredMean([1, 2], [0, 0]).error).toBe(Number.POSITIVE_INFINITY)
})
