/** What planners share: the order of candidates by quality − λ · cost, and drawing one with a propensity that is exact. */
import type { Candidate, Plan, Priced } from '../../src/spec.ts'

/** A price that is not known counts as the pool's highest known one: never a reason to be chosen. */
export function countedCosts(costUsd: Float64Array): Float64Array {
  const known = [...costUsd].filter((cost) => !Number.isNaN(cost))
  const highest = known.length === 0 ? 0 : Math.max(...known)
  return costUsd.map((cost) => (Number.isNaN(cost) ? highest : cost))
}

/** Arms from the highest quality − λ · cost to the lowest; equals by cost, quality and id. Throws a `RangeError` for no candidate. */
export function rank(candidates: readonly Candidate[], priced: Priced, lambda: number): number[] {
  if (candidates.length === 0) throw new RangeError('no candidate to choose from; filter requests before planning')
  const cost = countedCosts(priced.costUsd)
  // An infinite λ asks for the cheapest; comparing costs first avoids ∞ · 0.
  const worth = priced.quality.map((quality, m) =>
    lambda === Number.POSITIVE_INFINITY ? 0 : quality - lambda * cost[m]!,
  )
  return candidates
    .map((_, m) => m)
    .sort(
      (a, b) =>
        compare(worth[b]!, worth[a]!) ||
        compare(cost[a]!, cost[b]!) ||
        compare(priced.quality[b]!, priced.quality[a]!) ||
        (candidates[a]!.id < candidates[b]!.id ? -1 : 1),
    )
}

/** An arm with the probability that it is drawn. */
export interface Chance {
  readonly arm: number
  readonly propensity: number
}

/** Who is asked first, and how probable each was. */
export type Drawn = Pick<Plan, 'arm' | 'propensity' | 'chances'>

/** @param count of all candidates */
export function certain(arm: number, count: number): Drawn {
  return { arm, propensity: 1, chances: Array.from({ length: count }, (_, m) => (m === arm ? 1 : 0)) }
}

/**
 * Draws one of the arms; their propensities sum to 1. Give them in an order that does not hang on that of the candidates,
 * such as that of `rank`. Nothing is drawn where one arm is certain.
 * @param count of all candidates: who is not among the arms has no chance
 */
export function draw(given: readonly Chance[], count: number, random: () => number): Drawn {
  const possible = given.filter(({ propensity }) => propensity > 0)
  const last = possible.at(-1)
  if (!last) throw new RangeError('no arm has a chance to be drawn')
  if (possible.length === 1) return certain(last.arm, count)
  const chances = new Array<number>(count).fill(0)
  for (const { arm, propensity } of possible) chances[arm]! += propensity
  let left = random()
  for (const one of possible) {
    left -= one.propensity
    if (left < 0) return { ...one, chances }
  }
  return { ...last, chances }
}

/** Four significant digits, for reasons. */
export function round(value: number): number {
  return Number(value.toPrecision(4))
}

/** Ascending; safe for infinities, unlike a difference. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
