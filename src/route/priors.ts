/** What is believed of candidates before any outcome is seen. */
import type { Candidate } from '../spec.ts'
import { expectedCostUsd, TYPICAL } from './cost.ts'

/** The cheapest and the dearest of a pool get these, the others lie evenly between by rank; what has no rank lies in the middle. */
const CHEAPEST_QUALITY = 0.5
const DEAREST_QUALITY = 0.9
const MIDDLE_QUALITY = (CHEAPEST_QUALITY + DEAREST_QUALITY) / 2

/**
 * Prior quality per candidate, in their order: `given` by id, else the candidate's own `priors.quality`, else its rank by the price of
 * a typical request (1,000 tokens in, 300 out) within the pool, equal prices sharing their mean rank. A price is weak evidence of
 * quality, but the only one there is on the first day.
 */
export function priorQuality(
  candidates: readonly Candidate[],
  given: Readonly<Record<string, number>> = {},
): Float64Array {
  const costs = candidates.map(({ price }) => expectedCostUsd(price, TYPICAL.inputTokens, TYPICAL.outputTokens))
  const priced = costs.filter((cost) => !Number.isNaN(cost))
  return Float64Array.from(candidates, (candidate, m) => {
    const told = Object.hasOwn(given, candidate.id) ? given[candidate.id] : candidate.priors?.quality
    if (told !== undefined) return told
    const cost = costs[m]!
    if (Number.isNaN(cost) || priced.length < 2) return MIDDLE_QUALITY
    const cheaper = priced.filter((other) => other < cost).length
    const equal = priced.filter((other) => other === cost).length - 1
    const rank = (cheaper + equal / 2) / (priced.length - 1)
    return CHEAPEST_QUALITY + (DEAREST_QUALITY - CHEAPEST_QUALITY) * rank
  })
}

/** The candidates with both priors filled in, so that every estimator and the guard start from the same belief. */
export function withPriors(
  candidates: readonly Candidate[],
  given: Readonly<Record<string, number>> = {},
): Candidate[] {
  const quality = priorQuality(candidates, given)
  return candidates.map((candidate, m) => ({
    ...candidate,
    priors: { outputTokens: TYPICAL.outputTokens, ...candidate.priors, quality: quality[m]! },
  }))
}
