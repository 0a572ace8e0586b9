/** A mean of terms and its standard error, where what was asked again is one piece of evidence. */
import { mean } from '../metrics/statistics.ts'

export interface Mean {
  readonly value: number
  /** Standard error. */
  readonly error: number
}

/**
 * The cluster-robust standard error of a mean (Liang and Zeger 1986): deviations are summed within each cluster before they are squared,
 * √(C / (C − 1) · Σ_c (Σ_{i ∈ c} (x_i − x̄))²) / n. With one term a cluster it is the usual one; fewer than two clusters bound nothing.
 * @param clusters by term, its cluster in 0 …
 */
export function clusteredMean(terms: ArrayLike<number>, clusters: ArrayLike<number>): Mean {
  const value = mean(terms)
  const sums: number[] = []
  for (let i = 0; i < terms.length; i++) sums[clusters[i]!] = (sums[clusters[i]!] ?? 0) + terms[i]! - value
  const squares = sums.reduce((sum, deviation) => sum + deviation * deviation, 0)
  const count = sums.length
  const error = count < 2 ? Number.POSITIVE_INFINITY : Math.sqrt((squares * count) / (count - 1)) / terms.length
  return { value, error }
}

/** A number for each distinct name, from 0. */
export function numberClusters(names: readonly string[]): Int32Array {
  const numbers = new Map<string, number>()
  return Int32Array.from(names, (name) => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  })
}
