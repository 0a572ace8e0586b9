import { expect, it } from 'vitest'
import { bcaInterval, percentileInterval } from './interval.ts'
import { normalQuantile } from './normal.ts'

it('knows the quantiles of the normal distribution', () => {
  for (const [x, p] of [
    [0, 0.5],
    [1, 0.8413447],
    [1.959964, 0.975],
    [-2.326348, 0.01],
    [4, 0.9999683],
  ] as const) {
    expect(normalQuantile(p)).toBeCloseTo(x, 3)
  }
})

const draws = Float64Array.from({ length: 1000 }, (_, i) => (i * 7) % 1000)

it('takes the middle of the draws', () => {
  expect(percentileInterval({ value: 500, draws }, 0.95)).toEqual({ value: 500, low: 25, high: 975 })
  expect(percentileInterval({ value: 500, draws }, 0.8)).toEqual({ value: 500, low: 100, high: 900 })
  const unreached = Float64Array.of(1, 2, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  expect(percentileInterval({ value: 2, draws: unreached }, 0.5)).toEqual({
    value: 2,
    low: 2,
    high: Number.POSITIVE_INFINITY,
  })
})

it('is the percentile interval where there is neither bias nor skew', () => {
  const { low, high } = bcaInterval({ value: 500, draws }, Float64Array.of(-1, 0, 1), 0.95)
  expect(Math.abs(low - 25)).toBeLessThanOrEqual(2)
  expect(Math.abs(high - 975)).toBeLessThanOrEqual(2)
})

it('moves by bias and skew as computed by hand', () => {
  // 69.146 % of the draws lie below the value: bias Φ⁻¹(0.69146) = 0.5. Jackknife −1, −1, 2: Σ(θ̄ − θ)³ = −6, Σ² = 6, so the
  // acceleration is −6 / (6 · 6^1.5) = −0.06804. Low: z = 0.5 − 1.95996 = −1.45996, Φ(0.5 − 1.45996 / (1 − 0.09934)) = Φ(−1.1210) = 0.1311.
  // High: z = 2.45996, Φ(0.5 + 2.45996 / (1 + 0.16738)) = Φ(2.6073) = 0.99544.
  const { low, high } = bcaInterval({ value: 691.46, draws }, Float64Array.of(-1, -1, 2), 0.95)
  expect(Math.abs(low - 131)).toBeLessThanOrEqual(2)
  expect(Math.abs(high - 995)).toBeLessThanOrEqual(2)
})
