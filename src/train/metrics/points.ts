/**
 * Points in the plane of cost and quality, and what a set of them reaches. A policy swept over λ is one point per λ.
 *
 * Everywhere in this folder: quality is in [0, 1] and cost in USD per query, both averages over the same queries. Rows with an
 * unknown outcome are left out before (`isComplete`), for every policy alike; a set without costs has cost 0 throughout.
 * What is not reached is infinite on its bad side (quality −∞, cost ∞), so that it can be ordered and bootstrapped; what
 * is not defined is `NaN`.
 */

export interface CostQuality {
  /** USD per query. */
  readonly costUsd: number
  readonly quality: number
}

/** What one policy at one setting earned and spent, per query. */
export interface Outcomes {
  readonly qualities: Float64Array
  /** USD. */
  readonly costs: Float64Array
}

/** Every model's outcome on every query, row-major: entry `query · models + model`. */
export interface OutcomeMatrix {
  readonly models: number
  readonly qualities: Float64Array
  /** USD. */
  readonly costs: Float64Array
}

/** Sums of the same numbers in another order differ by less than this, relative to their size. */
export const ROUNDING = 1e-12

/** Quality of the best point that costs no more than the budget, without mixing; −∞ when it buys none. */
export function bestWithin(points: readonly CostQuality[], budgetUsd: number): number {
  let best = Number.NEGATIVE_INFINITY
  for (const { costUsd, quality } of points) {
    if (costUsd <= budgetUsd * (1 + ROUNDING) && quality > best) best = quality
  }
  return best
}

/** Cost of the cheapest point of at least that quality, without mixing; ∞ when there is none. */
export function leastCost(points: readonly CostQuality[], quality: number): number {
  let least = Number.POSITIVE_INFINITY
  for (const point of points) {
    if (point.quality >= quality - ROUNDING && point.costUsd < least) least = point.costUsd
  }
  return least
}

/** Highest quality of any point (UniRoute's peak accuracy, arXiv 2502.08773); −∞ of none. */
export function peakQuality(points: readonly CostQuality[]): number {
  return bestWithin(points, Number.POSITIVE_INFINITY)
}

/**
 * Index of the single model that serves best as a constant: highest quality − λ · cost, the cheaper of equals. Give it the means on
 * the training rows; a constant chosen on the test rows has seen what it is judged by.
 */
export function bestConstant(singles: readonly CostQuality[], lambda = 0): number {
  const worth = ({ costUsd, quality }: CostQuality) => quality - lambda * costUsd
  return singles.reduce((best, single, i) => {
    const lead = worth(single) - worth(singles[best]!)
    return lead > 0 || (lead === 0 && single.costUsd < singles[best]!.costUsd) ? i : best
  }, 0)
}
