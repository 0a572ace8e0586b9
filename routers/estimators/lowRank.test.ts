import { describe, expect, it } from 'vitest'
import type { EstimatorFamily, TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { encodeQueries, fitDesign } from '../design.ts'
import { candidatesOf, queryOf, seeded } from '../fixtures.ts'
import { sigmoid } from '../math.ts'
import { linear } from './linear.ts'
import { type LowRankOptions, lowRank } from './lowRank.ts'

const LINKS = ['bilinear', 'product', 'irt'] as const
const M = 12

/** Fewer settings to choose from than by default, for the time it takes. */
const quick = (link: (typeof LINKS)[number]): EstimatorFamily<LowRankOptions> => {
  const defaults = { ...lowRank.defaults, link, ranks: [1, 4], penalties: [1, 0.1, 0.03], folds: 2 }
  return { ...lowRank, name: `low-rank, ${link}`, defaults }
}

for (const link of LINKS) testEstimator(quick(link))

/** Outcomes of twelve candidates whose logits differ along two directions of the vector. */
function planted(rows: number, seed: number): TrainingSet & { readonly truth: Float64Array } {
  const character = seeded(1)
  const who = Array.from({ length: M }, () => [character() - 0.5, 3 * (character() - 0.5), 3 * (character() - 0.5)])
  const random = seeded(seed)
  const queries = Array.from({ length: rows }, () => queryOf(random))
  const truth = Float64Array.from({ length: rows * M }, (_, at) => {
    const vector = queries[Math.floor(at / M)]!.vector!
    const [level, first, second] = who[at % M]!
    return sigmoid(level! + 4 * first! * vector[0]! + 4 * second! * vector[1]!)
  })
  return {
    queries,
    candidates: candidatesOf(M),
    truth,
    quality: truth.map((chance) => (random() < chance ? 1 : 0)),
    outputTokens: truth.map(() => 100),
  }
}

const fresh = planted(200, 2)

/** Predicted qualities of the fresh queries, [rows, M]. */
function predict<Options extends object>(family: EstimatorFamily<Options>, data: TrainingSet): number[] {
  const ids = data.candidates.map(({ id }) => id)
  const estimator = family.load(family.fit(data, family.defaults, seeded(3)), ids)
  return fresh.queries.flatMap((query) => [...estimator.estimate(query, data.candidates).quality])
}

const meanSquare = (values: number[]) => values.reduce((sum, value) => sum + value * value, 0) / values.length
const error = (predictions: number[]) => meanSquare(predictions.map((value, at) => value - fresh.truth[at]!))

describe.each(LINKS)('with the link %s', (link) => {
  it('learns from 100 graded queries what a regression per candidate needs more for', () => {
    const data = planted(100, 4)
    expect(error(predict(quick(link), data))).toBeLessThan(0.75 * error(predict(linear, data)))
  })
})

it.each(LINKS)('gives the chances that the papers write, with the link %s', (link) => {
  const data = planted(60, 4)
  const family = quick(link)
  const state = family.fit(data, family.defaults, seeded(3))
  const estimator = family.load(
    state,
    data.candidates.map(({ id }) => id),
  )
  const design = fitDesign(data.queries)
  const tensor = (name: string) => Array.from(state.tensors[name]!.data)
  const [projection, offset, vectors, level] = ['projection', 'offset', 'vectors', 'level'].map(tensor)
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, j) => sum + value * b[j]!, 0)
  for (const query of fresh.queries.slice(0, 10)) {
    const row = [...encodeQueries(design, [query])]
    const factors = offset!.map((own, a) => own + dot(projection!.slice(a * row.length, (a + 1) * row.length), row))
    const { quality } = estimator.estimate(query, data.candidates)
    for (let c = 0; c < M; c++) {
      const own = vectors!.slice(c * offset!.length, (c + 1) * offset!.length)
      // Positive discriminations, and a difficulty.
      const irt = () =>
        dot(
          own,
          factors.map((value) => Math.log(1 + Math.exp(value))),
        ) - dot(tensor('difficulty'), row)
      const logit = (link === 'bilinear' ? level![c]! : level![0]!) + (link === 'irt' ? irt() : dot(own, factors))
      expect(quality[c]).toBeCloseTo(1 / (1 + Math.exp(-logit)), 9)
    }
  }
})

it('tells candidates apart by what it saw of others: half of the outcomes are not known', () => {
  const data = planted(200, 4)
  const random = seeded(6)
  const sparse = { ...data, quality: data.quality.map((value) => (random() < 0.5 ? Number.NaN : value)) }
  expect(error(predict(quick('bilinear'), sparse))).toBeLessThan(0.75 * error(predict(linear, sparse)))
})

it('refuses a state of a link that there is not', () => {
  const data = planted(20, 4)
  const state = lowRank.fit(data, quick('irt').defaults, seeded(3))
  const ids = data.candidates.map(({ id }) => id)
  expect(() => lowRank.load({ ...state, params: { ...state.params, link: 'x' } }, ids)).toThrow(
    /bilinear, product, irt/,
  )
})
