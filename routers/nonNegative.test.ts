import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { nonNegativeWeights } from './nonNegative.ts'

/** Products of random columns with each other and with a target made of them. */
function problem(seed: number, truth: readonly number[]) {
  const random = seeded(seed)
  const k = truth.length
  const gram = new Float64Array(k * k)
  const products = new Float64Array(k)
  for (let i = 0; i < 40; i++) {
    // The second column is much like the first.
    const row = truth.map(() => random() - 0.5)
    row[1] = row[0]! + 0.3 * row[1]!
    const target = row.reduce((sum, value, a) => sum + truth[a]! * value, 0) + 0.2 * (random() - 0.5)
    for (let a = 0; a < k; a++) {
      products[a]! += row[a]! * target
      for (let b = 0; b < k; b++) gram[a * k + b]! += row[a]! * row[b]!
    }
  }
  return { gram, products }
}

/** |target − Σ w column|², less |target|². */
function errorOf({ gram, products }: ReturnType<typeof problem>, weights: ArrayLike<number>): number {
  let sum = 0
  for (let a = 0; a < products.length; a++) {
    sum -= 2 * weights[a]! * products[a]!
    for (let b = 0; b < products.length; b++) sum += weights[a]! * weights[b]! * gram[a * products.length + b]!
  }
  return sum
}

it.each([
  ['weights inside', [0.5, 0.3, 0.4]],
  ['one that would be negative', [0.9, -0.4, 0.2]],
  ['one alone', [-0.2, 0.6, -0.3]],
  ['none', [-0.5, -0.5, -0.5]],
])('is the best of a fine grid: %s', (_, truth) => {
  for (const seed of [1, 2, 3]) {
    const given = problem(seed, truth)
    const found = nonNegativeWeights(given.gram, given.products)
    let best = { error: Number.POSITIVE_INFINITY, weights: [0, 0, 0] }
    const steps = Array.from({ length: 81 }, (_, i) => i / 50)
    for (const a of steps) {
      for (const b of steps) {
        for (const c of steps) {
          const error = errorOf(given, [a, b, c])
          if (error < best.error) best = { error, weights: [a, b, c] }
        }
      }
    }
    expect(Math.min(...found)).toBeGreaterThanOrEqual(0)
    expect(errorOf(given, found)).toBeLessThanOrEqual(best.error + 1e-9)
    for (const [a, weight] of best.weights.entries()) expect(Math.abs(found[a]! - weight)).toBeLessThan(0.05)
  }
})

it('gives a column of zeros nothing', () => {
  expect(nonNegativeWeights(Float64Array.of(0, 0, 0, 2), Float64Array.of(0, 1))).toEqual(Float64Array.of(0, 0.5))
})
