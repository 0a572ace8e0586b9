import { expect, it } from 'vitest'
import type { Candidate, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { candidatesOf, columnsOf, KIND_CHANCES, KIND_TOKENS, kindsSet, seeded } from '../fixtures.ts'
import { cluster } from './cluster.ts'

testEstimator(cluster)

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

/** Two groups of 300 queries far apart; of every ten queries of a group a candidate is right on as many as `rights` says. */
function twoGroups(rights: readonly (readonly [number, number])[]): TrainingSet {
  const { queries } = kindsSet(600, 1)
  const cells = queries.flatMap((_, i) =>
    rights.map((right) => ({ right: right[i % 2 === 0 ? 0 : 1], turn: (i >> 1) % 10 })),
  )
  return {
    queries: queries.map((query, i) => ({ ...query, vector: null, features: Float64Array.of(i % 2) })),
    candidates: candidatesOf(rights.length),
    quality: Float64Array.from(cells, ({ right, turn }) => Number(turn < right)),
    outputTokens: Float64Array.from(cells, ({ right }) => 100 * right),
  }
}

it('gives, in clusters far apart, what a candidate did there, drawn to what it does anywhere as if by a few outcomes more', () => {
  const rights = [
    [9, 3],
    [2, 8],
    [5, 5],
  ] as const
  const data = twoGroups(rights)
  const state = cluster.fit(data, { ...cluster.defaults, clusters: [2] }, seeded(3))
  const estimator = cluster.load(state, idsOf(data.candidates))
  const strength = state.params.qualityStrength as number
  expect(strength).toBeLessThan(16)
  for (const group of [0, 1]) {
    const { quality, outputTokens, support } = estimator.estimate(data.queries[group]!, data.candidates)
    for (const [c, right] of rights.entries()) {
      const [there, anywhere] = [right[group]! / 10, (right[0] + right[1]) / 20]
      expect(quality[c]).toBeCloseTo(anywhere + ((there - anywhere) * 300) / (300 + strength), 2)
      expect(outputTokens[c]! / (100 * right[group]!)).toBeCloseTo(1, 1)
    }
    expect(support).toBe(1)
  }
})

it('onboards by the mean in each cluster, as UniRoute does', () => {
  const known = twoGroups([
    [9, 3],
    [2, 8],
  ])
  const state = cluster.fit(known, { ...cluster.defaults, clusters: [2] }, seeded(3))
  const graded = twoGroups([[4, 7]])
  const newcomer = { ...graded, candidates: [{ ...graded.candidates[0]!, id: 'newcomer' }] }
  const ids = [...idsOf(known.candidates), 'newcomer']
  const estimator = cluster.load(cluster.onboard!(state, ids.slice(0, 2), newcomer), ids)
  const [first, second] = [0, 1].map(
    (group) => estimator.estimate(known.queries[group]!, newcomer.candidates).quality[0]!,
  )
  expect(first).toBeCloseTo(0.4, 1)
  expect(second).toBeCloseTo(0.7, 1)
})

it('learns a new candidate from 200 graded prompts and leaves the others as they are', () => {
  const data = kindsSet(600, 1)
  const fresh = kindsSet(200, 2)
  const known = columnsOf(data, 0, 3)
  const state = cluster.fit(known, cluster.defaults, seeded(3))
  const graded = columnsOf(kindsSet(200, 4), 3, 4)
  const ids = idsOf(data.candidates)
  const before = cluster.load(state, ids.slice(0, 3))
  const after = cluster.load(cluster.onboard!(state, ids.slice(0, 3), graded), ids)
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
