/** A policy's decisions offline, made by the gateway's own code, so that what is evaluated is what will serve. */
import { decide, type RoutePolicy } from '../route/decide.ts'
import type { Candidate, Estimate, Estimator, Query } from '../spec.ts'

/** The id of the candidate that is asked first at λ, without limits. Throws `no_feasible_candidate` as the gateway does. */
export function choose(
  policy: RoutePolicy,
  query: Query,
  lambda: number,
  options: { readonly candidates: readonly Candidate[]; readonly random: () => number },
): string {
  const { plan, candidates } = decide({ query, policy, preference: { lambda, limits: {} }, ...options })
  return candidates[plan.arm]!.id
}

/** The estimator with its answers for a fixed pool kept: a sweep of λ asks for the same query again and again. */
export function remember(estimator: Estimator, candidates: readonly Candidate[]): Estimator {
  const known = new Map<Query, Estimate>()
  return {
    name: estimator.name,
    estimate(query, asked) {
      // Limits may have left some out; predictions for a part of the pool are not kept.
      if (asked.length !== candidates.length) return estimator.estimate(query, asked)
      const estimate = known.get(query) ?? estimator.estimate(query, asked)
      known.set(query, estimate)
      return estimate
    },
  }
}
