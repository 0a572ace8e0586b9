/** What every candidate would have got on every logged request, as a model expects it that has not seen the request. */
import type { Candidate, EstimatorFamily, Query } from '../../spec.ts'
import { createRandom, shuffle } from '../random.ts'
import { costOf, type LoggedRequest, type Metric, measure } from './request.ts'

export interface ModelOptions {
  /** Fitted on one known outcome per request. */
  readonly family: EstimatorFamily
  readonly folds?: number
  /** Of the folds, and of what is random in a fit. */
  readonly seed?: number
}

/** By request, what each of its candidates is expected to get. */
export type Expected = (request: number, metric: Metric) => Float64Array

/**
 * Cross-fitted (Chernozhukov et al. 2018, arXiv 1608.00060): each fold is predicted by a fit on the others, and what was asked again is in one fold. Quality and cost have
 * a fit each; cost is scaled to [0, 1], where estimators predict. The model sees features alone: with vectors the fits took
 * some fifty times as long, and all that a better model buys is a narrower interval.
 * @param clusters by request, from 0
 */
export function crossFit(
  requests: readonly LoggedRequest[],
  clusters: Int32Array,
  { family, folds = 3, seed = 1 }: ModelOptions,
): Expected {
  const dearest = requests.reduce((most, request) => Math.max(most, request.outcome.costUsd ?? 0), 0)
  const random = createRandom(seed)
  const names = shuffle([...new Set(clusters)], random)
  const foldOf = new Int32Array(names.length)
  for (const [i, cluster] of names.entries()) foldOf[cluster] = i % folds
  const predict = (values: readonly number[]) => {
    const expected: Float64Array[] = []
    for (let fold = 0; fold < folds; fold++) {
      const [others, own] = [[...requests.keys()], [...requests.keys()]].map((rows, inside) =>
        rows.filter((i) => (foldOf[clusters[i]!] === fold) === (inside === 1)),
      )
      if (own!.length === 0) continue
      const predictor = fitOn(requests, others!, { values, family, random })
      for (const i of own!) expected[i] = predictor(requests[i]!)
    }
    return expected
  }
  const quality = predict(requests.map(({ worth }) => worth.quality))
  const cost = dearest > 0 ? predict(requests.map((request) => costOf(request) / dearest)) : null
  return (i, metric) => {
    const { lambda } = requests[i]!.decision
    const costs = cost?.[i]
    return quality[i]!.map((value, arm) => measure(metric, value, (costs?.[arm] ?? 0) * dearest, lambda))
  }
}

function fitOn(
  requests: readonly LoggedRequest[],
  rows: readonly number[],
  {
    values,
    family,
    random,
  }: { readonly values: readonly number[]; readonly family: EstimatorFamily; readonly random: () => number },
): (request: LoggedRequest) => Float64Array {
  const ids = [...new Set(requests.flatMap(({ decision }) => decision.considered.candidates))].sort()
  const columnOf = new Map(ids.map((id, column) => [id, column]))
  const candidates = ids.map(named)
  const known = rows.filter((i) => !Number.isNaN(values[i]!))
  const quality = new Float64Array(known.length * ids.length).fill(Number.NaN)
  for (const [row, i] of known.entries()) {
    const { arm, decision } = requests[i]!
    quality[row * ids.length + columnOf.get(decision.considered.candidates[arm]!)!] = values[i]!
  }
  const outputTokens = new Float64Array(quality.length).fill(Number.NaN)
  const queries = known.map((i) => bare(requests[i]!.query))
  const state = family.fit({ queries, candidates, quality, outputTokens }, family.defaults, random)
  const estimator = family.load(state, ids)
  return ({ query, decision }) =>
    estimator.estimate(
      bare(query),
      decision.considered.candidates.map((id) => candidates[columnOf.get(id)!]!),
    ).quality
}

function bare(query: Query): Query {
  return { ...query, vector: null }
}

/** A candidate of which the name alone is known: the route may no longer have it. */
function named(id: string): Candidate {
  return {
    id,
    provider: '',
    model: id,
    wire: 'openai',
    price: null,
    contextWindow: Number.POSITIVE_INFINITY,
    capabilities: new Set(),
    tags: [],
  }
}
