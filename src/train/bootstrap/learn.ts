/** From graded prompts to a policy, and to whether it or a constant should serve. */
import type { Guard } from '../../spec.ts'
import { type FitOptions, type FittedPolicy, fitPolicy } from '../fit.ts'
import type { Outcomes } from '../metrics/points.ts'
import type { Proof } from '../proof.ts'
import { type Cross, decideHeldOut, type HeldOutDecisions, proveDecided } from '../proveFitted.ts'
import { trusting } from '../unguarded.ts'
import { type Evidence, type Verdict, verdictOf } from './verdict.ts'

export interface Bootstrapped {
  readonly fitted: FittedPolicy
  readonly verdict: Verdict
  readonly evidence: Evidence
  /** Of the policy as it would serve without its guard; `null`: too few graded prompts. */
  readonly unguarded: Proof | null
}

/** What a fit needs, with the λ at which it is judged. Deterministic given its arguments. */
export function bootstrapPolicy<Options extends object>(
  options: FitOptions<Options> & { readonly lambda: number },
): Bootstrapped {
  const { set, rows, lambda } = options
  const fitted = fitPolicy(options)
  const { cross } = fitted
  const [policy, bare, constant] = [
    cross,
    { ...guardedBy(cross, { shrink: 1, minSupport: 0 }), heldOut: trusting(cross.heldOut) },
    guardedBy(cross, { shrink: 0 }),
  ].map((one) => decideWith(one, options, lambda))
  const prove = (decided: HeldOutDecisions | null | undefined) =>
    decided ? proveDecided(set, rows, decided, lambda) : null
  // Over the constant as each fold would have named it: the one that is best in hindsight knows the answers, and what that costs the policy is no spread of gains.
  const beyond = (decided: HeldOutDecisions | null | undefined) =>
    decided && constant ? utilityBeyond(decided, constant, lambda) : []
  const evidence = { proof: prove(policy), differences: beyond(policy), unguarded: beyond(bare) }
  return { fitted, verdict: verdictOf(evidence), evidence, unguarded: prove(bare) }
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

function guardedBy(cross: Cross, change: Partial<Guard>): Cross {
  return { ...cross, guards: cross.guards.map((guard) => ({ ...guard, ...change })) }
}

function utilityBeyond(decided: Outcomes, constant: Outcomes, lambda: number): number[] {
  const worth = ({ qualities, costs }: Outcomes, j: number) => qualities[j]! - lambda * costs[j]!
  return Array.from(decided.qualities, (_, j) => worth(decided, j) - worth(constant, j))
}
