/**
 * The threshold cascade (FrugalGPT, arXiv 2305.05176): candidates are asked in a fixed order, and the first answer whose score reaches its
 * threshold is returned; the last one is returned as it is.
 */

export interface ThresholdCascade {
  readonly order: readonly number[]
  /** One for each but the last. */
  readonly thresholds: readonly number[]
}

/**
 * Whom to ask next; `null`: the last answer is accepted.
 * @param asked how many of the order have answered
 * @param score of the last answer; not read before the first
 */
export function nextInOrder({ order, thresholds }: ThresholdCascade, asked: number, score: number): number | null {
  const accepted = asked > 0 && (asked === order.length || score >= thresholds[asked - 1]!)
  return accepted ? null : order[asked]!
}
