import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { slopeOf } from './slope.ts'
import { mean } from './statistics.ts'

const rows = (...values: readonly number[][]) => values.map((row) => Float64Array.from(row))

it('fits a line through the origin, with the jackknife error', () => {
  const { slope, error } = slopeOf(rows([1], [2], [2]), rows([1], [1], [2]), [0, 1, 2])
  // Σxy / Σxx = (1 + 2 + 4) / (1 + 4 + 4); without one row 6/8, 5/5 and 3/5.
  expect(slope).toBeCloseTo(7 / 9, 12)
  expect(error).toBeCloseTo(Math.hypot(7 / 9 - 6 / 8, 7 / 9 - 1, 7 / 9 - 3 / 5), 12)
})

it('sums over the entries of a row, and leaves out whole units', () => {
  const { slope, error } = slopeOf(rows([1, -1], [2, 0], [0, 2]), rows([1, 0], [0, 0], [0, 3]), [0, 1, 1])
  // The unit of row 0 has xy 1 and xx 2, the other xy 6 and xx 8.
  expect(slope).toBeCloseTo(7 / 10, 12)
  expect(error).toBeCloseTo(Math.hypot(7 / 10 - 6 / 8, 7 / 10 - 1 / 2), 12)
})

it('bounds nothing where predictions do not vary, or a single unit carries them', () => {
  expect(slopeOf(rows([0, 0], [0, 0]), rows([1, -1], [0, 1]), [0, 1])).toEqual({ slope: 0, error: Infinity })
  expect(slopeOf(rows([1], [0]), rows([0.5], [1]), [0, 1])).toEqual({ slope: 0.5, error: Infinity })
})

it('has an error that is the spread of the slope over samples, though the noise grows with the prediction', () => {
  const random = createRandom(1)
  const fits = Array.from({ length: 400 }, () => {
    const x = Array.from({ length: 60 }, () => 2 * random() - 1)
    const y = x.map((value) => 0.6 * value + value * (random() - 0.5) * 4)
    return slopeOf(
      x.map((value) => Float64Array.of(value)),
      y.map((value) => Float64Array.of(value)),
      x.map((_, i) => i),
    )
  })
  const centre = mean(fits.map(({ slope }) => slope))
  const spread = Math.sqrt(mean(fits.map(({ slope }) => (slope - centre) ** 2)))
  expect(centre).toBeCloseTo(0.6, 1)
  expect(mean(fits.map(({ error }) => error)) / spread).toBeGreaterThan(0.9)
  expect(mean(fits.map(({ error }) => error)) / spread).toBeLessThan(1.15)
})
