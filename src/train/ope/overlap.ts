/** How much of what a policy would do was tried: without that, no estimate of it is worth anything. */
import { mean } from '../metrics/statistics.ts'
import type { Mean } from './clustered.ts'
import { clusteredMean } from './clustered.ts'
import { type Sample, weightOf } from './sample.ts'

export interface Overlap {
  /** Effective sample size, (Σ |w|)² / Σ w² (Kish 1965): so many evenly weighted requests would say as much. */
  readonly effective: number
  /** The largest weight. */
  readonly largest: number
  /** Share of the policy's draws that fall on arms which had no chance; nothing was seen of these. */
  readonly impossible: number
}

/** Fewer effective requests than this, or more impossible draws, and no number is given. */
export const LEAST_EFFECTIVE = 30
export const MOST_IMPOSSIBLE = 0.05

export function overlapOf(samples: readonly Sample[]): Overlap {
  return measure(
    samples.map(weightOf),
    samples.map(({ logged, target }) => massOn(target, logged)),
  )
}

/**
 * That of a difference: weights are w_a − w_b. Where both decide alike a request says nothing of which is better, and nothing has
 * to have been tried. `a[i]` and `b[i]` are of the same request.
 */
export function differingOverlap(a: readonly Sample[], b: readonly Sample[]): Overlap {
  return measure(
    a.map((sample, i) => weightOf(sample) - weightOf(b[i]!)),
    a.map(({ logged, target }, i) => massOn(apart(target, b[i]!.target), logged)),
  )
}

/** Why there is too little of it, in plain words; `null`: there is enough. */
export function lackOf({ effective, impossible }: Overlap): string | null {
  if (impossible > MOST_IMPOSSIBLE)
    return `${percent(impossible)} of what is to be judged was never possible where it was logged`
  if (effective < LEAST_EFFECTIVE)
    return `what was logged says as much of it as ${Math.floor(effective)} requests would, fewer than ${LEAST_EFFECTIVE}`
  return null
}

/**
 * The mean weight, with its error. Its expectation is 1 − the impossible share: a mean far from it means that the logged chances are not those
 * of the requests at hand, as where the candidate that answered has a say in which answers get a score.
 */
export function meanWeight(samples: readonly Sample[], clusters: ArrayLike<number>): Mean {
  return clusteredMean(samples.map(weightOf), clusters)
}

function measure(weights: readonly number[], impossible: readonly number[]): Overlap {
  let [sum, squares, largest] = [0, 0, 0]
  for (const weight of weights) {
    const size = Math.abs(weight)
    sum += size
    squares += size * size
    largest = Math.max(largest, size)
  }
  return { effective: squares > 0 ? (sum * sum) / squares : 0, largest, impossible: mean(impossible) }
}

function massOn(chances: readonly number[], logged: readonly number[]): number {
  return chances.reduce((sum, chance, a) => sum + (logged[a] === 0 ? chance : 0), 0)
}

function apart(a: readonly number[], b: readonly number[]): number[] {
  return a.map((chance, m) => Math.abs(chance - b[m]!))
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`
}
