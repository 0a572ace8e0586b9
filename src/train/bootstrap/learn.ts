/** From graded prompts to a policy, and to whether it or a constant should serve. */
import { type FitOptions, type FittedPolicy, fitPolicy } from '../fit.ts'
import type { Outcomes } from '../metrics/points.ts'
import type { Proof } from '../proof.ts'
import {
  type Cross,
  decideConstant,
  decideHeldOut,
  guardedBy,
  type HeldOutDecisions,
  proveDecided,
} from '../proveFitted.ts'
import { trusting } from '../unguarded.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export interface Bootstrapped {
  readonly fitted: FittedPolicy
  readonly verdict: Verdict
  /** Of the policy as it will serve, and as it would without its guard; `null`: too few graded prompts. */
  readonly proof: Proof | null
  readonly unguarded: Proof | null
}

/** What a fit needs, with the λ at which it is judged. Deterministic given its arguments. */
export function bootstrapPolicy<Options extends object>(
  options: FitOptions<Options> & { readonly lambda: number },
): Bootstrapped {
  const { set, rows, queries, judge, lambda } = options
  const fitted = fitPolicy(options)
  const { cross } = fitted
  const policy = decideWith(cross, options, lambda)
  const trustful = { ...guardedBy(cross, { shrink: 1, minSupport: 0 }), heldOut: trusting(cross.heldOut) }
  const bare = decideWith(trustful, options, lambda)
  const constant = cross.guards.length === 0 ? null : decideConstant(set, rows, queries, { cross, judge, lambda })
  const prove = (decided: HeldOutDecisions | null) =>
    decided && constant && proveDecided(set, rows, { decided, constant, lambda })
  const beyond = (decided: HeldOutDecisions | null) =>
    decided && constant ? utilityBeyond(decided, constant, lambda) : []
  const proof = prove(policy)
  const verdict = verdictOf({ proof, differences: beyond(policy), unguarded: beyond(bare) })
  return { fitted, verdict, proof, unguarded: prove(bare) }
}

type Asked = Pick<FitOptions<object>, 'set' | 'rows' | 'queries' | 'planner' | 'plannerOptions'>

/** What is decided on prompts that were not seen; `null` where there were too few, or where the planner's decisions cannot be had. */
export function decideWith(
  cross: Cross,
  { set, rows, queries, planner, plannerOptions = {} }: Asked,
  lambda: number,
): HeldOutDecisions | null {
  if (cross.guards.length === 0) return null
  return decideHeldOut(set, rows, queries, { ...cross, planner, plannerOptions, lambda })
}

function utilityBeyond(decided: Outcomes, constant: Outcomes, lambda: number): number[] {
  const worth = ({ qualities, costs }: Outcomes, j: number) => qualities[j]! - lambda * costs[j]!
  return Array.from(decided.qualities, (_, j) => worth(decided, j) - worth(constant, j))
}
