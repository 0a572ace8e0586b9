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

/** A candidate by its id, and how probable it is that it is asked first. */
export interface Chance {
  readonly id: string
  readonly propensity: number
}

/** The function that gives every candidate that may be asked first at λ, without limits. */
export function createChances(
  policy: RoutePolicy,
  candidates: readonly Candidate[],
): (query: Query, lambda: number) => Chance[] {
  return (query, lambda) => {
    const { candidates: able, priced } = assess({ query, candidates, policy, limits: {} })
    const { chances } = policy.planner.plan(query, able, priced, { lambda, limits: {} }, () => 0.5)
    return chances.flatMap((propensity, arm) => (propensity > 0 ? [{ id: able[arm]!.id, propensity }] : []))
  }
}
