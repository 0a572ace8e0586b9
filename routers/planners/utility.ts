/** The plug-in rule: the candidate with the highest predicted quality − λ · cost (CARROT, arXiv 2502.03261; RouterBench, arXiv 2403.12031). */
import type { Planner } from '../../src/spec.ts'

export const utility: Planner = {
  name: 'utility',

  plan(_query, candidates, priced, { lambda }) {
    if (candidates.length === 0) throw new RangeError('no candidate to choose from; filter requests before planning')
    // A price that is not known counts as the pool's highest known one: never a reason to be chosen.
    const known = [...priced.costUsd].filter((cost) => !Number.isNaN(cost))
    const highest = known.length === 0 ? 0 : Math.max(...known)
    const cost = priced.costUsd.map((value) => (Number.isNaN(value) ? highest : value))
    // An infinite λ asks for the cheapest; comparing costs first avoids ∞ · 0.
    const worth = priced.quality.map((quality, m) =>
      lambda === Number.POSITIVE_INFINITY ? 0 : quality - lambda * cost[m]!,
    )

    const order = candidates
      .map((_, m) => m)
      .sort(
        (a, b) =>
          compare(worth[b]!, worth[a]!) ||
          compare(cost[a]!, cost[b]!) ||
          compare(priced.quality[b]!, priced.quality[a]!) ||
          (candidates[a]!.id < candidates[b]!.id ? -1 : 1),
      )
    const [arm, ...alternates] = order
    const quality = round(priced.quality[arm!]!)
    const costText = Number.isNaN(priced.costUsd[arm!]!)
      ? 'price not known, counted as the highest of the pool'
      : `$${round(cost[arm!]!)}`
    return {
      kind: 'single',
      arm: arm!,
      propensity: 1,
      alternates,
      explored: false,
      reason: `${candidates[arm!]!.id} has the highest quality − λ · cost (${quality}, ${costText}, λ = ${round(lambda)})`,
    }
  },
}

/** Four significant digits. */
function round(value: number): number {
  return Number(value.toPrecision(4))
}

/** Ascending; safe for infinities, unlike a difference. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
