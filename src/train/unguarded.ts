/** A policy as it would decide if nothing held it back. */
import type { RoutePolicy } from '../route/decide.ts'
import type { Estimator } from '../spec.ts'

/** The same policy, believing all that its estimator says. */
export function withoutGuard(policy: RoutePolicy): RoutePolicy {
  return {
    ...policy,
    estimator: trusting(policy.estimator),
    guard: { ...policy.guard, shrink: 1, minSupport: 0 },
  }
}

/** The same predictions, with a support that lets all of them through a guard. */
export function trusting({ name, estimate }: Estimator): Estimator {
  return { name, estimate: (query, candidates) => ({ ...estimate(query, candidates), support: 1 }) }
}
