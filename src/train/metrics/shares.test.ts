import { expect, it } from 'vitest'
import { selectionEntropy, sharesOf } from './shares.ts'
import { decisionTime } from './timing.ts'

it('counts who was chosen', () => {
  expect(sharesOf([0, 2, 2, 0], 3)).toEqual([0.5, 0, 0.5])
})

it('measures the spread of the choices in bits', () => {
  expect(selectionEntropy([1, 0, 0])).toBe(0)
  expect(selectionEntropy([0.25, 0.25, 0.25, 0.25])).toBe(2)
  // 0.5 · 1 + 2 · 0.25 · 2.
  expect(selectionEntropy([0.5, 0.25, 0.25])).toBe(1.5)
})

it('summarises how long decisions took', () => {
  const times = Array.from({ length: 101 }, (_, i) => 100 - i)
  expect(decisionTime(times)).toEqual({ decisions: 101, meanUs: 50, p50Us: 50, p95Us: 95, p99Us: 99 })
  expect(decisionTime([])).toMatchObject({ decisions: 0, p50Us: Number.NaN })
})
