import { expect, it } from 'vitest'
import { nextInOrder } from './thresholdCascade.ts'

it('accepts the first answer that reaches its threshold, and the last one', () => {
  const cascade = { order: [4, 0, 2], thresholds: [0.8, 0.6] }
  expect(nextInOrder(cascade, 0, 1)).toBe(4)
  expect(nextInOrder(cascade, 1, 0.79)).toBe(0)
  expect(nextInOrder(cascade, 1, 0.8)).toBeNull()
  expect(nextInOrder(cascade, 2, 0.5)).toBe(2)
  expect(nextInOrder(cascade, 3, 0)).toBeNull()
  expect(nextInOrder({ order: [3], thresholds: [] }, 0, 0)).toBe(3)
  expect(nextInOrder({ order: [3], thresholds: [] }, 1, 0)).toBeNull()
})
