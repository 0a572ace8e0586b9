/**
 * Doubly robust where weights are small, the model alone where they are large (Wang, Agarwal and Dudík 2017, arXiv 1612.01205):
 *
 *     Σ π(a | x) · q̂(x, a) + w · (r − q̂(x, a)) · 1[w ≤ τ]
 *
 * τ is the one of a grid with the least variance + bias² (their section 4). The bias is bounded by the largest error that the model was seen to make,
 * times the share of the policy's draws that are left to the model, mean of Σ π(a | x) · 1[π(a | x) / μ(a | x) > τ].
 */
import { lowerBound, mean, quantile } from '../metrics/statistics.ts'
import { expectedOf, type Sample, type ValueEstimator, weightOf } from './sample.ts'

/** Settings between the weights' 5 % and 95 % quantiles, evenly spaced in the logarithm. */
const STEPS = 21

export const switchDoublyRobust: ValueEstimator = (samples) => switched(samples, chooseThreshold(samples))

/** With τ given. 0 is the direct method, ∞ is doubly robust. */
export function switched(samples: readonly Sample[], threshold: number): Float64Array {
  return Float64Array.from(samples, (sample) => {
    const weight = weightOf(sample)
    const correction = weight <= threshold ? weight * (sample.reward - sample.expected[sample.arm]!) : 0
    return expectedOf(sample) + correction
  })
}

/** Share of the policy's draws whose weight is above τ, or who had no chance at all. */
function massAbove(samples: readonly Sample[], threshold: number): number {
  const isAbove = (chance: number, logged: number) => (logged === 0 ? chance > 0 : chance / logged > threshold)
  return mean(
    samples.map(({ logged, target }) =>
      target.reduce((sum, chance, a) => sum + (isAbove(chance, logged[a]!) ? chance : 0), 0),
    ),
  )
}

/** τ by the sum of variance and squared bound of the bias; the largest of equals. */
export function chooseThreshold(samples: readonly Sample[]): number {
  const weights = samples.flatMap(({ logged, target }) =>
    target.flatMap((chance, a) => (chance > 0 && logged[a]! > 0 ? [chance / logged[a]!] : [])),
  )
  const [low, high] = [quantile(weights, 0.05), quantile(weights, 0.95)]
  const grid = Array.from({ length: STEPS }, (_, k) => low * (high / low) ** (k / (STEPS - 1)))
  const error = samples.reduce(
    (most, { arm, reward, expected }) => Math.max(most, Math.abs(reward - expected[arm]!)),
    0,
  )
  let best = { threshold: Number.POSITIVE_INFINITY, loss: Number.POSITIVE_INFINITY }
  for (const threshold of [Number.POSITIVE_INFINITY, ...grid.reverse(), 0]) {
    const variance = lowerBound(switched(samples, threshold), 0).error ** 2
    const loss = variance + (error * massAbove(samples, threshold)) ** 2
    if (loss < best.loss) best = { threshold, loss }
  }
  return best.threshold
}
