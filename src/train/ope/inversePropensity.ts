/**
 * Rewards weighted by how much more often the policy would have drawn what was drawn (Horvitz and Thompson 1952), w · r: unbiased where every arm that the
 * policy may draw was possible, and as uncertain as the weights are uneven.
 *
 * Self-normalised (Swaminathan and Joachims 2015), Σ w · r / Σ w, it no longer varies with the sum of the weights, for a bias that
 * fades as 1 / n. Its terms are those of the delta method, V + w · (r − V) / w̄.
 */
import { mean } from '../metrics/statistics.ts'
import { type ValueEstimator, weightOf } from './sample.ts'

export const inversePropensity: ValueEstimator = (samples) =>
  Float64Array.from(samples, (sample) => weightOf(sample) * sample.reward)

/** `NaN` where the policy would have drawn nothing of what was. */
export const selfNormalised: ValueEstimator = (samples) => {
  const meanWeight = mean(samples.map(weightOf))
  const value = mean(inversePropensity(samples)) / meanWeight
  return Float64Array.from(samples, (sample) => value + (weightOf(sample) * (sample.reward - value)) / meanWeight)
}
