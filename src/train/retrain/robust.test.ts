import { expect, it } from 'vitest'
import { findEstimator } from '../../../routers/index.ts'
import type { Candidate, EstimatorFamily, Query, TrainingSet } from '../../spec.ts'
import { createRandom } from '../random.ts'
import { robust } from './robust.ts'

const candidates: Candidate[] = ['a', 'b'].map((id) => ({
  id,
  provider: 'p',
  model: id,
  wire: 'openai',
  price: null,
  contextWindow: 1000,
  capabilities: new Set(),
  tags: [],
}))
const query = (features: readonly number[]): Query => ({
  text: '',
  vector: null,
  features: Float64Array.from(features),
  inputTokens: 10,
  requires: new Set(),
})

/** Predicts 0.5 of everybody and keeps what it was given. */
function recording(seen: TrainingSet[]): EstimatorFamily {
  return {
    name: 'half',
    version: 1,
    defaults: {},
    fit: (data) => {
      seen.push(data)
      return { params: {}, tensors: {} }
    },
    load: () => ({
      name: 'half',
      estimate: (_, pool) => ({
        quality: new Float64Array(pool.length).fill(0.5),
        qualityStd: new Float64Array(pool.length),
        outputTokens: new Float64Array(pool.length),
        support: 1,
      }),
    }),
  }
}

it('makes targets of one outcome a row, as computed by hand, from fits on other rows', () => {
  const seen: TrainingSet[] = []
  const data: TrainingSet = {
    queries: Array.from({ length: 5 }, (_, i) => query([i])),
    candidates,
    quality: Float64Array.from([1, Number.NaN, 0, Number.NaN, Number.NaN, 1, Number.NaN, 0, 1, Number.NaN]),
    outputTokens: new Float64Array(10),
    chances: Float64Array.from([0.5, 0.5, 0.8, 0.2, 0.9, 0.1, 0.99, 0.01, 1, 0]),
  }
  const family = robust(recording(seen))
  family.fit(data, {}, createRandom(1))
  expect(seen.slice(0, 5).map(({ queries }) => queries.length)).toEqual([4, 4, 4, 4, 4])
  const asked = seen.slice(0, 5).flatMap(({ queries }) => queries.map(({ features }) => features[0]!))
  expect(asked.toSorted()).toEqual([0, 1, 2, 3, 4].flatMap((i) => [i, i, i, i]))
  expect(seen.slice(0, 5).every(({ chances }) => chances === undefined)).toBe(true)
  // 0.5 + (1 − 0.5) / 0.5, 0.5 − 0.5 / 0.8, 0.5 + 0.5 / 0.1, 0.5 − 0.5 · 20 for the chance of 1 %, 0.5 + 0.5 / 1.
  expect([...seen[5]!.quality].map((value) => Number(value.toFixed(6)))).toEqual([
    1.5, 0.5, -0.125, 0.5, 0.5, 5.5, 0.5, -9.5, 1, 0.5,
  ])
})

it('changes nothing where no chances are known', () => {
  const seen: TrainingSet[] = []
  const data: TrainingSet = {
    queries: Array.from({ length: 6 }, (_, i) => query([i])),
    candidates,
    quality: new Float64Array(12),
    outputTokens: new Float64Array(12),
  }
  robust(recording(seen)).fit(data, {}, createRandom(1))
  expect(seen).toEqual([data])
})

it('learns who is better though the better one was asked what is harder', () => {
  const random = createRandom(5)
  const rows = Array.from({ length: 3000 }, () => {
    // Hardness is seen by who logs and not by who learns.
    const hard = random() < 0.5
    const chances = hard ? [0.1, 0.9] : [0.9, 0.1]
    const arm = random() < chances[0]! ? 0 : 1
    const right = random() < (hard ? 0.2 : 0.8) + (arm === 1 ? 0.1 : 0)
    return { chances, arm, quality: right ? 1 : 0 }
  })
  const data: TrainingSet = {
    queries: rows.map(() => query([random()])),
    candidates,
    quality: Float64Array.from(
      rows.flatMap(({ arm, quality }) => [0, 1].map((one) => (one === arm ? quality : Number.NaN))),
    ),
    outputTokens: new Float64Array(rows.length * 2).fill(10),
    chances: Float64Array.from(rows.flatMap(({ chances }) => chances)),
  }
  const linear = findEstimator('linear')
  const differenceOf = (family: typeof linear) => {
    const estimator = family.load(family.fit(data, family.defaults, createRandom(1)), ['a', 'b'])
    const { quality } = estimator.estimate(query([0.5]), candidates)
    return quality[1]! - quality[0]!
  }
  expect(differenceOf(linear)).toBeLessThan(-0.3)
  expect(Math.abs(differenceOf(robust(linear)) - 0.1)).toBeLessThan(0.08)
})
