import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { resample } from './bootstrap.ts'
import { bestWithin } from './points.ts'
import { mean, weightedMean } from './statistics.ts'
import { sweepOf } from './sweep.ts'
import { againstConstant, judge } from './verdict.ts'

/** Leads of `count` policies on n queries: independent noise around the given means. */
function leadsOf(means: readonly number[], n: number, random: () => number) {
  const noise = () => random() + random() + random() - 1.5
  const columns = means.map((centre) => Float64Array.from({ length: n }, () => centre + noise()))
  return resample(n, (weights) => columns.map((column) => weightedMean(column, weights)), { random, draws: 199 })
}

it('finds the one that is better among many that are not', () => {
  const verdicts = judge(leadsOf([0, 0.3, 0, 0, -0.3, 0], 200, createRandom(2)))
  expect(verdicts.map((verdict) => verdict.beats)).toEqual([false, true, false, false, false, false])
  expect(verdicts[1]!.lead).toBeCloseTo(0.3, 1)
  expect(verdicts[1]!.confidence).toBeGreaterThan(0.95)
  expect(verdicts[1]!.low).toBeLessThan(verdicts[1]!.lead)
  expect(verdicts[4]!.confidence).toBeLessThan(0.5)
})

it('rarely finds any among ten that are no better, where single looks would', () => {
  const random = createRandom(8)
  const trials = 200
  let [together, alone] = [0, 0]
  for (let trial = 0; trial < trials; trial++) {
    const leads = leadsOf(new Array(10).fill(0), 50, random)
    if (judge(leads).some((verdict) => verdict.beats)) together++
    if (leads.some((lead) => judge([lead])[0]!.beats)) alone++
  }
  // Promised 5 % together; ten looks of 5 % each find something in 40 %.
  expect(together / trials).toBeLessThan(0.11)
  expect(alone / trials).toBeGreaterThan(0.25)
})

it('does not make a policy pay for others that decide the same', () => {
  const [lead] = leadsOf([0.1], 200, createRandom(3))
  expect(judge([lead!, lead!, lead!])[0]).toEqual(judge([lead!])[0])
})

it('says the same by its bound and by its confidence', () => {
  const random = createRandom(6)
  for (let trial = 0; trial < 40; trial++) {
    for (const verdict of judge(leadsOf([0, 0.05, 0.1], 100, random))) {
      expect(verdict.beats).toBe(verdict.confidence >= 0.95 - 1e-9)
    }
  }
})

it('bounds nothing that is not finite, and a policy that is the constant beats nothing', () => {
  const draws = Float64Array.of(0.1, Number.NEGATIVE_INFINITY, 0.2)
  expect(judge([{ value: 0.1, draws }])[0]).toMatchObject({
    low: Number.NEGATIVE_INFINITY,
    confidence: 0,
    beats: false,
  })
  expect(judge([{ value: 0, draws: new Float64Array(9) }])[0]).toEqual({ lead: 0, low: 0, confidence: 0, beats: false })
})

it('compares policies with a constant at the same budget on the same queries', () => {
  const random = createRandom(12)
  const n = 300
  const outcomes = (rate: number, cost: number) => ({
    qualities: Float64Array.from({ length: n }, () => (random() < rate ? 1 : 0)),
    costs: new Float64Array(n).fill(cost),
  })
  const [cheap, dear] = [outcomes(0.5, 1), outcomes(0.9, 10)]
  const constant = sweepOf([cheap, dear])
  const better = [1, 2, 3].map(() => sweepOf([outcomes(0.75, 2), dear]))
  const verdicts = againstConstant(
    [
      { name: 'constant', runs: [constant] },
      { name: 'better', runs: better },
    ],
    {
      constant,
      metric: (points, bar) => bestWithin(points, 0.25 * bar[1]!.costUsd),
      random,
      draws: 300,
    },
  )
  expect(verdicts.map(({ name, beats }) => [name, beats])).toEqual([
    ['constant', false],
    ['better', true],
  ])
  expect(verdicts[0]!.lead).toBe(0)
  const expected = mean(better.map((run) => mean(run.quality.subarray(0, n)))) - mean(cheap.qualities)
  expect(verdicts[1]!.lead).toBeCloseTo(expected)
})
