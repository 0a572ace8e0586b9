/** What decisions lost against better ones. Full-information data make every regret exact: all outcomes are known. */
import type { OutcomeMatrix, Outcomes } from './points.ts'
import { weightedMean } from './statistics.ts'

/** Utility per query, quality − λ · cost; λ is what one USD is worth in quality. */
export function utilities({ qualities, costs }: Outcomes, lambda: number): Float64Array {
  return qualities.map((quality, i) => quality - lambda * costs[i]!)
}

/** The column of highest quality − λ · cost in one row, the cheaper of equals. */
function bestColumn(qualities: ArrayLike<number>, costs: ArrayLike<number>, lambda: number): number {
  let best = 0
  for (let column = 1; column < qualities.length; column++) {
    const lead = qualities[column]! - qualities[best]! - lambda * (costs[column]! - costs[best]!)
    if (lead > 0 || (lead === 0 && costs[column]! < costs[best]!)) best = column
  }
  return best
}

/** What choosing `columnOf(query)` would have earned and spent. */
export function outcomesOf({ models, qualities, costs }: OutcomeMatrix, columnOf: (query: number) => number): Outcomes {
  const cells = Array.from({ length: qualities.length / models }, (_, i) => i * models + columnOf(i))
  return {
    qualities: Float64Array.from(cells, (cell) => qualities[cell]!),
    costs: Float64Array.from(cells, (cell) => costs[cell]!),
  }
}

/** Per query the best model's outcome at λ, the cheaper of equals: what no router can pass. */
export function oracleOf(matrix: OutcomeMatrix, lambda: number): Outcomes {
  const { models, qualities, costs } = matrix
  return outcomesOf(matrix, (i) => {
    const [from, to] = [i * models, (i + 1) * models]
    return bestColumn(qualities.subarray(from, to), costs.subarray(from, to), lambda)
  })
}

/** Per query, what `reference` earned more at λ than the policy. */
export function regrets(reference: Outcomes, policy: Outcomes, lambda: number): Float64Array {
  const [theirs, own] = [utilities(reference, lambda), utilities(policy, lambda)]
  return theirs.map((utility, i) => utility - own[i]!)
}

/**
 * Mean regret per query: what `reference` (the oracle, or the best constant chosen on the training rows) earned more at λ than the policy. Against
 * the oracle it is never negative; against a constant it is negative where the policy is better. `weights[i]` counts query i.
 */
export function regretAgainst(
  reference: Outcomes,
  policy: Outcomes,
  options: { readonly lambda: number; readonly weights?: ArrayLike<number> },
): number {
  const gaps = regrets(reference, policy, options.lambda)
  return weightedMean(gaps, options.weights ?? new Float64Array(gaps.length).fill(1))
}

/** Running sums: the cumulative regret of a prequential (test, then train) run from its regret per round. */
export function cumulate(values: ArrayLike<number>): Float64Array {
  let sum = 0
  return Float64Array.from(values, (value) => {
    sum += value
    return sum
  })
}

/**
 * Strongly adaptive regret of a run of losses (arXiv 2401.09278): the largest regret on any interval of rounds against the arm that is best on
 * it, `max_I ( Σ_{t∈I} ℓ_t(a_t) − min_a Σ_{t∈I} ℓ_t(a) )`. By Kadane's scan per arm, rounds × arms steps. At least 0 (no interval).
 */
export function adaptiveRegret(losses: ArrayLike<number>, armLosses: ArrayLike<number>, arms: number): number {
  let worst = 0
  for (let arm = 0; arm < arms; arm++) {
    let ending = 0
    for (let t = 0; t < losses.length; t++) {
      ending = Math.max(0, ending + losses[t]! - armLosses[t * arms + arm]!)
      worst = Math.max(worst, ending)
    }
  }
  return worst
}
