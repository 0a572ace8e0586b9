import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { calibration, calibrationPerModel } from './calibration.ts'

it('measures how far belief lies from what happened, bin by bin', () => {
  // Two bins: 0.1 and 0.3 with outcomes 0, 1 (mean belief 0.2, observed 0.5); 0.9 and 0.7 with 1, 1 (0.8, 1).
  const result = calibration([0.1, 0.3, 0.9, 0.7], [0, 1, 1, 1], { bins: 2 })
  expect(result.count).toBe(4)
  expect(result.ece).toBeCloseTo(0.5 * 0.3 + 0.5 * 0.2)
  expect(result.mce).toBeCloseTo(0.3)
  // 0.01, 0.49, 0.01, 0.09.
  expect(result.brier).toBeCloseTo(0.15)
  expect(result.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.3) + Math.log(0.9) + Math.log(0.7)) / 4)
  expect(result.bins).toHaveLength(2)
  expect(result.bins[0]).toMatchObject({ count: 2, observed: 0.5 })
})

it('can give every bin as many queries', () => {
  // By width all four lie in the last of two bins; by mass two lie in each.
  const [predicted, observed] = [
    [0.6, 0.7, 0.8, 0.9],
    [0, 0, 1, 1],
  ]
  expect(calibration(predicted, observed, { bins: 2 }).ece).toBeCloseTo(0.25)
  const byMass = calibration(predicted, observed, { bins: 2, edges: 'mass' })
  expect(byMass.bins.map((bin) => bin.count)).toEqual([2, 2])
  // |0 − 0.65| and |1 − 0.85|.
  expect(byMass.ece).toBeCloseTo((0.65 + 0.15) / 2)
  expect(calibration([0.4, 0.4, 0.4], [0, 1, 1], { bins: 3, edges: 'mass' }).bins).toHaveLength(1)
})

it('clips beliefs, leaves out what is not known, and says nothing of nothing', () => {
  const result = calibration([1.2, -0.1, 0.5], [1, 0, Number.NaN])
  expect(result).toMatchObject({ count: 2, ece: 0, brier: 0 })
  expect(result.logLoss).toBeCloseTo(0)
  const nothing = calibration([0.5], [Number.NaN])
  expect(nothing.count).toBe(0)
  expect([nothing.ece, nothing.mce, nothing.brier, nothing.logLoss]).toEqual(new Array(4).fill(Number.NaN))
})

it('is per model', () => {
  const [sure, unsure] = calibrationPerModel([1, 0.5, 1, 0.5], [1, 1, 1, 0], { models: 2 })
  expect(sure!.brier).toBe(0)
  expect(unsure!.brier).toBe(0.25)
  expect(unsure!.ece).toBe(0)
})

it('tends to 0 for an estimator that is calibrated, and to the distance for one that is not', () => {
  const random = createRandom(3)
  const beliefs = Float64Array.from({ length: 200_000 }, random)
  const outcomes = beliefs.map((p) => (random() < p ? 1 : 0))
  const few = calibration(beliefs.subarray(0, 300), outcomes.subarray(0, 300)).ece
  const many = calibration(beliefs, outcomes)
  expect(many.ece).toBeLessThan(0.01)
  expect(many.ece).toBeLessThan(few)
  expect(calibration(beliefs, outcomes, { edges: 'mass' }).ece).toBeLessThan(0.01)
  // ∫ p (1 − p) dp = 1 / 6.
  expect(many.brier).toBeCloseTo(1 / 6, 2)
  const timid = beliefs.map((p) => 0.25 + p / 2)
  // E |p − (0.25 + p / 2)| = 1 / 8.
  expect(calibration(timid, outcomes).ece).toBeCloseTo(1 / 8, 2)
})
