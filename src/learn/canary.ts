/**
 * Is a canary better or worse than what serves beside it? Both decide at the same time, which of them a coin says, so that the difference of what their
 * decisions turn out to be worth is the policy's doing.
 *
 * The rewards of each key are compared in pairs, in the order in which they were written: as soon as there is at least one of either since the key's last pair, the canary's mean less
 * the other's is one value of a confidence sequence. What changes for both in the course of time, and what tells keys apart, cancels out in a pair. A reward counts as utility,
 * quality − λ · cost, of which the cost takes away 1 at most, so that a pair lies in [−2, 2]. One whose cost is not known says nothing.
 *
 * Where several keys are heard the interval holds without any one of them (`sequence.ts`), however much it sends and whatever it says.
 *
 * The first verdict stands: "worse" once the interval lies below zero, "better" once it lies above. Where there is no difference either one comes
 * in at most one of twenty canaries, however long they run and however often they are looked at, also where one of several keys lies.
 */
import { encodeTime } from 'ulid'
import { DAY_MS } from '../day.ts'
import type { Activation, Reward } from '../spec.ts'
import { createSequence } from './sequence.ts'

const ALPHA = 0.05
/**
 * A key that has sent nothing for a week does not count among several: one test with another key must not hold back the first for ever. By time and not by rewards, of
 * which a key may send many while the others sleep.
 */
const REMEMBERED_MS = 7 * DAY_MS

export interface CanaryArms {
  /** The activation whose share is tried. */
  readonly canary: Activation
  /** What decides the other requests: a policy's id, `null` for the constant. */
  readonly incumbent: string | null
  /** `learning.reward.keyShare`; of 1 any key is taken at its word, also among several. */
  readonly keyShare: number
}

/** What one of the two has come to. */
export interface CanaryArm {
  /** Its decisions that were scored and have a known cost. */
  readonly scored: number
  /** Mean utility of these; `null` of none. */
  readonly utility: number | null
}

export interface CanaryState {
  readonly canary: CanaryArm
  readonly incumbent: CanaryArm
  /** Pairs behind the interval. */
  readonly pairs: number
  /** Mean utility of the canary less that of the incumbent, by pairs; `null` without one. */
  readonly difference: number | null
  /** 95 %, at all times at once. */
  readonly lower: number
  readonly upper: number
  readonly verdict: 'better' | 'worse' | null
}

export interface CanaryTest {
  /** Takes the next reward of the route; those of other policies, and of decisions made before the canary began, are passed over. */
  add(reward: Reward): void
  state(): CanaryState
}

/** What a decision was worth, in [−1, 1]; `null`: its cost is not known. */
export function utilityOf({ quality, costUsd, lambda }: Pick<Reward, 'quality' | 'costUsd' | 'lambda'>): number | null {
  if (lambda === 0) return quality
  return costUsd === null ? null : quality - Math.min(1, lambda * costUsd)
}

export function createCanaryTest({ canary, incumbent, keyShare }: CanaryArms): CanaryTest {
  // Decisions' ids begin with their time and sort by it.
  const first = encodeTime(canary.at)
  const sequence = createSequence({ alpha: ALPHA, range: [-2, 2] })
  /** Of each key, when its last reward was written. */
  const heard = new Map<string, number>()
  const all = noSums()
  /** Of each key, what no pair has taken yet. */
  const pending = new Map<string, Sums>()
  let verdict: CanaryState['verdict'] = null
  return {
    add(reward) {
      const { tenant, at } = reward
      const utility = utilityOf(reward)
      const side = reward.policy === canary.policy ? 'tried' : reward.policy === incumbent ? 'usual' : null
      if (side === null || utility === null || reward.route !== canary.route || reward.decision < first) return
      heard.set(tenant, at)
      const own = pending.get(tenant) ?? noSums()
      pending.set(tenant, own)
      for (const { [side]: sum } of [all, own]) {
        sum.count += 1
        sum.total += utility
      }
      const pair = [meanOf(own.tried), meanOf(own.usual)] as const
      if (pair[0] === null || pair[1] === null) return
      pending.delete(tenant)
      const alone = [...heard].every(([key, last]) => key === tenant || last <= at - REMEMBERED_MS)
      sequence.add(pair[0] - pair[1], { source: tenant, alone: alone || keyShare === 1 })
      verdict ??= sequence.upper < 0 ? 'worse' : sequence.lower > 0 ? 'better' : null
    },
    state: () => ({
      canary: { scored: all.tried.count, utility: meanOf(all.tried) },
      incumbent: { scored: all.usual.count, utility: meanOf(all.usual) },
      pairs: sequence.count,
      difference: sequence.count === 0 ? null : sequence.mean,
      lower: sequence.lower,
      upper: sequence.upper,
      verdict,
    }),
  }
}

interface Sum {
  count: number
  total: number
}
type Sums = Readonly<Record<'tried' | 'usual', Sum>>

const noSums = (): Sums => ({ tried: { count: 0, total: 0 }, usual: { count: 0, total: 0 } })
const meanOf = ({ count, total }: Sum) => (count === 0 ? null : total / count)
