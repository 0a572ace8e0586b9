/**
 * The evidence that a trained policy carries in its own manifest, as `metrics.proof`: what its decisions gain, made without having seen the queries
 * on which they are judged, over each candidate asked alone. Whoever has nothing learned in charge serves one of those.
 *
 * A gain is the mean over prompts of what the policy's utility, quality − λ · cost, is above the candidate's. Its lower bound is one-sided at 95 % (of a log: `ope`): the mean less
 * Student's quantile times the standard error. Where the policy asks that very candidate the difference is zero and says nothing about how
 * differences spread, so that only the others count as degrees of freedom: of five decisions that differ all five must be better, as the exact
 * sign test asks, where the normal quantile would be content with three.
 *
 * A bound holds for a candidate that was named without looking at these outcomes, such as the one that prices and abilities suggest. The best candidate
 * of these same queries is named by looking, which flatters it and so counts against the policy. To hold it against the constant that the other
 * queries name would find more policies, and of those more that are worse than the best constant (docs/learning.md).
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
  /** The best candidate on the same queries; `gain` and `lower` are over that one. */
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
  /** By candidate, the utility of its answer. */
  readonly alone: Readonly<Record<string, ArrayLike<number>>>
  /** The same prompt twice is one piece of evidence. */
  readonly prompts: readonly string[]
}

/** `null` without a query or a candidate. */
export function proofOf({ lambda, policy, alone, prompts }: HeldOut): Proof | null {
  const over = Object.entries(alone).map(([id, utility]) => {
    const differences = prompts.map((_, i) => policy[i]! - utility[i]!)
    return { id, utility: mean(utility), ...gainOf(differences, prompts) }
  })
  if (prompts.length === 0 || over.length === 0) return null
  const best = over.reduce((a, b) => (b.utility > a.utility ? b : a))
  return {
    method: 'cross-fitted',
    confidence: CONFIDENCE,
    lambda,
    rows: prompts.length,
    against: best.id,
    gain: best.gain,
    lower: best.lower,
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
