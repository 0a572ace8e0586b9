/**
 * Isotonic regression: the curve that never falls and is closest to the outcomes in least squares, by pooling adjacent violators (Ayer et al.
 * 1955). It turns any score into a calibrated chance as long as higher scores mean better chances (Zadrozny and Elkan 2002; for
 * cascades UCCI, arXiv 2605.18796).
 */

/** A curve through these points by rising score, straight between them, flat beyond. */
export interface Isotonic {
  readonly scores: readonly number[]
  readonly values: readonly number[]
}

/** Scores need no order; equal ones are one point. @throws RangeError without any score */
export function fitIsotonic(scores: ArrayLike<number>, outcomes: ArrayLike<number>): Isotonic {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!)
  if (order.length === 0) throw new RangeError('an isotonic curve needs at least one outcome')
  const blocks: { low: number; high: number; sum: number; count: number }[] = []
  for (const i of order) {
    const last = blocks.at(-1)
    if (last !== undefined && last.high === scores[i]!) {
      last.sum += outcomes[i]!
      last.count += 1
    } else blocks.push({ low: scores[i]!, high: scores[i]!, sum: outcomes[i]!, count: 1 })
  }
  const pooled: typeof blocks = []
  for (const block of blocks) {
    let { low, high, sum, count } = block
    for (let last = pooled.at(-1); last !== undefined && last.sum * count >= sum * last.count; last = pooled.at(-1)) {
      pooled.pop()
      low = last.low
      sum += last.sum
      count += last.count
    }
    pooled.push({ low, high, sum, count })
  }
  // A block is flat: both its ends are points of the curve.
  const points = pooled.flatMap(({ low, high, sum, count }) =>
    (low === high ? [low] : [low, high]).map((score) => ({ score, value: sum / count })),
  )
  return { scores: points.map(({ score }) => score), values: points.map(({ value }) => value) }
}

export function applyIsotonic({ scores, values }: Isotonic, score: number): number {
  let [low, high] = [-1, scores.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (scores[middle]! <= score) low = middle
    else high = middle
  }
  if (low < 0) return values[0]!
  if (high === scores.length) return values[low]!
  const share = (score - scores[low]!) / (scores[high]! - scores[low]!)
  return values[low]! + share * (values[high]! - values[low]!)
}
