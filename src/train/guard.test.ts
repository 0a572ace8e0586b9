import { describe, expect, it } from 'vitest'
import { constant } from '../../routers/estimators/constant.ts'
import { linear } from '../../routers/estimators/linear.ts'
import { utility } from '../../routers/planners/utility.ts'
import type { EstimatorFamily, Query, TrainingSet } from '../spec.ts'
import { recordedCandidate } from './fixtures.ts'
import { fitGuard } from './guard.ts'
import { mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom } from './random.ts'

const ids = ['a', 'b', 'c']
const candidates = ids.map(recordedCandidate)

/** `quality[i]` are the outcomes of query i, `sign[i]` is what its features tell. */
function world(quality: readonly (readonly number[])[], sign: readonly number[] = quality.map(() => 0)) {
  const set: OutcomeSet = {
    name: 'world',
    queries: quality.map((_, i) => ({ id: `q${i}`, task: '', split: 'train', prompt: `prompt ${i}` })),
    candidates,
    quality: Float64Array.from(quality.flat()),
    costUsd: new Float64Array(quality.length * 3).fill(1e-4),
    inputTokens: new Float64Array(quality.length * 3).fill(10),
    outputTokens: new Float64Array(quality.length * 3).fill(100),
    latencyMs: new Float64Array(quality.length * 3).fill(Number.NaN),
    duplicates: [],
    sha256: 'a'.repeat(64),
  }
  const queries = sign.map(
    (value, i): Query => ({
      text: `prompt ${i}`,
      vector: null,
      features: Float64Array.of(value),
      inputTokens: 10,
      requires: new Set(),
    }),
  )
  return { set, queries }
}

/** Outcomes drawn with these chances. */
const draw = (count: number, seed: number, chances: (sign: number) => readonly number[]) => {
  const random = createRandom(seed)
  const sign = Array.from({ length: count }, () => (random() < 0.5 ? -1 : 1))
  return { sign, quality: sign.map((value) => chances(value).map((chance) => (random() < chance ? 1 : 0))) }
}
const noise = () => [0.5, 0.6, 0.4]
const planted = (sign: number) => [0.5 + 0.3 * sign, 0.5 - 0.3 * sign, 0.5]

/** Knows the outcomes, and tells them `times` as far from the means of the queries it was fitted on as they are. */
function oracle(
  set: OutcomeSet,
  queries: readonly Query[],
  { times, support = 1 }: { times: number; support?: number },
) {
  const truthOf = new Map(queries.map((query, i) => [query, set.quality.subarray(3 * i, 3 * i + 3)]))
  const family: EstimatorFamily = {
    name: 'oracle',
    version: 1,
    defaults: {},
    fit: (data: TrainingSet) => ({
      params: { means: ids.map((_, c) => mean(data.quality.filter((_value, at) => at % 3 === c))) },
      tensors: {},
    }),
    load: ({ params }) => ({
      name: 'oracle',
      estimate: (query) => ({
        quality: truthOf.get(query)!.map((value, c) => {
          const known = Number(Array.isArray(params.means) ? params.means[c] : Number.NaN)
          return known + times * (value - known)
        }),
        qualityStd: new Float64Array(3),
        outputTokens: new Float64Array(3).fill(100),
        support,
      }),
    }),
  }
  return family
}

function guardOf<Options extends object>(
  { set, queries }: ReturnType<typeof world>,
  family: EstimatorFamily<Options>,
  seed = 1,
) {
  const rows = set.queries.map((_, row) => row)
  const judge = utility.load({})
  return fitGuard(set, rows, queries, { family, options: family.defaults, judge, folds: 5, random: createRandom(seed) })
    .guard
}

describe('the factor', () => {
  const { quality, sign } = draw(60, 1, noise)
  const known = world(quality, sign)
  const factorFor = (times: number, support = 1) =>
    guardOf(known, oracle(known.set, known.queries, { times, support })).shrink

  it('is what makes the predictions true: the whole of true ones, half of those twice too large', () => {
    expect(factorFor(1)).toBeCloseTo(1, 12)
    expect(factorFor(2)).toBeCloseTo(0.5, 12)
    expect(factorFor(5)).toBeCloseTo(0.2, 12)
  })

  it('is at most 1, and 0 for predictions that go the wrong way', () => {
    expect(factorFor(0.5)).toBe(1)
    expect(factorFor(-1)).toBe(0)
  })

  it('counts predictions as far as their support would let them through', () => {
    expect(factorFor(4, 0.5)).toBeCloseTo(0.5, 12)
    expect(factorFor(1, 0)).toBe(0)
  })

  it('is the lower bound of the slope: with the same predictions, fewer rows are believed less', () => {
    const factors = [40, 160, 640].map((count) => {
      const drawn = draw(count, 3, planted)
      return guardOf(world(drawn.quality, drawn.sign), linear).shrink
    })
    expect(factors[0]).toBeGreaterThan(0)
    expect(factors[1]).toBeGreaterThan(factors[0]!)
    expect(factors[2]).toBeGreaterThan(factors[1]!)
    expect(factors[2]).toBeLessThan(1)
  })
})

describe('the constant', () => {
  it('serves where predictions shrink the candidates’ means and tell queries not apart', () => {
    const { quality } = draw(200, 4, () => [0.9, 0.5, 0.1])
    const { shrink, evidence } = guardOf(world(quality), { ...constant, defaults: { pseudoCount: 50 } })
    expect(shrink).toBe(0)
    expect(evidence.slopes).toMatchObject({ withinFolds: { slope: 0, error: null } })
  })

  it('serves in nearly all samples without a relation between query and outcome', () => {
    const served = Array.from({ length: 60 }, (_, seed) => {
      const { quality, sign } = draw(80, 100 + seed, noise)
      return guardOf(world(quality, sign), linear, seed).shrink
    }).filter((shrink) => shrink > 0)
    // At most 5 % are to be expected; 1 to 5 of 60 are.
    expect(served.length).toBeLessThanOrEqual(5)
  })

  it('serves in no sample with a strong one', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { quality, sign } = draw(80, 200 + seed, planted)
      expect(guardOf(world(quality, sign), linear, seed).shrink).toBeGreaterThan(0.3)
    }
  })

  it('is not left for one prompt that was asked again and again', () => {
    const { quality, sign } = draw(40, 5, planted)
    const { set, queries } = world(quality, sign)
    const once = { ...set, queries: set.queries.map((query) => ({ ...query, prompt: 'the same' })) }
    expect(guardOf({ set, queries }, linear).shrink).toBeGreaterThan(0)
    expect(guardOf({ set: once, queries }, linear).shrink).toBe(0)
  })
})

it('keeps what the held-out decisions gained as evidence, at every λ', () => {
  const { quality, sign } = draw(200, 6, planted)
  const { evidence } = guardOf(world(quality, sign), linear)
  expect(evidence).toMatchObject({ rows: 200, folds: 5 })
  expect(evidence.perLambda).toHaveLength(Array.isArray(evidence.lambdas) ? evidence.lambdas.length : 0)
  // The sign tells which of two candidates has 0.8 and which 0.2; always asking one earns 0.5.
  expect(evidence.gain).toBeGreaterThan(0.4)
})
