/** The two decisions of a cascade of checks: whom to begin with, and whose answer it is once two are there. Functions of λ, without side effects. */
import { mean } from '../math.ts'
import { compare, type Foreseen, type Members, type Pair } from './checks.ts'
import type { AnswerSignals } from './signals.ts'

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

/** What two answers came to. */
export interface Settled {
  readonly agree: boolean
  /** Whose answer it is: one of theirs, which is there, or that of another, who has to be asked. */
  readonly candidate: number
  /** That it is right. */
  readonly chance: number
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
    const { members, sure } = check
    const [a, b] = members
    if (!able.includes(a) || !able.includes(b)) continue
    const worthOf = (chances: ArrayLike<number>) => {
      const last = answerer(members, chances, prospect, lambda)
      return chances[last]! - (last === a || last === b ? 0 : lambda * costUsd[last]!)
    }
    const agreeing = sure?.agree ? mean(sure.agree.expected.map(worthOf)) : check.right
    const differing = sure?.differ ? mean(sure.differ.expected.map(worthOf)) : worthOf(check.differ)
    const worth = check.agree * agreeing + (1 - check.agree) * differing - lambda * (costUsd[a]! + costUsd[b]!)
    if (worth > best.worth + LEAST_GAIN) best = { arm: a, check, worth }
  }
  return best
}

/** @param answers of the members, in their order */
export function settle(
  check: Foreseen,
  answers: Pair<AnswerSignals>,
  prospect: Pick<Prospect, 'costUsd' | 'able' | 'maxSteps'>,
  lambda: number,
): Settled {
  const { agree, chances } = compare(check, answers)
  if (chances === null) return { agree, candidate: check.members[1], chance: check.right }
  const candidate = answerer(check.members, chances, prospect, lambda)
  return { agree, candidate, chance: chances[candidate]! }
}

/** Whose answer is worth most by the chances of each to be right. */
function answerer(
  members: Members,
  chances: ArrayLike<number>,
  { costUsd, able, maxSteps }: Pick<Prospect, 'costUsd' | 'able' | 'maxSteps'>,
  lambda: number,
): number {
  const [a, b] = members
  let best = chances[b]! >= chances[a]! ? b : a
  if (maxSteps < 3) return best
  let worth = chances[best]!
  for (const m of able) {
    if (m === a || m === b) continue
    const own = chances[m]! - lambda * costUsd[m]!
    if (own > worth + LEAST_GAIN) [best, worth] = [m, own]
  }
  return best
}
