/**
 * The model's expectation, corrected by what it missed where something was seen (Dudík, Langford and Li 2011, arXiv 1103.4601),
 *
 *     Σ π(a | x) · q̂(x, a) + w · (r − q̂(x, a))
 *
 * of the arm drawn. Unbiased when the probabilities are those that were drawn by, whatever the model; the better the model, the less it scatters.
 */
import { expectedOf, type ValueEstimator, weightOf } from './sample.ts'

export const doublyRobust: ValueEstimator = (samples) =>
  Float64Array.from(
    samples,
    (sample) => expectedOf(sample) + weightOf(sample) * (sample.reward - sample.expected[sample.arm]!),
  )
