/** Requests whose text is far from every other of the log: one alone teaches nothing about the traffic, and bends predictions around it. */
import { quantile } from '../metrics/statistics.ts'

/** Each is compared with at most so many others, spread evenly over the log. */
const COMPARED = 1000
/** A similarity is far out so many interquartile ranges below the first quartile (Tukey 1977). */
const RANGES = 3

/**
 * Indexes of the requests whose similarity to the nearest other text is far out among those of all. What has no vector is left in peace.
 * @param vectors unit norm
 * @param texts the same for the same text, whose vectors do not count as others
 */
export function lonely(vectors: readonly (Float32Array | null)[], texts: readonly string[]): number[] {
  const distinct = [...new Map(texts.map((text, i) => [text, i])).values()].filter((i) => vectors[i])
  const step = Math.max(1, distinct.length / COMPARED)
  const compared = Array.from(
    { length: Math.min(distinct.length, COMPARED) },
    (_, k) => distinct[Math.floor(k * step)]!,
  )
  const nearest = new Map<string, number>()
  for (const i of distinct) {
    const similarities = compared.flatMap((other) => (other === i ? [] : [dot(vectors[i]!, vectors[other]!)]))
    nearest.set(texts[i]!, Math.max(...similarities))
  }
  const all = [...nearest.values()]
  const [low, high] = [quantile(all, 0.25), quantile(all, 0.75)]
  const least = low - RANGES * (high - low)
  return texts.flatMap((text, i) => (vectors[i] && nearest.get(text)! < least ? [i] : []))
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
