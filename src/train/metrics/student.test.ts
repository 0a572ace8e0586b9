import { expect, it } from 'vitest'
import { normalQuantile } from './normal.ts'
import { studentQuantile } from './student.ts'

const Z = normalQuantile(0.95)

it.each([
  [2, 2.92],
  [4, 2.1318],
  [10, 1.8125],
  [60, 1.6706],
])('is the one of the printed tables: 95 %% at %i degrees is %f', (degrees, quantile) => {
  expect(studentQuantile(Z, degrees) / quantile).toBeCloseTo(1, 2)
})

it('bounds nothing with one degree, and is the normal one with many', () => {
  expect(studentQuantile(Z, 1)).toBe(Number.POSITIVE_INFINITY)
  expect(studentQuantile(Z, 1e9)).toBeCloseTo(Z, 6)
})
