/**
 * The one safety between every estimator and every planner: predictions are pulled toward the constant as far as cross-validation and the
 * query's support demand, so that where little is known the constant decides.
 */
import type { Candidate, Estimate, Guard } from '../spec.ts'
import { TYPICAL } from './cost.ts'

/** The belief about candidates that the policy does not know, in the order of the candidates. */
export interface Fallback {
  readonly quality: ArrayLike<number>
  readonly outputTokens: ArrayLike<number>
}

/** The guard of the first day: nothing is learned, so the candidates' priors decide, for a request of typical length. */
export const PRIORS_ALONE: Guard = {
  shrink: 0,
  minSupport: 0,
  quality: [],
  outputTokens: [],
  inputTokens: { mean: TYPICAL.inputTokens, max: Number.POSITIVE_INFINITY },
  evidence: {},
}

/** How much of the predictions survives: shrink · (support − minSupport) / (1 − minSupport), 0 below `minSupport`. */
export function guardFactor({ shrink, minSupport }: Pick<Guard, 'shrink' | 'minSupport'>, support: number): number {
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
 * The costs by which candidates are compared: typical + factor · (own − typical). With constant predictions a long prompt looks dear
 * and a short answer cheap for every candidate, but how much better the dear one does then is not known, so that acting on the
 * length alone loses to the constant.
 */
export function guardCosts(own: Float64Array, typical: Float64Array, factor: number): Float64Array {
  return typical.map((cost, m) => (factor === 0 ? cost : cost + factor * (own[m]! - cost)))
}

/** The length of a typical request. What exceeds the longest training query counts in full: that much is known to cost. */
export function typicalInputTokens(inputTokens: number, { inputTokens: seen }: Guard): number {
  return seen === undefined ? inputTokens : seen.mean + Math.max(0, inputTokens - seen.max)
}
