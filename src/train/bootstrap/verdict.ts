/** What graded prompts say of a learned policy and the best constant: that it is better, that it is not by enough, or how many more would tell. */
import { normalQuantile } from '../metrics/normal.ts'
import { lowerBound } from '../metrics/statistics.ts'
import type { Proof } from '../proof.ts'

/** A gain that is worth a policy: one right answer more in a hundred requests, or its worth in money. */
export const WORTHWHILE = 0.01
const CONFIDENCE = 0.95
const KEEP_CONFIDENCE = 0.99
/** Prompts to begin with: fewer rarely teach anything. */
const BEGINNING = 100
/** How probably the prompts that are asked for find a gain of the size that they are asked for. */
const POWER = 0.8

export type Verdict =
  | { readonly kind: 'promote' }
  /** `most`: what there is to gain at most, in utility per request, one-sided at 99 %. */
  | { readonly kind: 'keep'; readonly most: number }
  /** `seen`: the gain as it seems to be. More prompts: if it is that, and if it is only just worthwhile. */
  | { readonly kind: 'undecided'; readonly seen: number; readonly likely: number; readonly most: number }
  /** Too few prompts to compare anything; so many more make a beginning. */
  | { readonly kind: 'begun'; readonly more: number }

export interface Evidence {
  /** Of the policy; `null`: too few prompts to make one. */
  readonly proof: Proof | null
  /** Per prompt, utility of the policy’s held-out decision less that of the constant that the other folds name. */
  readonly differences: readonly number[]
  /** The same had the policy believed all that it learned: what there is to know of the spread where the guard lets nothing through. */
  readonly unguarded: readonly number[]
}

/**
 * The policy is promoted where its proof's lower bound clears zero: the same test as `switchyard promote` makes. The constant is kept where neither the policy nor
 * all that was learned can be worth one, which is held to 99 %: more prompts teach more, and to say so too early ends the search.
 */
export function verdictOf({ proof, differences, unguarded }: Evidence): Verdict {
  if (proof === null) return { kind: 'begun', more: BEGINNING }
  if ((proof.lower ?? 0) > 0) return { kind: 'promote' }
  const most = Math.max(upperBound(differences), upperBound(unguarded))
  if (most < WORTHWHILE) return { kind: 'keep', most }
  // Where the guard lets nothing through, the policy is the constant and tells nothing of how gains spread.
  const known = differences.some((difference) => difference !== 0) ? differences : unguarded
  const { mean: gain, error } = lowerBound(known, 0)
  const deviation = error * Math.sqrt(known.length)
  const more = (assumed: number) => Math.max(1, promptsNeeded({ gain: assumed, deviation }) - known.length)
  return { kind: 'undecided', seen: gain, likely: more(Math.max(gain, WORTHWHILE)), most: more(WORTHWHILE) }
}

/** Of the mean, one-sided. */
function upperBound(differences: readonly number[]): number {
  const { mean, error } = lowerBound(differences, 0)
  return mean + normalQuantile(KEEP_CONFIDENCE) * error
}

/**
 * Prompts that find a gain of this size with a probability of 80 % by a one-sided test at 95 %: ((z₀.₉₅ + z₀.₈) · σ / gain)², the usual power calculation for the
 * mean of paired differences (Cohen 1988, chapter 2).
 * @param deviation σ of one prompt's difference
 */
export function promptsNeeded({ gain, deviation }: { readonly gain: number; readonly deviation: number }): number {
  return Math.ceil((((normalQuantile(CONFIDENCE) + normalQuantile(POWER)) * deviation) / gain) ** 2)
}
