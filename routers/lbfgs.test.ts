import { expect, it } from 'vitest'
import { minimise } from './lbfgs.ts'

const options = { maxIterations: 200, tolerance: 1e-14 }

it('finds the bottom of a bent valley', () => {
  // Rosenbrock's function: (1, 1).
  const x = Float64Array.of(-1.2, 1)
  minimise(
    ([a, b], gradient) => {
      gradient[0] = -2 * (1 - a!) - 400 * a! * (b! - a! ** 2)
      gradient[1] = 200 * (b! - a! ** 2)
      return (1 - a!) ** 2 + 100 * (b! - a! ** 2) ** 2
    },
    x,
    { ...options, curvature: Float64Array.of(1, 1) },
  )
  expect(x[0]).toBeCloseTo(1, 4)
  expect(x[1]).toBeCloseTo(1, 4)
})

it('solves a quadratic of very different curvatures in one step when it is told them', () => {
  const curvature = Float64Array.of(1, 1e3, 1e-3)
  const x = Float64Array.of(5, 5, 5)
  let evaluations = 0
  minimise(
    (at, gradient) => {
      evaluations += 1
      return at.reduce((sum, value, j) => {
        gradient[j] = curvature[j]! * (value - j)
        return sum + 0.5 * curvature[j]! * (value - j) ** 2
      }, 1)
    },
    x,
    { ...options, curvature },
  )
  expect([...x]).toEqual([0, 1, 2].map((value) => expect.closeTo(value, 9)))
  expect(evaluations).toBeLessThan(5)
})

it('never ends above where it began', () => {
  const x = Float64Array.of(3)
  minimise(
    (at, gradient) => {
      gradient[0] = -1
      return at[0]! <= 3 ? 0 : Number.NaN
    },
    x,
    { ...options, curvature: Float64Array.of(1) },
  )
  expect(x[0]).toBe(3)
})
