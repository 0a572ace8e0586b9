/** A policy's decisions offline, made by the gateway's own code, so that what is evaluated is what will serve. */
import { type Assessment, assess, type RoutePolicy } from '../route/decide.ts'
import type { Candidate, Query } from '../spec.ts'

export interface ChooserOptions {
  readonly candidates: readonly Candidate[]
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/**
 * The function that names the candidate asked first at λ, without limits. What λ does not change is worked out once per
 * query and kept: a sweep of λ asks for the same query again and again. It throws `no_feasible_candidate` as the gateway does.
 */
export function createChooser(
  policy: RoutePolicy,
  { candidates, random }: ChooserOptions,
): (query: Query, lambda: number) => string {
  const known = new Map<Query, Assessment>()
  return (query, lambda) => {
    const assessment = known.get(query) ?? assess({ query, candidates, policy, limits: {} })
    known.set(query, assessment)
    const plan = policy.planner.plan(query, assessment.candidates, assessment.priced, { lambda, limits: {} }, random)
    return assessment.candidates[plan.arm]!.id
  }
}
