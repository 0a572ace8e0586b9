/**
 * Doubly robust where weights are small, the model alone where they are large (Wang, Agarwal and Dudík 2017, arXiv 1612.01205):
 *
 *     Σ π(a | x) · q̂(x, a) + w · (r − q̂(x, a)) · 1[w ≤ τ]
 *
 * τ is the one of a grid with the least variance + bias² (their section 4). The bias is bounded by the largest error that the model was seen to make,
 * times the share of the policy's draws that are left to the model, mean of Σ π(a | x) · 1[π(a | x) / μ(a | x) > τ].
 */
import { lowerBound, quantile } from '../metrics/statistics.ts'
import { expectedOf, type Sample, type ValueEstimator, weightOf } from './sample.ts'

/** Settings between the weights' 5 % and 95 % quantiles, evenly spaced in the logarithm. */
const STEPS = 21

export const switchDoublyRobust: ValueEstimator = (samples) => switched(samples, chooseThreshold(samples))

/** With τ given. 0 is the direct method, ∞ is doubly robust. */
export function switched(samples: readonly Sample[], threshold: number): Float64Array {
  return createSwitch(samples)(threshold)
}

/** τ by the sum of variance and squared bound of the bias; the largest of equals. */
export function chooseThreshold(samples: readonly Sample[]): number {
  const draws = drawsOf(samples)
  const possible = draws.weights.filter(Number.isFinite)
  const [low, high] = [quantile(possible, 0.05), quantile(possible, 0.95)]
  const grid = Array.from({ length: STEPS }, (_, k) => high * (low / high) ** (k / (STEPS - 1)))
  const error = samples.reduce(
    (most, { arm, reward, expected }) => Math.max(most, Math.abs(reward - expected[arm]!)),
    0,
  )
  const termsAt = createSwitch(samples)
  let best = { threshold: Number.POSITIVE_INFINITY, loss: Number.POSITIVE_INFINITY }
  for (const threshold of [Number.MAX_VALUE, ...grid, 0]) {
    const bias = (error * massAbove(draws, threshold)) / samples.length
    const loss = lowerBound(termsAt(threshold), 0).error ** 2 + bias ** 2
    if (loss < best.loss) best = { threshold, loss }
  }
  return best.threshold
}

/** What τ does not change is worked out once. */
function createSwitch(samples: readonly Sample[]): (threshold: number) => Float64Array {
  const weights = Float64Array.from(samples, weightOf)
  const base = Float64Array.from(samples, expectedOf)
  const corrections = Float64Array.from(
    samples,
    ({ arm, reward, expected }, i) => weights[i]! * (reward - expected[arm]!),
  )
  return (threshold) => base.map((value, i) => (weights[i]! <= threshold ? value + corrections[i]! : value))
}

/** All that the policy may draw: how often, by request, and the weight it would have, ∞ where it was not possible. */
interface Draws {
  readonly masses: Float64Array
  readonly weights: Float64Array
}

function drawsOf(samples: readonly Sample[]): Draws {
  const masses: number[] = []
  const weights: number[] = []
  for (const { logged, target } of samples) {
    for (let arm = 0; arm < target.length; arm++) {
      if (target[arm] === 0) continue
      masses.push(target[arm]!)
      weights.push(target[arm]! / logged[arm]!)
    }
  }
  return { masses: Float64Array.from(masses), weights: Float64Array.from(weights) }
}

/** Of the draws whose weight is above τ. */
function massAbove({ masses, weights }: Draws, threshold: number): number {
  let sum = 0
  for (let i = 0; i < masses.length; i++) if (weights[i]! > threshold) sum += masses[i]!
  return sum
}
