/**
 * How much the training data knows about a query: its closeness (any number that grows with familiarity) against the
 * closeness of the training queries to each other. The least familiar tenth of the training set is the ramp from 0 to 1.
 */
import { clamp } from './math.ts'

const RAMP = 0.1
const STEPS = 10
export const SUPPORT_POINTS = STEPS + 1

/** Quantiles 0, 1 %, … 10 % of the training queries' closeness; infinite without any, so that nothing is supported. */
export function supportReference(closeness: readonly number[]): Float64Array {
  const sorted = Float64Array.from(closeness).sort()
  return Float64Array.from({ length: SUPPORT_POINTS }, (_, step) => {
    if (sorted.length === 0) return Number.POSITIVE_INFINITY
    const position = (step / STEPS) * RAMP * (sorted.length - 1)
    const below = Math.floor(position)
    const share = position - below
    return sorted[below]! * (1 - share) + sorted[Math.min(below + 1, sorted.length - 1)]! * share
  })
}

/** In [0, 1]: 0 below every training query, 1 from the tenth percentile up. */
export function supportOf(closeness: number, reference: Float64Array): number {
  if (!(closeness >= reference[0]!)) return 0
  let step = STEPS
  while (step > 0 && closeness < reference[step]!) step--
  if (step === STEPS) return 1
  const low = reference[step]!
  return clamp((step + (closeness - low) / (reference[step + 1]! - low)) / STEPS, 0, 1)
}
