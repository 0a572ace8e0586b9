import { expect, it } from 'vitest'
import { bestConstant, bestWithin, leastCost, peakQuality } from './points.ts'

const point = (costUsd: number, quality: number) => ({ costUsd, quality })
const points = [point(3, 0.9), point(1, 0.5), point(2, 0.7), point(4, 0.8)]

it('finds what a budget buys and what a quality costs among the points as they are', () => {
  expect(bestWithin(points, 2.9)).toBe(0.7)
  expect(bestWithin(points, 3)).toBe(0.9)
  expect(bestWithin(points, 0.5)).toBe(Number.NEGATIVE_INFINITY)
  expect(leastCost(points, 0.7)).toBe(2)
  expect(leastCost(points, 0.71)).toBe(3)
  expect(leastCost(points, 0.95)).toBe(Number.POSITIVE_INFINITY)
  expect(peakQuality(points)).toBe(0.9)
  expect(peakQuality([])).toBe(Number.NEGATIVE_INFINITY)
})

it('takes sums in another order for the same number', () => {
  // 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 in floating point.
  const [up, down] = [0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1]
  expect(up).not.toBe(down)
  expect(leastCost([point(1, Math.min(up, down))], Math.max(up, down))).toBe(1)
  expect(bestWithin([point(Math.max(up, down), 1)], Math.min(up, down))).toBe(1)
})

it('chooses the constant by quality, by utility, and the cheaper of equals', () => {
  expect(bestConstant(points)).toBe(0)
  // Utilities at λ = 0.25: 0.15, 0.25, 0.2, −0.2.
  expect(bestConstant(points, 0.25)).toBe(1)
  expect(bestConstant([point(2, 0.5), point(1, 0.5), point(3, 0.5)])).toBe(1)
})
