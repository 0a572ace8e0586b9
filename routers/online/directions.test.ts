import { expect, it } from 'vitest'
import { directions } from './directions.ts'

it('are of length 1, at right angles, and the same each time', () => {
  const [count, dim] = [16, 512]
  const rows = directions(count, dim)
  const dot = (a: number, b: number) =>
    Array.from({ length: dim }, (_, j) => rows[a * dim + j]! * rows[b * dim + j]!).reduce(
      (sum, value) => sum + value,
      0,
    )
  for (let a = 0; a < count; a++) for (let b = 0; b <= a; b++) expect(dot(a, b)).toBeCloseTo(a === b ? 1 : 0, 12)
  expect(directions(count, dim)).toEqual(rows)
})

it('are no more than the space has', () => {
  expect(directions(16, 3)).toHaveLength(9)
  expect(directions(16, 0)).toHaveLength(0)
})
