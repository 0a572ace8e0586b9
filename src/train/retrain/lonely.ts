/** Requests whose text is far from every other of the log: one alone teaches nothing about the traffic, and bends predictions around it. */

/** Each is compared with at most so many others, spread evenly over the log. */
const COMPARED = 1000

/**
 * Indexes of the requests whose nearest other text is farther away than two texts of the log are from each other on average. What has no vector is left in peace.
 * @param vectors unit norm
 * @param texts the same for the same text, which is no other
 */
export function lonely(vectors: readonly (Float32Array | null)[], texts: readonly string[]): number[] {
  const distinct = [...new Map(texts.map((text, i) => [text, i])).values()].filter((i) => vectors[i])
  const step = Math.max(1, distinct.length / COMPARED)
  const compared = Array.from(
    { length: Math.min(distinct.length, COMPARED) },
    (_, k) => distinct[Math.floor(k * step)]!,
  )
  const nearest = new Map<string, number>()
  let sum = 0
  let pairs = 0
  for (const i of distinct) {
    let most = Number.NEGATIVE_INFINITY
    for (const other of compared) {
      if (other === i) continue
      const similarity = dot(vectors[i]!, vectors[other]!)
      most = Math.max(most, similarity)
      sum += similarity
      pairs++
    }
    nearest.set(texts[i]!, most)
  }
  return texts.flatMap((text, i) => (vectors[i] && nearest.get(text)! < sum / pairs ? [i] : []))
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
