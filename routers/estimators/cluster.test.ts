import { expect, it } from 'vitest'
import type { Candidate, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { KIND_CHANCES, KIND_TOKENS, kindsSet, seeded } from '../fixtures.ts'
import { cluster, onboard } from './cluster.ts'

testEstimator(cluster)

/** The columns `from` … `to` − 1 of the first `rows` rows. */
function part<Set extends TrainingSet>(data: Set, from: number, to: number, rows = data.queries.length): Set {
  const m = data.candidates.length
  const keep = (matrix: Float64Array) => matrix.filter((_, at) => at % m >= from && at % m < to && at < rows * m)
  return {
    ...data,
    queries: data.queries.slice(0, rows),
    candidates: data.candidates.slice(from, to),
    quality: keep(data.quality),
    outputTokens: keep(data.outputTokens),
  }
}

const idsOf = (candidates: readonly Candidate[]) => candidates.map(({ id }) => id)
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))

it('sends each kind of query to who is best at it', () => {
  const data = kindsSet(600, 1)
  const fresh = kindsSet(200, 2)
  const estimator = cluster.load(cluster.fit(data, cluster.defaults, seeded(3)), idsOf(data.candidates))
  let right = 0
  for (const [i, query] of fresh.queries.entries()) {
    const { quality, outputTokens } = estimator.estimate(query, data.candidates)
    if (best(quality) === best(KIND_CHANCES[fresh.kind[i]!]!)) right += 1
    // The mean of KIND_TOKENS · (1 + c) · uniform(0.5, 1.5).
    for (let c = 0; c < 4; c++) {
      expect(outputTokens[c]! / (KIND_TOKENS[fresh.kind[i]!]! * (1 + c))).toBeGreaterThan(0.75)
      expect(outputTokens[c]! / (KIND_TOKENS[fresh.kind[i]!]! * (1 + c))).toBeLessThan(1.3)
    }
  }
  expect(right / 200).toBeGreaterThan(0.9)
})

it('predicts almost a constant where outcomes have nothing to do with queries', () => {
  const data = kindsSet(600, 1)
  const shuffled = { ...data, queries: kindsSet(600, 9).queries }
  const estimator = cluster.load(cluster.fit(shuffled, cluster.defaults, seeded(3)), idsOf(data.candidates))
  for (let c = 0; c < 4; c++) {
    const column = data.quality.filter((_, at) => at % 4 === c)
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length
    const errors = shuffled.queries.map((query) => (estimator.estimate(query, data.candidates).quality[c]! - mean) ** 2)
    expect(Math.sqrt(errors.reduce((sum, value) => sum + value, 0) / errors.length)).toBeLessThan(0.04)
  }
})

it('learns a new candidate from 200 graded prompts and leaves the others as they are', () => {
  const data = kindsSet(600, 1)
  const fresh = kindsSet(200, 2)
  const known = part(data, 0, 3)
  const state = cluster.fit(known, cluster.defaults, seeded(3))
  const graded = part(kindsSet(200, 4), 3, 4)
  const ids = idsOf(data.candidates)
  const before = cluster.load(state, ids.slice(0, 3))
  const after = cluster.load(onboard(state, ids.slice(0, 3), graded), ids)
  const errors = fresh.queries.map((query, i) => {
    const estimate = after.estimate(query, data.candidates)
    expect(estimate.quality.slice(0, 3)).toEqual(before.estimate(query, known.candidates).quality)
    expect(estimate.outputTokens[3]! / (KIND_TOKENS[fresh.kind[i]!]! * 4)).toBeGreaterThan(0.6)
    expect(estimate.outputTokens[3]! / (KIND_TOKENS[fresh.kind[i]!]! * 4)).toBeLessThan(1.6)
    return (estimate.quality[3]! - KIND_CHANCES[fresh.kind[i]!]![3]!) ** 2
  })
  // Its mean alone is off by 0.27.
  expect(Math.sqrt(errors.reduce((sum, value) => sum + value, 0) / errors.length)).toBeLessThan(0.12)
  const choices = fresh.queries.map((query) => best(after.estimate(query, data.candidates).quality))
  expect(choices.filter((c, i) => c === best(KIND_CHANCES[fresh.kind[i]!]!)).length / 200).toBeGreaterThan(0.85)
})

it('refuses to learn a candidate anew that it knows', () => {
  const data = kindsSet(60, 1)
  const state = cluster.fit(data, cluster.defaults, seeded(3))
  expect(() => onboard(state, idsOf(data.candidates), part(data, 1, 2))).toThrow(/'model-1'/)
})
