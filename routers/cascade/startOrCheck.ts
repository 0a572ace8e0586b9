/** The two decisions of a cascade of checks: whom to begin with, and whom to ask where two answers differ. Functions of λ, without side effects. */
import type { Foreseen } from './checks.ts'

/** What is foreseen of one query; arrays are indexed by candidate. */
export interface Prospect {
  /** How probably each is right on its own. */
  readonly alone: ArrayLike<number>
  readonly checks: readonly Foreseen[]
  /** USD; of every candidate that is able. */
  readonly costUsd: ArrayLike<number>
  /** Who may be asked. */
  readonly able: readonly number[]
  /** Calls per query. */
  readonly maxSteps: number
}

export interface Start {
  readonly arm: number
  /** `null`: the first answer is the answer. */
  readonly check: Foreseen | null
  /** Expected quality − λ · cost. */
  readonly worth: number
}

/** A check must be worth more than one call by this much, whatever λ is: rounding is not. */
const LEAST_GAIN = 1e-9

/** The single candidate or the check of highest expected quality − λ · cost. @throws RangeError where nobody is able */
export function start(prospect: Prospect, lambda: number): Start {
  const { alone, checks, costUsd, able, maxSteps } = prospect
  if (able.length === 0) throw new RangeError('no candidate to choose from; filter requests before planning')
  const worths = able.map((m) => alone[m]! - lambda * costUsd[m]!)
  const highest = Math.max(...worths)
  let best: Start = { arm: able[worths.indexOf(highest)]!, check: null, worth: highest }
  if (maxSteps < 2) return best
  for (const check of checks) {
    const [a, b] = check.members
    if (!able.includes(a) || !able.includes(b)) continue
    const last = afterDiffering(check, prospect, lambda)
    const differing = check.differ[last]! - (last === a || last === b ? 0 : lambda * costUsd[last]!)
    const worth = check.agree * check.right + (1 - check.agree) * differing - lambda * (costUsd[a]! + costUsd[b]!)
    if (worth > best.worth + LEAST_GAIN) best = { arm: a, check, worth }
  }
  return best
}

/** Whose answer it is where the two differ: one of theirs, which is there, or that of another, who has to be asked. */
export function afterDiffering(
  { members, differ }: Foreseen,
  { costUsd, able, maxSteps }: Pick<Prospect, 'costUsd' | 'able' | 'maxSteps'>,
  lambda: number,
): number {
  const [a, b] = members
  let best = differ[b]! >= differ[a]! ? b : a
  if (maxSteps < 3) return best
  let worth = differ[best]!
  for (const m of able) {
    if (m === a || m === b) continue
    const own = differ[m]! - lambda * costUsd[m]!
    if (own > worth + LEAST_GAIN) [best, worth] = [m, own]
  }
  return best
}
