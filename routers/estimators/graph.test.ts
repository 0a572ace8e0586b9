import { expect, it } from 'vitest'
import type { Candidate, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { KIND_CHANCES, KIND_TOKENS, kindsSet, seeded, withMissing } from '../fixtures.ts'
import { graph } from './graph.ts'

testEstimator(graph)

const data = kindsSet(600, 1)
const fresh = kindsSet(200, 2)
const idsOf = (candidates: readonly Candidate[]) => candidates.map(({ id }) => id)
const ids = idsOf(data.candidates)
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))
const train = (set: TrainingSet) => graph.fit(set, graph.defaults, seeded(3))

/** The columns `from` … `to` − 1. */
function part<Set extends TrainingSet>(set: Set, from: number, to: number): Set {
  const m = set.candidates.length
  const keep = (matrix: Float64Array) => matrix.filter((_, at) => at % m >= from && at % m < to)
  const candidates = set.candidates.slice(from, to)
  return { ...set, candidates, quality: keep(set.quality), outputTokens: keep(set.outputTokens) }
}

/** Root mean square of the errors of one candidate's quality on the fresh queries. */
function errorOf(state: ReturnType<typeof train>, c: number): number {
  const estimator = graph.load(state, ids)
  const squares = fresh.queries.map((query, i) => {
    return (estimator.estimate(query, data.candidates).quality[c]! - KIND_CHANCES[fresh.kind[i]!]![c]!) ** 2
  })
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)
}

it('sends each kind of query to who is best at it', () => {
  const estimator = graph.load(train(data), ids)
  const right = fresh.queries.filter((query, i) => {
    return best(estimator.estimate(query, data.candidates).quality) === best(KIND_CHANCES[fresh.kind[i]!]!)
  })
  expect(right.length / 200).toBeGreaterThan(0.85)
})

it('predicts almost a constant where outcomes have nothing to do with queries', () => {
  const shuffled = { ...data, queries: kindsSet(600, 9).queries }
  const estimator = graph.load(train(shuffled), ids)
  for (let c = 0; c < 4; c++) {
    const column = data.quality.filter((_, at) => at % 4 === c)
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length
    const errors = fresh.queries.map((query) => (estimator.estimate(query, data.candidates).quality[c]! - mean) ** 2)
    expect(Math.sqrt(errors.reduce((sum, value) => sum + value, 0) / errors.length)).toBeLessThan(0.05)
  }
})

it('lets a candidate with few edges hear of one that does as it does', () => {
  // Model 3 does as model 1 does, and one outcome in ten is known of it.
  const hidden = withMissing(data, seeded(5), { share: 0.9 }).quality
  const quality = data.quality.map((own, at) => {
    if (at % 4 !== 3) return own
    return Number.isNaN(hidden[at]!) ? Number.NaN : data.quality[at - 2]!
  })
  const error = (set: TrainingSet) => {
    const estimator = graph.load(train(set), idsOf(set.candidates))
    const squares = fresh.queries.map((query, i) => {
      const chance = KIND_CHANCES[fresh.kind[i]!]![1]!
      return (estimator.estimate(query, set.candidates).quality.at(-1)! - chance) ** 2
    })
    return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)
  }
  const among = { ...data, quality }
  // Without model 1 it has nobody to hear of.
  const without = part(among, 2, 4)
  expect(error(among)).toBeLessThan(0.8 * error(without))
})

it('learns a new candidate from the edges that it brings and says of the others what it said', () => {
  const known = part(data, 0, 3)
  const state = train(known)
  const graded = part(kindsSet(200, 4), 3, 4)
  const grown = graph.onboard!(state, ids.slice(0, 3), graded)
  const before = graph.load(state, ids.slice(0, 3))
  const after = graph.load(grown, ids)
  for (const [i, query] of fresh.queries.entries()) {
    const { quality, qualityStd, outputTokens } = after.estimate(query, data.candidates)
    const old = before.estimate(query, known.candidates)
    expect([quality.slice(0, 3), qualityStd.slice(0, 3)]).toEqual([old.quality, old.qualityStd])
    expect(outputTokens.slice(0, 3)).toEqual(old.outputTokens)
    expect(outputTokens[3]! / (KIND_TOKENS[fresh.kind[i]!]! * 4)).toBeGreaterThan(0.6)
    expect(outputTokens[3]! / (KIND_TOKENS[fresh.kind[i]!]! * 4)).toBeLessThan(1.6)
  }
  // Its mean alone is off by 0.27.
  expect(errorOf(grown, 3)).toBeLessThan(0.16)
  expect(() => graph.onboard!(grown, ids, graded)).toThrow(/'model-3' already/)
})

it('takes one newcomer after the other', () => {
  const state = train(part(data, 0, 2))
  const third = graph.onboard!(state, ids.slice(0, 2), part(kindsSet(200, 4), 2, 3))
  const fourth = graph.onboard!(third, ids.slice(0, 3), part(kindsSet(300, 5), 3, 4))
  // Their means alone are off by 0.25 and 0.27.
  expect(errorOf(fourth, 2)).toBeLessThan(0.18)
  expect(errorOf(fourth, 3)).toBeLessThan(0.18)
})
