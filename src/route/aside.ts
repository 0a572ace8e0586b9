/** Where a cascade stands aside: it judges one text, and some requests ask for more. */
import type { Candidate, Capability, Plan, Priced, Query } from '../spec.ts'

/** Of several answers the first alone would be judged, of speech nothing. */
const NOT_JUDGED: readonly Capability[] = ['n', 'audio']

export interface AsideOptions {
  readonly query: Pick<Query, 'requires'>
  readonly candidates: readonly Candidate[]
  readonly priced: Pick<Priced, 'quality' | 'costUsd'>
  readonly lambda: number
}

/** The plan; of a cascade whose answers could not be judged, one call to whoever has the highest quality − λ · cost instead. */
export function standAside(plan: Plan, { query, candidates, priced, lambda }: AsideOptions): Plan {
  const more = NOT_JUDGED.filter((capability) => query.requires.has(capability))
  if (plan.kind === 'single' || more.length === 0) return plan
  // A price that is not known is no reason to be chosen.
  const cost = (arm: number) => (Number.isNaN(priced.costUsd[arm]!) ? Number.MAX_VALUE : priced.costUsd[arm]!)
  // An infinite λ asks for the cheapest.
  const worth = (arm: number) => (Number.isFinite(lambda) ? priced.quality[arm]! - lambda * cost(arm) : -cost(arm))
  const order = [plan.arm, ...plan.alternates].sort((a, b) => worth(b) - worth(a) || cost(a) - cost(b))
  const [arm, ...alternates] = order
  return {
    kind: 'single',
    arm: arm!,
    alternates,
    propensity: 1,
    chances: candidates.map((_, m) => (m === arm ? 1 : 0)),
    explored: false,
    reason: `${candidates[arm!]!.id} has the highest quality − λ · cost; no cascade, since answers to a request that requires ${more.join(', ')} cannot be judged`,
  }
}
