import { expect, it } from 'vitest'
import type { Candidate, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { candidatesOf, plantedSet, queryOf, seeded } from '../fixtures.ts'
import { difficulty } from './difficulty.ts'

testEstimator(difficulty)

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
const logOdds = (chance: number) => Math.log(chance / (1 - chance))
const idsOf = ({ candidates }: TrainingSet) => candidates.map(({ id }) => id)

/** Difficulty is 1.5 · (the first feature + the second), and nothing else; abilities are −1, 0, 1 and 2. */
function planted(rows: number, seed: number) {
  const random = seeded(seed)
  const candidates = candidatesOf(4)
  const queries = Array.from({ length: rows }, () => ({
    ...queryOf(random),
    vector: null,
    features: Float64Array.of(2 * random() - 1, 2 * random() - 1),
  }))
  const hardness = queries.map(({ features }) => 1.5 * (features[0]! + features[1]!))
  const truth = Float64Array.from(hardness.flatMap((hard) => [-1, 0, 1, 2].map((ability) => sigmoid(ability - hard))))
  const quality = truth.map((chance) => (random() < chance ? 1 : 0))
  return { queries, candidates, quality, outputTokens: truth.map(() => 50), hardness, truth }
}

const data = planted(1000, 1)
const state = difficulty.fit(data, difficulty.defaults, seeded(2))
const estimator = difficulty.load(state, idsOf(data))

it('recovers one difficulty per query, and abilities in their distance from each other', () => {
  const fresh = planted(100, 3)
  for (const [i, query] of fresh.queries.entries()) {
    const { quality } = estimator.estimate(query, data.candidates)
    for (let c = 0; c < 4; c++) expect(Math.abs(quality[c]! - fresh.truth[i * 4 + c]!)).toBeLessThan(0.06)
  }
  const typical = { ...data.queries[0]!, features: new Float64Array(2) }
  const logits = estimator.estimate(typical, data.candidates).quality.map(logOdds)
  for (let c = 1; c < 4; c++) expect(Math.abs(logits[c]! - logits[c - 1]! - 1)).toBeLessThan(0.25)
})

it('puts a stranger on the same scale: by its prior, worse on what is harder for the others', () => {
  const stranger: Candidate = { ...data.candidates[0]!, id: 'stranger', priors: { quality: 0.6 } }
  const estimates = data.queries.map((query) => estimator.estimate(query, [data.candidates[1]!, stranger]).quality)
  const mean = estimates.reduce((sum, [, own]) => sum + own!, 0) / estimates.length
  expect(mean).toBeCloseTo(0.6, 2)
  // On the logistic scale the query moves a stranger as it moves a candidate of slope 1.
  const slope = state.tensors.slope!.data[1]!
  const [first, second] = estimates
  const moved = (k: 0 | 1) => logOdds(first![k]!) - logOdds(second![k]!)
  expect(moved(1)).toBeCloseTo(moved(0) / slope, 6)
})

it('is less sure where fewer queries were like this one', () => {
  const set = plantedSet(200, seeded(4))
  const own = difficulty.load(difficulty.fit(set, difficulty.defaults, seeded(5)), idsOf(set))
  const near = { ...set.queries[0]!, features: new Float64Array(3) }
  const far = { ...near, features: Float64Array.of(0, 0, 3.5) }
  const [sure, unsure] = [near, far].map((query) => own.estimate(query, set.candidates))
  const curve = (quality: number) => quality * (1 - quality)
  // Through the curve's slope: what is near 0 or 1 anyway does not hang on a difficulty.
  expect(unsure!.qualityStd[1]! / curve(unsure!.quality[1]!)).toBeGreaterThan(
    sure!.qualityStd[1]! / curve(sure!.quality[1]!),
  )
})
