/**
 * The evidence that a trained policy carries in its own manifest, as `metrics.proof`: what its decisions gain, made without having seen the queries
 * on which they are judged, over the constant, and over each candidate asked alone. Whoever has nothing learned in charge serves one of those.
 *
 * A gain is the mean over prompts of what the policy's utility, quality − λ · cost, is above the other's. Its lower bound is one-sided at 95 % (of a log: `ope`): the mean less
 * Student's quantile times the standard error. Where the policy asks the very same candidate the difference is zero and says nothing about how
 * differences spread, so that only the others count as degrees of freedom: of five decisions that differ all five must be better, as the exact
 * sign test asks, where the normal quantile would be content with three.
 *
 * The constant is named as the policy is learned, for each query from the others alone. A bound over one candidate holds where that was named without looking at
 * these outcomes, such as the one that prices and abilities suggest; the best of these same queries is named by looking, which flatters it and so
 * counts against the policy.
 */
import * as z from 'zod'
import type { JsonObject } from '../spec.ts'
import { normalQuantile } from './metrics/normal.ts'
import { lowerBound, mean } from './metrics/statistics.ts'
import { studentQuantile } from './metrics/student.ts'

const CONFIDENCE = 0.95

const gain = z.object({
  /** Utility per request. */
  gain: z.number(),
  /** The lower bound of it; `null`: too few decisions differ to bound it. */
  lower: z.number().nullable(),
})

const proof = gain.extend({
  method: z.literal('cross-fitted'),
  /** Of the lower bounds, one-sided. */
  confidence: z.number().default(CONFIDENCE),
  /** What one USD is worth in quality. */
  lambda: z.number(),
  /** Queries behind it. */
  rows: z.number(),
  /**
   * The best candidate on all the same queries: the constant as one would serve it. `gain` and `lower` are over the constant that other queries name; of a log over the
   * candidate that is gained least over, which is this one.
   */
  against: z.string(),
  /** The same over each candidate. */
  over: z.record(z.string(), gain),
})

/** A gain in utility, with its lower bound. */
export type Gain = Readonly<z.infer<typeof gain>>
export type Proof = Readonly<z.infer<typeof proof>>

/** What held-out decisions came to; entry i of every array is query i. Utility is quality − λ · cost. */
export interface HeldOut {
  readonly lambda: number
  /** Utility of the policy's decisions, none of which had seen its query. */
  readonly policy: ArrayLike<number>
  /** Utility of the constant that was named without the query. */
  readonly constant: ArrayLike<number>
  /** By candidate, the utility of its answer. */
  readonly alone: Readonly<Record<string, ArrayLike<number>>>
  /** The same prompt twice is one piece of evidence. */
  readonly prompts: readonly string[]
}

/** `null` without a query or a candidate. */
export function proofOf({ lambda, policy, constant, alone, prompts }: HeldOut): Proof | null {
  const beyond = (utility: ArrayLike<number>) =>
    gainOf(
      prompts.map((_, i) => policy[i]! - utility[i]!),
      prompts,
    )
  const over = Object.entries(alone).map(([id, utility]) => ({ id, utility: mean(utility), ...beyond(utility) }))
  if (prompts.length === 0 || over.length === 0) return null
  const best = over.reduce((a, b) => (b.utility > a.utility ? b : a))
  return {
    method: 'cross-fitted',
    confidence: CONFIDENCE,
    lambda,
    rows: prompts.length,
    against: best.id,
    ...beyond(constant),
    over: Object.fromEntries(over.map(({ id, gain, lower }) => [id, { gain, lower }])),
  }
}

/** The mean of differences over prompts, with its lower bound. */
export function gainOf(differences: readonly number[], prompts: readonly string[]): Gain {
  const byPrompt = Map.groupBy(differences.keys(), (i) => prompts[i]!)
  const each = Array.from(byPrompt.values(), (rows) => mean(rows.map((i) => differences[i]!)))
  const differing = each.filter((difference) => difference !== 0).length
  const { mean: centre, low } = lowerBound(each, studentQuantile(normalQuantile(CONFIDENCE), differing - 1))
  return { gain: centre, lower: Number.isFinite(low) ? low : null }
}

/** The proof in a manifest's metrics, or `null` where there is none. */
export function readProof({ proof: written }: JsonObject): Proof | null {
  return proof.safeParse(written).data ?? null
}
