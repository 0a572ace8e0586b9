/** Policies in charge, as the composition root keeps them. */
import type { CanaryState } from '../learn/canary.ts'
import type { Refusal } from '../policy/shelf.ts'
import type { Activation, Policy } from '../spec.ts'

/** What decides for one route, as of the last look at the log. */
export interface Served {
  readonly route: string
  /** `null`: the constant. */
  readonly policy: string | null
  /** Why the policy activated last does not serve. */
  readonly refusal: Refusal | null
  /** What serves while nothing was ever activated: the embedded policy or `null`, the constant. */
  readonly original: string | null
  readonly canary: ServedCanary | null
}

/** What is tried beside it. */
export interface ServedCanary {
  readonly activation: Activation
  /** Why it is not tried. */
  readonly refusal: Refusal | null
  /** What it has come to, as of the last look; `null` before the first. */
  readonly state: CanaryState | null
}

export interface Serving {
  /** Every configured route. */
  served(): Served[]
  /** Reads and verifies a policy by its id or an unambiguous beginning of it. Throws `not_found`, `policy_damaged`. */
  read(id: string): Promise<Policy>
  /** Notes on a policy that could serve a configured route. Throws `policy_unfit`. */
  judge(policy: Policy, route: string): readonly string[]
  /** Follows the newest activations in the log. A policy that cannot serve is refused and the last good one stays. */
  sync(): Promise<void>
}
