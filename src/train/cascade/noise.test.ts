import { describe, expect, it } from 'vitest'
import { cascadeAuc } from '../metrics/area.ts'
import type { OutcomeMatrix } from '../metrics/points.ts'
import { outcomesOf } from '../metrics/regret.ts'
import { mean } from '../metrics/statistics.ts'
import { pointsOf, sweepOf } from '../metrics/sweep.ts'
import { createRandom } from '../random.ts'
import { fitThresholds } from './fitThresholds.ts'
import { NOISES, type Noise, noisyJudge, planWithErrors } from './noise.ts'
import { planRouting, planThresholds, type Sequential, simulate } from './simulate.ts'

const CHANCES = [0.55, 0.65, 0.72, 0.8]
const COSTS = [0.0001, 0.0004, 0.0015, 0.005]
const LAMBDAS = [0, ...Array.from({ length: 16 }, (_, k) => 2 ** (k - 1))]

/** Answers right or wrong with a share of luck that all candidates have in common. */
function planted(rows: number, seed: number): OutcomeMatrix {
  const random = createRandom(seed)
  const luck = Array.from({ length: rows }, random)
  return {
    models: 4,
    qualities: Float64Array.from({ length: 4 * rows }, (_, at) => {
      const draw = random() < 0.4 ? luck[Math.floor(at / 4)]! : random()
      return draw < CHANCES[at % 4]! ? 1 : 0
    }),
    costs: Float64Array.from({ length: 4 * rows }, (_, at) => COSTS[at % 4]! * (0.5 + random())),
  }
}

const pointsReached = (matrix: OutcomeMatrix, settings: number, planOf: (query: number) => Sequential) =>
  pointsOf(sweepOf(simulate(matrix, settings, planOf).map(({ outcomes }) => outcomes)))

describe('a noisy judge', () => {
  const matrix = planted(4000, 1)

  it('sees more after the answer than before, calibrated both times', () => {
    const judge = noisyJudge(matrix, NOISES.low, createRandom(2))
    const errors = { before: [] as number[], after: [] as number[] }
    for (let query = 0; query < 4000; query++) {
      const truth = matrix.qualities[4 * query + 2]!
      errors.before.push(judge(query)([]).quality[2]! - truth)
      errors.after.push(judge(query)([2]).quality[2]! - truth)
      expect(judge(query)([2]).quality[1]).toBe(judge(query)([]).quality[1])
    }
    const square = (values: readonly number[]) => mean(values.map((value) => value ** 2))
    expect(mean(errors.before)).toBeCloseTo(0, 9)
    expect(mean(errors.after)).toBeCloseTo(0, 9)
    // What a regression leaves of a variance v seen through noise of variance s: v s / (v + s).
    const right = mean(matrix.qualities.filter((_, at) => at % 4 === 2))
    const variance = right * (1 - right)
    expect(square(errors.before)).toBeCloseTo((variance * 0.36) / (variance + 0.36), 2)
    expect(square(errors.after)).toBeCloseTo((variance * 0.09) / (variance + 0.09), 2)
  })

  it('tells how far its two views lie apart', () => {
    const judge = noisyJudge(matrix, NOISES.medium, createRandom(3))
    const gaps = Array.from(
      { length: 4000 },
      (_, query) => judge(query)([0]).quality[0]! - judge(query)([]).quality[0]!,
    )
    expect(judge(0)([]).qualityStd[0]).toBeCloseTo(Math.sqrt(mean(gaps.map((gap) => gap ** 2))), 6)
  })
})

/** The direction of the published tables (arXiv 2410.10347): cascade routing is ahead of routing and of the threshold cascade. */
describe.each(Object.entries(NOISES))('at %s noise', (_, noise: Noise) => {
  it('cascade routing is ahead of routing and of the threshold cascade', () => {
    const [known, fresh] = [planted(600, 4), planted(600, 5)]
    const singles = CHANCES.map((_, m) => pointsOf(sweepOf([outcomesOf(fresh, () => m)]))[0]!)
    const areas = [1, 2, 3].map((seed) => {
      const [before, judge] = [
        noisyJudge(known, noise, createRandom(seed)),
        noisyJudge(fresh, noise, createRandom(-seed)),
      ]
      const area = (planOf: (query: number) => Sequential) =>
        cascadeAuc(pointsReached(fresh, LAMBDAS.length, planOf), singles)
      const score = (of: typeof judge, query: number) => (asked: readonly number[]) =>
        of(query)(asked).quality[asked.at(-1)!]!
      const cascades = fitThresholds(known, LAMBDAS, (asked) =>
        Float64Array.from({ length: 600 }, (_, query) => score(before, query)(asked)),
      )
      return {
        routing: area((query) => planRouting(judge(query), LAMBDAS, 1)),
        thresholds: area((query) => planThresholds(score(judge, query), cascades)),
        both: area((query) => planRouting(judge(query), LAMBDAS)),
      }
    })
    const average = (of: 'routing' | 'thresholds' | 'both') => mean(areas.map((one) => one[of]))
    expect(average('both')).toBeGreaterThan(average('routing') + 0.002)
    expect(average('both')).toBeGreaterThan(average('thresholds') + 0.002)
  })
})

describe("RouterBench's cascade", () => {
  const matrix = planted(2000, 6)
  const order = [0, 1, 2, 3]
  const planOf = (errorRate: number, capsUsd: readonly number[]) =>
    planWithErrors(matrix, { order, errorRate, threshold: 1, capsUsd, random: createRandom(7) })

  it('without an error finds a right answer wherever there is one', () => {
    const [point] = pointsReached(matrix, 1, planOf(0, [1]))
    const oracle = mean(
      Array.from({ length: 2000 }, (_, i) => Math.max(...matrix.qualities.subarray(4 * i, 4 * i + 4))),
    )
    expect(point!.quality).toBeCloseTo(oracle, 12)
  })

  it('falls with every error', () => {
    const qualities = [0, 0.1, 0.2, 0.4, 0.6, 0.8].map(
      (rate) => pointsReached(matrix, 1, planOf(rate, [1]))[0]!.quality,
    )
    expect(qualities).toEqual(qualities.toSorted((a, b) => b - a))
    expect(qualities[0]! - qualities[5]!).toBeGreaterThan(0.3)
  })

  it('asks nobody beyond what a query may cost, but for the first', () => {
    const [none, some] = simulate(matrix, 2, planOf(0, [0, 0.003]))
    expect(none!.asked.every((asked) => asked.length === 1)).toBe(true)
    expect(some!.asked.some((asked) => asked.length > 1)).toBe(true)
    expect(Math.max(...some!.outcomes.costs)).toBeLessThan(0.003)
  })
})
