import { inverse, Matrix } from 'ml-matrix'
import { expect, it } from 'vitest'
import type { EstimatorFamily, Query, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { encodeQueries, fitDesign } from '../design.ts'
import { candidatesOf, plantedSet, queryOf, seeded } from '../fixtures.ts'
import { kernel } from './kernel.ts'
import { linear } from './linear.ts'

testEstimator(kernel)

it('is kernel ridge regression when every row is a landmark, in its mean and its error', () => {
  const [n, fresh] = [40, 10]
  const data = plantedSet(n, seeded(1))
  const { candidates } = data
  const m = candidates.length
  const queries = [...data.queries, ...plantedSet(fresh, seeded(2)).queries]
  const state = kernel.fit(data, { ...kernel.defaults, bandwidths: [1] }, seeded(3))
  const estimator = kernel.load(
    state,
    candidates.map(({ id }) => id),
  )

  const design = fitDesign(data.queries)
  const x = encodeQueries(design, queries)
  const gaussian = (i: number, k: number, from: number, to: number) => {
    let squares = 0
    for (let j = from; j < to; j++) squares += (x[i * design.width + j]! - x[k * design.width + j]!) ** 2
    return Math.exp(-squares / 2)
  }
  const whole = new Matrix(n + fresh, n + fresh)
  for (let i = 0; i < n + fresh; i++) {
    for (let k = 0; k < n + fresh; k++) {
      const [f, v] = [gaussian(i, k, 0, design.features), gaussian(i, k, design.features, design.width)]
      whole.set(i, k, (f + v + f * v) / 3)
    }
  }
  // Kernel of functions less their mean over the training rows.
  const centring = Matrix.eye(n + fresh)
  for (let i = 0; i < n + fresh; i++) for (let k = 0; k < n; k++) centring.set(i, k, centring.get(i, k) - 1 / n)
  const centred = centring.mmul(whole).mmul(centring.transpose())
  const penalty = state.params.leveragePenalty as number
  const solved = inverse(centred.subMatrix(0, n - 1, 0, n - 1).add(Matrix.eye(n).mul(penalty)))
  const y = new Matrix(n, m)
  for (let i = 0; i < n; i++) for (let c = 0; c < m; c++) y.set(i, c, data.quality[i * m + c]!)
  const means = y.mean('column')

  for (let t = n; t < n + fresh; t++) {
    const estimate = estimator.estimate(queries[t]!, candidates)
    const k = centred.subMatrix(t, t, 0, n - 1)
    const learned = k.mmul(solved).mmul(y.clone().subRowVector(means))
    const left = centred.get(t, t) - k.mmul(solved).mmul(k.transpose()).get(0, 0)
    for (let c = 0; c < m; c++) {
      const expected = Math.min(1, Math.max(0, means[c]! + learned.get(0, c)))
      expect(estimate.quality[c]).toBeCloseTo(expected, 4)
      const error = state.tensors.residualStd!.data[c]! * Math.sqrt(1 / n + left / penalty)
      expect(estimate.qualityStd[c]).toBeCloseTo(error, 4)
    }
  }
})

/** Two candidates, right by turns: `first` is the chance of the first on a query, and what it lacks is the second's. */
function turns(rows: number, random: () => number, first: (query: Query) => number): TrainingSet {
  const queries = Array.from({ length: rows }, () => queryOf(random))
  const quality = queries.flatMap((query) => {
    const chance = first(query)
    return [Number(random() < chance), Number(random() < 1 - chance)]
  })
  return {
    queries,
    candidates: candidatesOf(2),
    quality: Float64Array.from(quality),
    outputTokens: new Float64Array(2 * rows).fill(100),
  }
}

/** Share of the variance of `first` that an estimator trained on 1,000 rows predicts on 200 others. */
function explained<Options extends object>(family: EstimatorFamily<Options>, first: (query: Query) => number): number {
  const data = turns(1000, seeded(1), first)
  const ids = data.candidates.map(({ id }) => id)
  const estimator = family.load(family.fit(data, family.defaults, seeded(2)), ids)
  const { queries } = turns(200, seeded(3), first)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const left = queries.map((query) => (estimator.estimate(query, data.candidates).quality[0]! - first(query)) ** 2)
  return 1 - sum(left) / sum(queries.map((query) => (first(query) - 0.5) ** 2))
}

it('finds an interaction of feature and vector that a linear model cannot', () => {
  const crossed = (query: Query) => (query.features[0]! * query.vector![0]! > 0 ? 0.9 : 0.1)
  expect(explained(linear, crossed)).toBeLessThan(0.05)
  expect(explained(kernel, crossed)).toBeGreaterThan(0.25)
})

it('finds next to nothing in labels that were shuffled', () => {
  const data = plantedSet(1000, seeded(1))
  const m = data.candidates.length
  const order = Array.from(data.queries, () => 0)
  const random = seeded(4)
  for (const i of order.keys()) {
    const j = Math.floor(random() * (i + 1))
    order[i] = order[j]!
    order[j] = i
  }
  const quality = Float64Array.from(data.quality, (_, at) => data.quality[order[Math.floor(at / m)]! * m + (at % m)]!)
  const ids = data.candidates.map(({ id }) => id)
  const spreadOf = (set: TrainingSet) => {
    const estimator = kernel.load(kernel.fit(set, kernel.defaults, seeded(2)), ids)
    const estimates = data.queries.slice(0, 200).map((query) => estimator.estimate(query, data.candidates).quality)
    const mean = estimates.reduce((sum, [first]) => sum + first!, 0) / estimates.length
    return estimates.reduce((sum, [first]) => sum + (first! - mean) ** 2, 0)
  }
  expect(spreadOf({ ...data, quality })).toBeLessThan(0.05 * spreadOf(data))
})
