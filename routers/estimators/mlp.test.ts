import { expect, it } from 'vitest'
import type { EstimatorFamily, Query, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { encodeQueries, fitDesign } from '../design.ts'
import { candidatesOf, plantedSet, queryOf, seeded } from '../fixtures.ts'
import { linear } from './linear.ts'
import { mlp } from './mlp.ts'

/** Smaller and shorter trained than by default, for the time it takes. */
const quick: typeof mlp = { ...mlp, defaults: { ...mlp.defaults, networks: 3, hidden: 16, steps: 500 } }

testEstimator(quick)

/** Two candidates, right by turns: `first` is the chance of the first on a query, and what it lacks is the second's. */
function turns(rows: number, random: () => number, first: (query: Query) => number): TrainingSet {
  const queries = Array.from({ length: rows }, () => queryOf(random))
  const quality = queries.flatMap((query) => {
    const chance = first(query)
    return [Number(random() < chance), Number(random() < 1 - chance)]
  })
  const lengths = queries.flatMap(({ features }) => [100 * Math.exp(features[1]!), 50])
  return {
    queries,
    candidates: candidatesOf(2),
    quality: Float64Array.from(quality),
    outputTokens: Float64Array.from(lengths),
  }
}

const crossed = (query: Query) => (query.features[0]! * query.vector![0]! > 0 ? 0.9 : 0.1)

function estimates<Options extends object>(
  family: EstimatorFamily<Options>,
  data: TrainingSet,
  queries: readonly Query[],
) {
  const ids = data.candidates.map(({ id }) => id)
  const estimator = family.load(family.fit(data, family.defaults, seeded(2)), ids)
  return queries.map((query) => estimator.estimate(query, data.candidates))
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

it('finds an interaction of feature and vector that a linear model cannot', () => {
  const data = turns(1000, seeded(1), crossed)
  const { queries } = turns(200, seeded(3), crossed)
  const explained = <Options extends object>(family: EstimatorFamily<Options>) => {
    const left = estimates(family, data, queries).map(({ quality }, i) => (quality[0]! - crossed(queries[i]!)) ** 2)
    return 1 - sum(left) / sum(queries.map((query) => (crossed(query) - 0.5) ** 2))
  }
  expect(explained(linear)).toBeLessThan(0.05)
  expect(explained(mlp)).toBeGreaterThan(0.25)
})

it('predicts how long answers are where length follows from the query', () => {
  const data = turns(500, seeded(1), () => 0.5)
  const { queries } = turns(100, seeded(3), () => 0.5)
  const errors = estimates(quick, data, queries).map(({ outputTokens }, i) => {
    return (Math.log(outputTokens[0]!) - Math.log(100) - queries[i]!.features[1]!) ** 2
  })
  expect(sum(errors)).toBeLessThan(0.3 * sum(queries.map(({ features }) => features[1]! ** 2)))
})

it('finds next to nothing in labels that were shuffled', () => {
  const data = plantedSet(1000, seeded(1))
  const { queries } = plantedSet(1000, seeded(5))
  const spreadOf = (set: TrainingSet) => {
    const first = estimates(quick, set, data.queries.slice(0, 200)).map(({ quality }) => quality[0]!)
    const mean = sum(first) / first.length
    return sum(first.map((value) => (value - mean) ** 2))
  }
  expect(spreadOf({ ...data, queries })).toBeLessThan(0.05 * spreadOf(data))
})

it('is off by about what it says: two errors cover most chances', () => {
  const data = plantedSet(1000, seeded(1))
  const fresh = plantedSet(200, seeded(6))
  const [{ length: m }, covered] = [data.candidates, [] as number[]]
  for (const [i, { quality, qualityStd }] of estimates(quick, data, fresh.queries).entries()) {
    for (let c = 0; c < m; c++)
      covered.push(Number(Math.abs(quality[c]! - fresh.truth[i * m + c]!) < 2 * qualityStd[c]!))
  }
  expect(sum(covered) / covered.length).toBeGreaterThan(0.8)
})

it('is the mean of its networks, worked out unit by unit', () => {
  const { candidates, quality, outputTokens, queries } = plantedSet(200, seeded(1))
  const data = { candidates, quality, outputTokens, queries: queries.map((query) => ({ ...query, vector: null })) }
  const [{ length: m }, { networks: count, hidden }] = [candidates, quick.defaults]
  const state = quick.fit(data, quick.defaults, seeded(2))
  const estimator = quick.load(
    state,
    candidates.map(({ id }) => id),
  )
  const design = fitDesign(data.queries)
  const { networks, lengths, tokenRange } = state.tensors
  const size = networks!.shape[1]!
  for (const query of data.queries.slice(0, 10)) {
    // Without vectors a row is the features and a residual of 0.
    const row = [1, ...encodeQueries(design, [query]), 0]
    const outputs = Array.from({ length: count }, (_, k) => {
      const weights = networks!.data.subarray(k * size, (k + 1) * size)
      const layer = (from: number, units: number, inputs: readonly number[]) =>
        Array.from({ length: units }, (_, u) =>
          sum(inputs.map((input, j) => input * weights[from + u * inputs.length + j]!)),
        )
      const units = layer(0, hidden, row).map(Math.tanh)
      return layer(hidden * row.length, 2 * m, [1, ...units])
    })
    const mean = (of: (output: readonly number[]) => number) => sum(outputs.map(of)) / count
    const estimate = estimator.estimate(query, candidates)
    for (let c = 0; c < m; c++) {
      const qualityOf = (output: readonly number[]) => 1 / (1 + Math.exp(-output[c]!))
      expect(estimate.quality[c]).toBeCloseTo(mean(qualityOf), 9)
      const log = lengths!.data[c]! + lengths!.data[m + c]! * mean((output) => output[m + c]!)
      const [low, high, smear] = tokenRange!.data.subarray(3 * c, 3 * c + 3)
      const tokens = Math.exp(Math.min(high!, Math.max(low!, log))) * smear! - 1
      expect(estimate.outputTokens[c]! / tokens).toBeCloseTo(1, 9)
    }
  }
})
