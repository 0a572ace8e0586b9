import { expect, it } from 'vitest'
import type { EstimatorFamily, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { plantedSet, seeded } from '../fixtures.ts'
import { differenceLoss } from '../loss.ts'
import { loadMeans } from '../means.ts'
import { constant } from './constant.ts'
import { knn } from './knn.ts'
import { linear } from './linear.ts'
import { createStack, type StackOptions } from './stack.ts'

/** What a stack of these is made of costs less than the default. */
function stackOf(families: readonly EstimatorFamily[]): EstimatorFamily<StackOptions> {
  const stack = createStack(families)
  return { ...stack, defaults: { ...stack.defaults, members: families.map(({ name }) => name), folds: 2 } }
}

testEstimator(stackOf([linear, knn]))

const data = plantedSet(400, seeded(1))
const fresh = plantedSet(400, seeded(2))
const { candidates } = data
const ids = candidates.map(({ id }) => id)
const m = candidates.length

interface Held {
  readonly name: string
  readonly weight: number
}

function train(families: readonly EstimatorFamily[], set: TrainingSet = data) {
  const stack = stackOf(families)
  const state = stack.fit(set, stack.defaults, seeded(3))
  const held = state.params.members as unknown as readonly Held[]
  return {
    state,
    estimator: stack.load(state, ids),
    weightOf: (name: string) => held.find((one) => one.name === name)?.weight ?? 0,
  }
}

/** Predicts the true chances of `data` and `fresh`, moved by `error` of the query's row and the candidate's column. */
function oracle(name: string, error: (row: number, column: number) => number): EstimatorFamily {
  const rowOf = new Map([...data.queries, ...fresh.queries].map((query, row) => [query, row]))
  const truth = Float64Array.of(...data.truth, ...fresh.truth)
  return {
    ...constant,
    name,
    load(state, trained) {
      const estimator = constant.load(state, trained)
      return {
        name,
        estimate(query, live) {
          const row = rowOf.get(query)!
          const estimate = estimator.estimate(query, live)
          return { ...estimate, quality: estimate.quality.map((_, c) => truth[row * m + c]! + error(row, c)) }
        },
      }
    },
  }
}

it('weighs members by what they say of differences, blind to what all candidates share', () => {
  const random = seeded(4)
  const noise = Float64Array.from({ length: 800 * m }, () => random() - 0.5)
  const shifted = oracle('shifted', (row) => noise[row]!)
  const noisy = oracle('noisy', (row, c) => noise[row * m + c]!)
  const { weightOf } = train([noisy, shifted, constant])
  expect(weightOf('shifted')).toBeGreaterThan(0.9)
  expect(weightOf('shifted')).toBeLessThan(1.1)
  expect(weightOf('noisy')).toBeLessThan(0.1)
})

it('averages members whose errors have nothing to do with each other, and so errs less than the better one', () => {
  const random = seeded(5)
  const noises = [0, 1].map(() => Float64Array.from({ length: 800 * m }, () => 0.6 * (random() - 0.5)))
  const members = noises.map((noise, k) => oracle(`member ${k}`, (row, c) => noise[row * m + c]!))
  const { weightOf, estimator } = train(members)
  expect(weightOf('member 0') / weightOf('member 1')).toBeCloseTo(1, 0)
  const errorOf = (predict: (i: number) => Float64Array) =>
    fresh.queries.reduce((sum, _, i) => sum + differenceLoss(fresh.truth.subarray(i * m, (i + 1) * m), predict(i)), 0)
  const alone = members.map((family) => {
    const member = family.load(family.fit(data, family.defaults, seeded(6)), ids)
    return errorOf((i) => member.estimate(fresh.queries[i]!, candidates).quality)
  })
  expect(errorOf((i) => estimator.estimate(fresh.queries[i]!, candidates).quality)).toBeLessThan(
    0.7 * Math.min(...alone),
  )
})

it('says what its members say, by their weights and shares', () => {
  const { state, estimator, weightOf } = train([linear, knn])
  const members = [linear, knn].map((family) => {
    const entries = Object.entries(state.tensors).filter(([name]) => name.startsWith(`${family.name}.`))
    const tensors = Object.fromEntries(entries.map(([name, tensor]) => [name.slice(family.name.length + 1), tensor]))
    const held = state.params.members as unknown as readonly { name: string; params: Record<string, never> }[]
    const { params } = held.find(({ name }) => name === family.name)!
    return { weight: weightOf(family.name), estimator: family.load({ params, tensors }, ids) }
  })
  const base = loadMeans(state, ids).estimate(candidates)
  const total = members.reduce((sum, { weight }) => sum + weight, 0)
  for (const query of fresh.queries.slice(0, 20)) {
    const parts = members.map((member) => ({ weight: member.weight, ...member.estimator.estimate(query, candidates) }))
    const estimate = estimator.estimate(query, candidates)
    for (let c = 0; c < m; c++) {
      const mean = base.quality[c]!
      const quality = parts.reduce((sum, part) => sum + part.weight * (part.quality[c]! - mean), mean)
      expect(estimate.quality[c]).toBeCloseTo(Math.min(1, Math.max(0, quality)), 10)
      const tokens = parts.reduce((sum, part) => sum + (part.weight / total) * part.outputTokens[c]!, 0)
      expect(estimate.outputTokens[c]).toBeCloseTo(tokens, 8)
    }
    expect(estimate.support).toBeCloseTo(
      parts.reduce((sum, part) => sum + (part.weight / total) * part.support, 0),
      10,
    )
  }
})

it('finds next to nothing in labels that were shuffled', () => {
  const spreadOf = (set: TrainingSet) => {
    const { estimator } = train([linear, knn], set)
    const first = fresh.queries.map((query) => estimator.estimate(query, candidates).quality[0]!)
    const mean = first.reduce((sum, value) => sum + value, 0) / first.length
    return first.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  }
  expect(spreadOf({ ...data, queries: fresh.queries })).toBeLessThan(0.05 * spreadOf(data))
})

it('does not blow up a member that says next to nothing', () => {
  // Chance agrees with the outcomes a little: the least squares of a whisper make it shout.
  const random = seeded(11)
  const whisper = oracle('whisper', (row, column) => {
    const truth = row < 400 ? data.truth[row * m + column]! : fresh.truth[(row - 400) * m + column]!
    return 0.5 - truth + 1e-6 * (random() - 0.5)
  })
  const { estimator, weightOf } = train([whisper])
  expect(weightOf('whisper')).toBeLessThan(0.01)
  const spread = fresh.queries.map((query) => estimator.estimate(query, candidates).quality[0]!)
  expect(Math.max(...spread) - Math.min(...spread)).toBeLessThan(0.01)
})

it('refuses a member that there is not, and a state of another version', () => {
  const stack = createStack([constant, linear])
  expect(() => stack.fit(data, { ...stack.defaults, members: ['stack'] }, seeded(1))).toThrow(/constant, linear/)
  const { state } = train([linear])
  const newer = createStack([{ ...linear, version: 99 }])
  expect(() => newer.load(state, ids)).toThrow(/another version/)
  expect(() => newer.load({ ...state, params: { members: [{ name: 'linear' }] } }, ids)).toThrow(/damaged/)
})
