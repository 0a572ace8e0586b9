import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { levelOf } from './levels.ts'

/** Of 100 prompts the cheap model answers the first 40 right, the dear one all; the policy asks the cheap one for those 40. */
const count = 100
const outcomes = {
  models: 2,
  qualities: Float64Array.from({ length: 2 * count }, (_, at) => (at % 2 === 1 || at < 80 ? 1 : 0)),
  costs: Float64Array.from({ length: 2 * count }, (_, at) => (at % 2 === 1 ? 0.01 : 0.001)),
}
const decided = {
  judged: [...Array(count).keys()],
  qualities: new Float64Array(count).fill(1),
  costs: Float64Array.from({ length: count }, (_, i) => (i < 40 ? 0.001 : 0.01)),
}
const options = { random: createRandom(1), draws: 300 }

it('names the best constant at λ, how sure that is, and what the policy saves beside it', () => {
  const level = levelOf(outcomes, { name: 'auto', lambda: 10, decided }, options)
  // 1 − 10 · 0.01 against 0.4 − 10 · 0.001.
  expect(level.constant).toEqual({ column: 1, point: { quality: 1, costUsd: expect.closeTo(0.01, 12) } })
  expect(level.sure).toBe(1)
  expect(level.policy!.quality).toEqual({ value: 0, low: 0, high: 0 })
  // 40 of 100 prompts at a tenth: 36 %, and the share of such prompts has an error of √(0.4 · 0.6 / 100).
  expect(level.policy!.saving.value).toBeCloseTo(0.36, 12)
  expect(level.policy!.saving.low).toBeCloseTo(0.36 - 1.96 * 0.9 * Math.sqrt(0.24 / 100), 1)
  expect(level.policy!.saving.high).toBeCloseTo(0.36 + 1.96 * 0.9 * Math.sqrt(0.24 / 100), 1)
})

it('is unsure where two constants are worth nearly the same', () => {
  // The difference of utilities is 0.6 − 0.009 λ in the mean: at λ = 66 about 0.006, an eighth of its error.
  const level = levelOf(outcomes, { name: 'auto', lambda: 66, decided: null }, options)
  expect(level.constant.column).toBe(1)
  expect(level.sure).toBeGreaterThan(0.4)
  expect(level.sure).toBeLessThan(0.75)
  expect(level.policy).toBeNull()
})
