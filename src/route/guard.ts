/**
 * The one safety between every estimator and every planner: predictions are pulled toward the constant as far as cross-validation and the
 * query's support demand, so that where little is known the constant decides.
 */
import type { Candidate, Estimate, Guard } from '../spec.ts'

/** The belief about candidates that the policy does not know, in the order of the candidates. */
export interface Fallback {
  readonly quality: ArrayLike<number>
  readonly outputTokens: ArrayLike<number>
}

/** How much of the predictions survives: shrink · (support − minSupport) / (1 − minSupport), 0 below `minSupport`. */
export function guardFactor({ shrink, minSupport }: Guard, support: number): number {
  if (support < minSupport) return 0
  if (minSupport >= 1) return shrink
  return shrink * Math.min(1, (support - minSupport) / (1 - minSupport))
}

/**
 * value = constant + factor · (predicted − constant), for quality and output tokens alike. `policyCandidates` is the order of the guard's own
 * arrays. At factor 0 the result is the constant to the last bit. `qualityStd` stays: the doubt about a candidate does not shrink
 * because a prediction was not used.
 */
export function applyGuard(
  estimate: Estimate,
  guard: Guard,
  policyCandidates: readonly string[],
  candidates: readonly Candidate[],
  fallback: Fallback,
): Estimate {
  const factor = guardFactor(guard, estimate.support)
  const columnOf = new Map(policyCandidates.map((id, c) => [id, c]))
  const pull = (predicted: Float64Array, constants: readonly number[], priors: ArrayLike<number>) =>
    Float64Array.from(candidates, ({ id }, m) => {
      const column = columnOf.get(id)
      const constant = column === undefined ? priors[m]! : constants[column]!
      return factor === 0 ? constant : constant + factor * (predicted[m]! - constant)
    })
  return {
    ...estimate,
    quality: pull(estimate.quality, guard.quality, fallback.quality),
    outputTokens: pull(estimate.outputTokens, guard.outputTokens, fallback.outputTokens),
  }
}

/**
 * The input tokens by which candidates are compared: mean + factor · (own − mean). With constant predictions a long prompt looks dear
 * and a short one cheap for every candidate, but how much better the dear one does on it is not known, so that acting on the
 * length alone loses to the constant. What exceeds the longest training query counts in full: that much is known to cost.
 */
export function guardInputTokens(inputTokens: number, guard: Guard | null, support: number): number {
  if (guard?.inputTokens === undefined) return inputTokens
  const { mean, max } = guard.inputTokens
  const seen = Math.min(inputTokens, max)
  return mean + guardFactor(guard, support) * (seen - mean) + (inputTokens - seen)
}
