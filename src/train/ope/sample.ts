/** What estimators of a policy's value look at: one logged request, and what the policy would have done there. */

export interface Sample {
  /** The arm that was drawn, an index into the request's candidates. Its logged chance is above 0. */
  readonly arm: number
  /** μ(· | x): the chance of every arm to be drawn, as logged. */
  readonly logged: readonly number[]
  /** π(· | x): the chance of every arm under the policy to be judged. */
  readonly target: readonly number[]
  /** Of the arm that was drawn. */
  readonly reward: number
  /** q̂(x, ·): the reward of every arm as a model expects it that has not seen this request. */
  readonly expected: ArrayLike<number>
}

/**
 * Estimates a policy's mean reward. Gives a term per sample: their mean is the estimate, and what they scatter is its
 * variance, so that the difference of two policies is that of their terms.
 */
export type ValueEstimator = (samples: readonly Sample[]) => Float64Array

/** w = π(a | x) / μ(a | x) of the arm that was drawn. */
export function weightOf({ arm, logged, target }: Sample): number {
  return target[arm]! / logged[arm]!
}

/** Σ π(a | x) · q̂(x, a). */
export function expectedOf({ target, expected }: Sample): number {
  let sum = 0
  for (let a = 0; a < target.length; a++) sum += target[a]! * expected[a]!
  return sum
}
