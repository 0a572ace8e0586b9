/**
 * A policy at a row of settings (λ, threshold, budget) on the same queries, held so that its points under any weights of the queries
 * are cheap. Neighbouring settings choose alike for most queries, so only what changes from one to the next is kept: a
 * resample costs one pass over the queries and over the changes, however fine the sweep.
 */
import type { CostQuality, Outcomes } from './points.ts'

export interface Sweep {
  readonly queries: number
  /** The changes that setting k makes to the one before (to nothing, for the first) are those in starts[k] … starts[k + 1]. */
  readonly starts: Uint32Array
  readonly query: Uint32Array
  readonly quality: Float64Array
  /** USD. */
  readonly cost: Float64Array
}

/**
 * The sweep of a policy from its outcomes, one entry per setting, all on the same queries.
 * @throws RangeError when an outcome is unknown (`NaN`): incomplete rows are left out before, for every policy alike.
 */
export function sweepOf(settings: Iterable<Outcomes>): Sweep {
  const starts: number[] = [0]
  const query: number[] = []
  const quality: number[] = []
  const cost: number[] = []
  let before: Outcomes | undefined
  let queries = 0
  for (const outcomes of settings) {
    queries = outcomes.qualities.length
    for (let i = 0; i < queries; i++) {
      const gained = outcomes.qualities[i]! - (before?.qualities[i] ?? 0)
      const spent = outcomes.costs[i]! - (before?.costs[i] ?? 0)
      if (Number.isNaN(gained + spent)) {
        throw new RangeError(
          `The outcome of query ${i} at setting ${starts.length - 1} is not known: leave the row out.`,
        )
      }
      if (before !== undefined && gained === 0 && spent === 0) continue
      query.push(i)
      quality.push(gained)
      cost.push(spent)
    }
    starts.push(query.length)
    before = outcomes
  }
  return {
    queries,
    starts: Uint32Array.from(starts),
    query: Uint32Array.from(query),
    quality: Float64Array.from(quality),
    cost: Float64Array.from(cost),
  }
}

/** The policy's average cost and quality at every setting; `weights[i]` counts query i (default: once each). */
export function pointsOf(sweep: Sweep, weights?: Float64Array): CostQuality[] {
  const { starts, query, quality, cost, queries } = sweep
  let total = queries
  if (weights !== undefined) {
    total = 0
    for (let i = 0; i < queries; i++) total += weights[i]!
  }
  const points: CostQuality[] = []
  let gained = 0
  let spent = 0
  for (let k = 0; k + 1 < starts.length; k++) {
    for (let j = starts[k]!; j < starts[k + 1]!; j++) {
      const weight = weights === undefined ? 1 : weights[query[j]!]!
      gained += weight * quality[j]!
      spent += weight * cost[j]!
    }
    points.push({ costUsd: spent / total, quality: gained / total })
  }
  return points
}
