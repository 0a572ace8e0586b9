import { expect, it } from 'vitest'
import { normalCdf } from './normal.ts'

it('is the normal distribution, in its tails too', () => {
  for (const [x, p] of [
    [0, 0.5],
    [1, 0.8413447461],
    [-1.959963985, 0.025],
    [-4, 3.167124183e-5],
    [-8, 6.220960574e-16],
  ] as const) {
    expect(normalCdf(x) / p).toBeCloseTo(1, 6)
    expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 6)
  }
  expect([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY].map(normalCdf)).toEqual([0, 1])
})
