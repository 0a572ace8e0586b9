import { describe, expect, it } from 'vitest'
import { testEstimator } from '../contract.ts'
import { encodeQueries, fitDesign } from '../design.ts'
import { KIND_CHANCES, kindsSet, plantedSet, seeded } from '../fixtures.ts'
import { readNumber } from '../state.ts'
import { knn } from './knn.ts'

testEstimator(knn)

describe('the neighbours', () => {
  it('are weighed by the tilt of their similarity, and drawn to the mean by the shrinkage', () => {
    const [n, k] = [80, 20]
    const data = plantedSet(n, seeded(1))
    const fresh = plantedSet(10, seeded(2)).queries
    const { candidates } = data
    const m = candidates.length
    const state = knn.fit(data, { ...knn.defaults, k }, seeded(3))
    const estimator = knn.load(
      state,
      candidates.map(({ id }) => id),
    )
    const [w, tilt, shrinkage] = ['featureWeight', 'tilt', 'shrinkage'].map((name) => readNumber(state, name))

    const design = fitDesign(data.queries)
    const rows = encodeQueries(design, [...data.queries, ...fresh])
    const gap = (a: number, b: number, from: number, to: number) => {
      const row = (i: number) => rows.subarray(i * design.width + from, i * design.width + to)
      return row(a).reduce((sum, value, j) => sum + (value - row(b)[j]!) ** 2, 0)
    }
    for (const [t, query] of fresh.entries()) {
      const nearest = Array.from({ length: n }, (_, row) => {
        const [look, meaning] = [gap(n + t, row, 0, design.features), gap(n + t, row, design.features, design.width)]
        return { row, similarity: 1 - (w! * look + (1 - w!) * meaning) / 2 }
      })
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, k)
      const weights = nearest.map(({ similarity }) => Math.exp(tilt! * similarity))
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
      // So many rows of equal weight would be worth as much (Kish).
      const count = sum(weights) ** 2 / sum(weights.map((weight) => weight ** 2))
      const blend = (outcomes: Float64Array, c: number, mean: number) => {
        const local = sum(nearest.map(({ row }, r) => weights[r]! * outcomes[row * m + c]!)) / sum(weights)
        return (count * local + shrinkage! * mean) / (count + shrinkage!)
      }
      const estimate = estimator.estimate(query, candidates)
      for (let c = 0; c < m; c++) {
        const [quality, , tokens] = [0, 1, 2].map((table) => state.tensors.means!.data[table * m + c]!)
        expect(estimate.quality[c]).toBeCloseTo(blend(data.quality, c, quality!), 4)
        expect(estimate.outputTokens[c]! / blend(data.outputTokens, c, tokens!)).toBeCloseTo(1, 4)
      }
      expect(estimate.neighbours!.map(({ row }) => row)).toEqual(nearest.slice(0, 10).map(({ row }) => row))
      for (const [r, { similarity }] of estimate.neighbours!.entries())
        expect(similarity).toBeCloseTo(nearest[r]!.similarity, 4)
    }
  })

  it('are of the query’s own kind, and so tell who is best at it', () => {
    const [data, fresh] = [kindsSet(600, 1), kindsSet(200, 2)]
    const estimator = knn.load(
      knn.fit(data, knn.defaults, seeded(3)),
      data.candidates.map(({ id }) => id),
    )
    const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))
    const estimates = fresh.queries.map((query) => estimator.estimate(query, data.candidates))
    const right = estimates.filter(({ quality }, i) => best(quality) === best(KIND_CHANCES[fresh.kind[i]!]!))
    expect(right.length / 200).toBeGreaterThan(0.85)
    const neighbours = estimates.flatMap((one, i) => one.neighbours!.map(({ row }) => data.kind[row] === fresh.kind[i]))
    expect(neighbours.filter(Boolean).length / neighbours.length).toBeGreaterThan(0.9)
  })
})
