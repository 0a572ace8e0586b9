/** What a policy would have done on logged requests, by the gateway's own code. */
import { SwitchyardError } from '../../errors.ts'
import { assess, type RoutePolicy } from '../../route/decide.ts'
import { withPriors } from '../../route/priors.ts'
import type { Candidate, Exploration } from '../../spec.ts'
import type { LoggedRequest } from './request.ts'

/** Who is judged; `logged` is what the requests met. */
export type Target = RoutePolicy | 'logged'

export interface TargetOptions {
  /** Those of the route. */
  readonly candidates: readonly Candidate[]
  /** How far the route lets a planner explore that does. */
  readonly exploration?: Exploration
}

/**
 * The function that gives the chance of each of a request's logged candidates to be asked first, at the request's λ. The candidates are those that were
 * feasible then; one that the route no longer has gets no chance.
 *
 * It throws `policy_unfit` for a policy that judges answers before it sends one: what its first step is worth does not tell what it is worth.
 */
export function createTarget(
  target: Target,
  { candidates, exploration }: TargetOptions,
): (request: LoggedRequest) => readonly number[] {
  // They were able to answer; how long the answer might be the log does not keep.
  const able = new Map(
    withPriors(candidates).map((one) => [one.id, { ...one, contextWindow: Number.POSITIVE_INFINITY }]),
  )
  return ({ query, decision: { lambda, considered } }) => {
    if (target === 'logged') return considered.chances
    const pool = considered.candidates.flatMap((id) => able.get(id) ?? [])
    if (pool.length === 0) return considered.candidates.map(() => 0)
    const preference = { lambda, limits: {}, ...(exploration && { exploration }) }
    const assessed = assess({ query, candidates: pool, policy: target, limits: {} })
    const plan = target.planner.plan(query, assessed.candidates, assessed.priced, preference, () => 0.5)
    if (plan.kind === 'cascade')
      throw new SwitchyardError(
        'policy_unfit',
        `a policy with the planner ${target.planner.name} judges answers before it sends one: what single answers were worth cannot tell what it is worth.`,
      )
    const chanceOf = new Map(assessed.candidates.map(({ id }, arm) => [id, plan.chances[arm]!]))
    return considered.candidates.map((id) => chanceOf.get(id) ?? 0)
  }
}
