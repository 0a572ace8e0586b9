/**
 * A bias per candidate that steers its share of the queries to a quota (auxiliary-loss-free load balancing, arXiv 2408.15664): the bias enters the
 * choice and nothing else. A candidate m is drawn with
 *
 *     P(m) = exp((quality_m + bias_m) / τ) / Σ_j exp((quality_j + bias_j) / τ),
 *
 * with τ so small that only candidates within about a hundredth of quality of each other are drawn at all; that lottery is what meets a quota
 * also where predictions are equal. The biases are those of generalised iterative scaling (Darroch and Ratcliff 1972), bias += τ · log(quota / share)
 * until the shares of the training queries are right: a step in proportion, where the paper takes one of fixed length. They are fitted once; the
 * shares of live traffic that differs from the training queries are not corrected.
 *
 * Candidates without a quota have no bias and share what is left by quality. The request's λ only orders the stand-ins:
 * `auto:cheap` and `auto:best` get the plan that `auto` gets, as quotas fix the spend.
 */
import type { Candidate, PlannerFamily, Priced } from '../../src/spec.ts'
import { readNumbers } from './params.ts'
import { draw, rank, round } from './rank.ts'

/** τ: in units of quality. */
const TEMPERATURE = 0.005
const ROUNDS = 3000
/** Largest difference of a share from its quota that ends the rounds. */
const CLOSE = 1e-4

type BalanceOptions = {
  /** Share of the queries by candidate id, each above 0, together at most 1. */
  readonly quotas: { readonly [candidate: string]: number }
}

export const balance: PlannerFamily<BalanceOptions> = {
  name: 'balance',
  version: 1,

  fit(predictions, { quotas }) {
    const names = Object.keys(quotas)
    const missing = names.find((id) => !predictions.some(({ candidates }) => candidates.some((one) => one.id === id)))
    if (missing !== undefined)
      throw new RangeError(`no training query could be answered by ${missing}, which has a quota`)
    const biases = new Map(names.map((id) => [id, 0]))
    for (let round = 0; round < ROUNDS; round++) {
      const shares = new Map(names.map((id) => [id, 0]))
      for (const { candidates, priced } of predictions) {
        const chances = chancesOf(candidates, priced, biases)
        for (const [m, { id }] of candidates.entries()) {
          const share = shares.get(id)
          if (share !== undefined) shares.set(id, share + chances[m]! / predictions.length)
        }
      }
      if (names.every((id) => Math.abs(shares.get(id)! - quotas[id]!) < CLOSE)) break
      for (const id of names) {
        // A share of 0 by underflow still pulls.
        const ratio = quotas[id]! / Math.max(shares.get(id)!, 1e-12)
        biases.set(id, biases.get(id)! + TEMPERATURE * Math.log(ratio))
      }
    }
    return { quotas, biases: Object.fromEntries(biases) }
  },

  load(params) {
    const quotas = readNumbers(params, 'quotas')
    const biases = readNumbers(params, 'biases')
    return {
      name: 'balance',

      plan(_query, candidates, priced, { lambda }, random) {
        const order = rank(candidates, priced, 0)
        const chances = chancesOf(candidates, priced, biases)
        const drawn = draw(
          order.map((m) => ({ arm: m, propensity: chances[m]! })),
          candidates.length,
          random,
        )
        const { arm, propensity } = drawn
        const quota = quotas.get(candidates[arm]!.id)
        const aim = quota === undefined ? 'shares what quotas leave' : `has a quota of ${round(quota)}`
        return {
          kind: 'single',
          ...drawn,
          alternates: rank(candidates, priced, lambda).filter((m) => m !== arm),
          explored: false,
          reason: `${candidates[arm]!.id} ${aim}; of queries like this one it gets ${round(propensity)}, whatever λ the request asks`,
        }
      },
    }
  },
}

/** By candidate, summing to 1. */
function chancesOf(
  candidates: readonly Candidate[],
  { quality }: Priced,
  biases: ReadonlyMap<string, number>,
): number[] {
  const scores = candidates.map(({ id }, m) => (quality[m]! + (biases.get(id) ?? 0)) / TEMPERATURE)
  const highest = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - highest))
  // Summed from the least, so that the order of the candidates does not show in the last bit.
  const total = weights.toSorted((a, b) => a - b).reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}
