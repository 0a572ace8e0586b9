import { expect, it } from 'vitest'
import type { OutcomeMatrix } from '../metrics/points.ts'
import { createRandom } from '../random.ts'
import { measureChange } from './measure.ts'

/** Four queries, a cheap candidate (0) and a dear one (1). */
const outcomes: OutcomeMatrix = {
  models: 2,
  qualities: Float64Array.of(0, 1, 1, 1, 0.5, 1, 1, 0),
  costs: Float64Array.of(1, 10, 1, 10, 2, 20, 2, 20),
}
const settings = { dearest: 1, draws: 50 }

it('counts flips, spend and quality as worked out by hand', () => {
  // Clean 0 0 1 1: spend 1 + 1 + 20 + 20. One wording 1 0 1 0, another 0 0 0 0.
  const change = measureChange(outcomes, {
    ...settings,
    random: createRandom(1),
    weights: [1],
    before: [[0, 0, 1, 1]],
    after: [[[1, 0, 1, 0]], [[0, 0, 0, 0]]],
  })
  expect(change.flips.value).toBeCloseTo((2 + 2) / 8, 12)
  expect(change.costRise.value).toBeCloseTo((33 + 6) / 2 / 42 - 1, 12)
  expect(change.quality.value).toBeCloseTo((1 + 1 - 0.5 + 1) / 8, 12)
  expect(change.dearest.before).toBeCloseTo(0.5, 12)
  expect(change.dearest.after.value).toBeCloseTo(2 / 8, 12)
  expect(change.dearest.moved.value).toBeCloseTo(1 / 8, 12)
  for (const { value, low, high } of [change.flips, change.quality, change.costRise]) {
    expect(low).toBeLessThan(value)
    expect(high).toBeGreaterThan(value)
  }
})

it('a mix flips as often as its settings do, by their weights', () => {
  const change = measureChange(outcomes, {
    ...settings,
    random: createRandom(1),
    weights: [0.75, 0.25],
    before: [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ],
    after: [
      [
        [0, 0, 0, 1],
        [1, 1, 1, 1],
      ],
      [
        [0, 0, 0, 0],
        [0, 0, 1, 1],
      ],
    ],
  })
  expect(change.flips.value).toBeCloseTo((0.75 / 4 + 0.25 * (2 / 4)) / 2, 12)
  expect(change.dearest.before).toBeCloseTo(0.25, 12)
})

it('nothing changes where nobody else is asked', () => {
  const before = [[0, 1, 0, 1]]
  const change = measureChange(outcomes, {
    ...settings,
    random: createRandom(1),
    weights: [1],
    before,
    after: [before],
  })
  expect(change.flips).toEqual({ value: 0, low: 0, high: 0 })
  expect(change.costRise).toEqual({ value: 0, low: 0, high: 0 })
  expect(change.quality).toEqual({ value: 0, low: 0, high: 0 })
  expect(change.dearest).toEqual({
    before: 0.5,
    after: expect.objectContaining({ value: 0.5 }),
    moved: { value: 0, low: 0, high: 0 },
  })
})
