/**
 * Is a canary better or worse than what serves beside it? Both decide at the same time, which of them a coin says, so that the difference of what their
 * decisions turn out to be worth is the policy's doing.
 *
 * Rewards are compared in pairs, in the order in which they were written: as soon as there is at least one of either since the last pair, the canary's mean less the other's is
 * one value of a confidence sequence. What changes for both in the course of time cancels out in a pair. A reward counts as utility,
 * quality − λ · cost, of which the cost takes away 1 at most, so that a pair lies in [−2, 2]. One whose cost is not known says nothing.
 *
 * The first verdict stands: "worse" once the interval lies below zero, "better" once it lies above. Where there is no difference either one comes
 * in at most one of twenty canaries, however long they run and however often they are looked at.
 */
import { encodeTime } from 'ulid'
import type { Activation, Reward } from '../spec.ts'
import { createSequence } from './sequence.ts'

const ALPHA = 0.05

export interface CanaryArms {
  /** The activation whose share is tried. */
  readonly canary: Activation
  /** What decides the other requests: a policy's id, `null` for the constant. */
  readonly incumbent: string | null
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

export function createCanaryTest({ canary, incumbent }: CanaryArms): CanaryTest {
  // Decisions' ids begin with their time and sort by it.
  const first = encodeTime(canary.at)
  const sequence = createSequence({ alpha: ALPHA, range: [-2, 2] })
  const tried = createSums()
  const usual = createSums()
  let verdict: CanaryState['verdict'] = null
  return {
    add(reward) {
      const utility = utilityOf(reward)
      const sums = reward.policy === canary.policy ? tried : reward.policy === incumbent ? usual : null
      if (sums === null || utility === null || reward.route !== canary.route || reward.decision < first) return
      sums.add(utility)
      const pair = [tried.open(), usual.open()] as const
      if (pair[0] === null || pair[1] === null) return
      tried.close()
      usual.close()
      sequence.add(pair[0] - pair[1])
      verdict ??= sequence.upper < 0 ? 'worse' : sequence.lower > 0 ? 'better' : null
    },
    state: () => ({
      canary: tried.arm(),
      incumbent: usual.arm(),
      pairs: sequence.count,
      difference: sequence.count === 0 ? null : sequence.mean,
      lower: sequence.lower,
      upper: sequence.upper,
      verdict,
    }),
  }
}

/** Of one side: everything so far, and what no pair has taken yet. */
function createSums() {
  const all = { count: 0, sum: 0 }
  let pending = { count: 0, sum: 0 }
  return {
    add(utility: number) {
      for (const sums of [all, pending]) {
        sums.count += 1
        sums.sum += utility
      }
    },
    open: () => (pending.count === 0 ? null : pending.sum / pending.count),
    close() {
      pending = { count: 0, sum: 0 }
    },
    arm: (): CanaryArm => ({ scored: all.count, utility: all.count === 0 ? null : all.sum / all.count }),
  }
}
