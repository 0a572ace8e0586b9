/** A decision between a canary and what serves beside it: a coin says who decides, and the log knows the chances that came of both. */
import { SwitchyardError } from '../errors.ts'
import type { Considered, Plan } from '../spec.ts'
import { type Decided, type DecideInput, decide, type RoutePolicy } from './decide.ts'

export interface Between {
  readonly incumbent: RoutePolicy
  readonly canary: RoutePolicy
  /** Probability of the canary. */
  readonly share: number
}

export interface Drawn extends Decided {
  readonly by: 'incumbent' | 'canary'
}

/**
 * Throws as `decide` does where neither finds a candidate; where only one does it decides.
 *
 * Every candidate's chance to be asked first is share · canary's + (1 − share) · incumbent's, also that of one whom only the other of the two, by its own
 * predictions, holds feasible. Where one judges answers and the other does not, the chances are those of the one that was drawn: rows of judged answers are no draws
 * and are set apart, and what is left then was drawn by the other alone.
 */
export function decideBetween({ incumbent, canary, share }: Between, input: Omit<DecideInput, 'policy'>): Drawn {
  const tried = input.random() < share
  const [own, other] = tried ? ([canary, incumbent] as const) : ([incumbent, canary] as const)
  const decided = attempt(own, input)
  // Its chances are exact whatever it would draw.
  const beside = attempt(other, { ...input, random: () => 0.5 })
  if (decided instanceof SwitchyardError) {
    if (beside instanceof SwitchyardError) throw decided
    return name(decide({ ...input, policy: other }), !tried, share)
  }
  if (beside instanceof SwitchyardError || beside.plan.kind !== decided.plan.kind) return name(decided, tried, share)
  return name(mix(decided, beside, tried ? share : 1 - share), tried, share)
}

/** Says who decided. */
function name(decided: Decided, byCanary: boolean, share: number): Drawn {
  if (!byCanary) return { ...decided, by: 'incumbent' }
  const reason = `${decided.plan.reason} A canary decided, which is tried on ${Number((100 * share).toPrecision(4))} % of the requests.`
  return { ...decided, plan: { ...decided.plan, reason }, by: 'canary' }
}

function attempt(policy: RoutePolicy, input: Omit<DecideInput, 'policy'>): Decided | SwitchyardError {
  try {
    return decide({ ...input, policy })
  } catch (thrown) {
    if (thrown instanceof SwitchyardError) return thrown
    throw thrown
  }
}

/** @param weight probability of the one that was drawn */
function mix(own: Decided, other: Decided, weight: number): Decided {
  const chanceOf = new Map(other.candidates.map(({ id }, arm) => [id, other.plan.chances[arm]!]))
  const chances = own.candidates.map(
    ({ id }, arm) => weight * own.plan.chances[arm]! + (1 - weight) * (chanceOf.get(id) ?? 0),
  )
  const known = new Set(own.candidates.map(({ id }) => id))
  const others = other.candidates.flatMap(({ id }, arm) => (known.has(id) ? [] : [arm]))
  const plan: Plan = { ...own.plan, chances, propensity: chances[own.plan.arm]! }
  return { ...own, plan, considered: withOthers(own.considered, other, { others, chances, weight: 1 - weight }) }
}

/** The explanation, with those whom only the other one might have asked, as that one sees them. */
function withOthers(
  { candidates, quality, qualityStd, costUsd, utility, offline, ...rest }: Considered,
  { considered: theirs, plan }: Decided,
  { others, chances, weight }: { others: readonly number[]; chances: readonly number[]; weight: number },
): Considered {
  const join = <T>(own: readonly T[], of: readonly T[]): readonly T[] => [...own, ...others.map((arm) => of[arm]!)]
  return {
    ...rest,
    candidates: join(candidates, theirs.candidates),
    quality: join(quality, theirs.quality),
    qualityStd: join(qualityStd, theirs.qualityStd),
    costUsd: join(costUsd, theirs.costUsd),
    utility: join(utility, theirs.utility),
    chances: [...chances, ...others.map((arm) => weight * plan.chances[arm]!)],
    ...(offline && { offline: join(offline, theirs.offline ?? theirs.quality) }),
  }
}
