import { inverse, Matrix } from 'ml-matrix'
import { expect, it } from 'vitest'
import type { TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { encodeQueries, fitDesign } from '../design.ts'
import { candidatesOf, plantedSet, queryOf, seeded } from '../fixtures.ts'
import { linear } from './linear.ts'

testEstimator(linear)

const idsOf = ({ candidates }: TrainingSet) => candidates.map(({ id }) => id)

it('is ridge regression per candidate, in its mean, its error and its lengths', () => {
  const [n, data, fresh] = [60, plantedSet(60, seeded(1)), plantedSet(20, seeded(2)).queries]
  const m = data.candidates.length
  const state = linear.fit(data, linear.defaults, seeded(3))
  const estimator = linear.load(state, idsOf(data))

  const design = fitDesign(data.queries)
  const rows = (queries: typeof fresh) =>
    Matrix.from1DArray(queries.length, design.width, encodeQueries(design, queries))
  const x = rows(data.queries)
  const gram = x.transpose().mmul(x)
  const solve = (penalty: number) => inverse(Matrix.eye(design.width).mul(penalty).add(gram))
  const matrixOf = (values: ArrayLike<number>) => Matrix.from1DArray(n, m, Array.from(values))
  /** Predictions of all rows, their squared errors over the degrees of freedom left, and generalised cross-validation. */
  const regress = (y: Matrix, penalty: number, at: Matrix) => {
    const means = y.mean('column')
    const heads = solve(penalty).mmul(x.transpose()).mmul(y.clone().subRowVector(means))
    const left = y.clone().sub(x.mmul(heads).addRowVector(means))
    const freedom = n - 1 - x.mmul(solve(penalty)).mmul(x.transpose()).trace()
    const squares = means.map((_, c) => left.getColumn(c).reduce((sum, value) => sum + value ** 2, 0))
    return {
      predicted: at.mmul(heads).addRowVector(means),
      left,
      noise: squares.map((sum) => sum / freedom),
      loss: squares.reduce((sum, value) => sum + (n * n * value) / freedom ** 2, 0),
    }
  }
  const at = rows(fresh)
  const quality = matrixOf(data.quality)
  const penalty = state.params.leveragePenalty as number
  const best = regress(quality, penalty, at)
  for (const other of [penalty / Math.sqrt(10), penalty * Math.sqrt(10)])
    expect(regress(quality, other, at).loss).toBeGreaterThan(best.loss)
  const logs = matrixOf(data.outputTokens.map(Math.log1p))
  // Lengths have nothing to do with these queries: the largest penalty.
  const lengths = regress(logs, 1e5, at)

  for (const [i, query] of fresh.entries()) {
    const estimate = estimator.estimate(query, data.candidates)
    const row = at.getRowVector(i)
    const leverage = 1 / n + row.mmul(solve(penalty)).mmul(row.transpose()).get(0, 0)
    for (let c = 0; c < m; c++) {
      expect(estimate.quality[c]).toBeCloseTo(Math.min(1, Math.max(0, best.predicted.get(i, c))), 8)
      expect(estimate.qualityStd[c]).toBeCloseTo(Math.sqrt(best.noise[c]! * leverage), 4)
      const smear = lengths.left.getColumn(c).reduce((sum, value) => sum + Math.exp(value), 0) / n
      expect(estimate.outputTokens[c]).toBeCloseTo(Math.exp(lengths.predicted.get(i, c)) * smear - 1, 4)
    }
  }
})

it('recovers qualities and lengths that are linear in the query, whichever outcomes are known', () => {
  const random = seeded(4)
  const worth = ({ features, vector }: ReturnType<typeof queryOf>, c: number) =>
    0.5 + 0.05 * (c - 1) * features[0]! + 0.1 * (c === 1 ? 1 : -1) * vector![1]!
  const tokens = ({ features }: ReturnType<typeof queryOf>, c: number) => 100 * (1 + c) * Math.exp(0.3 * features[1]!)
  const candidates = candidatesOf(3)
  const queries = Array.from({ length: 400 }, () => queryOf(random))
  const cells = queries.flatMap((query) => candidates.map((_, c) => ({ query, c, known: random() < 0.7 })))
  const data = {
    queries,
    candidates,
    quality: Float64Array.from(cells, ({ query, c, known }) => (known ? worth(query, c) : Number.NaN)),
    outputTokens: Float64Array.from(cells, ({ query, c }) => tokens(query, c)),
  }
  const estimator = linear.load(linear.fit(data, linear.defaults, seeded(5)), idsOf(data))
  for (let i = 0; i < 50; i++) {
    const query = queryOf(random)
    const estimate = estimator.estimate(query, candidates)
    for (let c = 0; c < 3; c++) {
      expect(Math.abs(estimate.quality[c]! - worth(query, c))).toBeLessThan(0.01)
      expect(estimate.outputTokens[c]! / tokens(query, c)).toBeGreaterThan(0.9)
      expect(estimate.outputTokens[c]! / tokens(query, c)).toBeLessThan(1.1)
    }
  }
})
