import { expect, it } from 'vitest'
import type { Candidate, Query, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { candidatesOf, queryOf, seeded } from '../fixtures.ts'
import { cluster, onboard } from './cluster.ts'

testEstimator(cluster)

const KINDS = 4
/** Chance of a right answer per kind and candidate; the last one's levels are like the others', its strengths are not. */
const CHANCE = [
  [0.9, 0.3, 0.4, 0.2],
  [0.4, 0.8, 0.3, 0.9],
  [0.3, 0.4, 0.9, 0.5],
  [0.5, 0.5, 0.5, 0.8],
]
const TOKENS = [50, 200, 100, 400]

/** Queries of four kinds that lie around four points, and outcomes of candidates that differ in the kinds that they are good at. */
function kinds(rows: number, seed: number): TrainingSet & { readonly kind: readonly number[] } {
  const random = seeded(seed)
  const candidates = candidatesOf(4)
  const kind = Array.from({ length: rows }, () => Math.floor(random() * KINDS))
  const queries = kind.map((k): Query => {
    const query = queryOf(random)
    const vector = query.vector!.map((value, j) => value * 0.4 + (j === 4 + k ? 1 : 0))
    return { ...query, vector, features: Float64Array.of(random()) }
  })
  const cells = kind.flatMap((k) => candidates.map((_, c) => ({ k, c })))
  return {
    queries,
    candidates,
    kind,
    quality: Float64Array.from(cells, ({ k, c }) => (random() < CHANCE[k]![c]! ? 1 : 0)),
    outputTokens: Float64Array.from(cells, ({ k, c }) => Math.round(TOKENS[k]! * (1 + c) * (0.5 + random()))),
  }
}

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
  const data = kinds(600, 1)
  const fresh = kinds(200, 2)
  const estimator = cluster.load(cluster.fit(data, cluster.defaults, seeded(3)), idsOf(data.candidates))
  let right = 0
  for (const [i, query] of fresh.queries.entries()) {
    const { quality, outputTokens } = estimator.estimate(query, data.candidates)
    if (best(quality) === best(CHANCE[fresh.kind[i]!]!)) right += 1
    // The mean of TOKENS · (1 + c) · uniform(0.5, 1.5).
    for (let c = 0; c < 4; c++) {
      expect(outputTokens[c]! / (TOKENS[fresh.kind[i]!]! * (1 + c))).toBeGreaterThan(0.75)
      expect(outputTokens[c]! / (TOKENS[fresh.kind[i]!]! * (1 + c))).toBeLessThan(1.3)
    }
  }
  expect(right / 200).toBeGreaterThan(0.9)
})

it('predicts almost a constant where outcomes have nothing to do with queries', () => {
  const data = kinds(600, 1)
  const shuffled = { ...data, queries: kinds(600, 9).queries }
  const estimator = cluster.load(cluster.fit(shuffled, cluster.defaults, seeded(3)), idsOf(data.candidates))
  for (let c = 0; c < 4; c++) {
    const column = data.quality.filter((_, at) => at % 4 === c)
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length
    const errors = shuffled.queries.map((query) => (estimator.estimate(query, data.candidates).quality[c]! - mean) ** 2)
    expect(Math.sqrt(errors.reduce((sum, value) => sum + value, 0) / errors.length)).toBeLessThan(0.04)
  }
})

it('learns a new candidate from 200 graded prompts and leaves the others as they are', () => {
  const data = kinds(600, 1)
  const fresh = kinds(200, 2)
  const known = part(data, 0, 3)
  const state = cluster.fit(known, cluster.defaults, seeded(3))
  const graded = part(kinds(200, 4), 3, 4)
  const ids = idsOf(data.candidates)
  const before = cluster.load(state, ids.slice(0, 3))
  const after = cluster.load(onboard(state, ids.slice(0, 3), graded), ids)
  const errors = fresh.queries.map((query, i) => {
    const estimate = after.estimate(query, data.candidates)
    expect(estimate.quality.slice(0, 3)).toEqual(before.estimate(query, known.candidates).quality)
    expect(estimate.outputTokens[3]! / (TOKENS[fresh.kind[i]!]! * 4)).toBeGreaterThan(0.6)
    expect(estimate.outputTokens[3]! / (TOKENS[fresh.kind[i]!]! * 4)).toBeLessThan(1.6)
    return (estimate.quality[3]! - CHANCE[fresh.kind[i]!]![3]!) ** 2
  })
  // Its mean alone is off by 0.27.
  expect(Math.sqrt(errors.reduce((sum, value) => sum + value, 0) / errors.length)).toBeLessThan(0.12)
  const choices = fresh.queries.map((query) => best(after.estimate(query, data.candidates).quality))
  expect(choices.filter((c, i) => c === best(CHANCE[fresh.kind[i]!]!)).length / 200).toBeGreaterThan(0.85)
})

it('refuses to learn a candidate anew that it knows', () => {
  const data = kinds(60, 1)
  const state = cluster.fit(data, cluster.defaults, seeded(3))
  expect(() => onboard(state, idsOf(data.candidates), part(data, 1, 2))).toThrow(/'model-1'/)
})
