/** Small statistics over per-query numbers. */

/** Arithmetic mean; `NaN` of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** Mean with weights; `NaN` when they sum to zero. */
export function weightedMean(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0
  let total = 0
  for (let i = 0; i < values.length; i++) {
    sum += values[i]! * weights[i]!
    total += weights[i]!
  }
  return sum / total
}

/** The p-quantile by linear interpolation between order statistics; `NaN` of nothing. */
export function quantile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) return Number.NaN
  const at = p * (sorted.length - 1)
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at))
}

/** Mean, its standard error, and the lower bound `mean − z · error`. Fewer than two values bound nothing. */
export function lowerBound(values: ArrayLike<number>, z: number): { mean: number; error: number; low: number } {
  const centre = mean(values)
  if (values.length < 2) return { mean: centre, error: Number.POSITIVE_INFINITY, low: Number.NEGATIVE_INFINITY }
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i]! - centre) ** 2
  const error = Math.sqrt(squares / (values.length - 1) / values.length)
  return { mean: centre, error, low: centre - z * error }
}

export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/**
 * Percentile bootstrap over queries. `statistics` receives how often each query was drawn and returns its numbers; all
 * of them see the same draws, so that differences between them are paired. Intervals cover 95 %. A number that is not
 * finite in a draw (quality never reached) counts as it stands, at its end of the order.
 */
export function bootstrap(
  count: number,
  statistics: (weights: Float64Array) => readonly number[],
  options: { readonly random: () => number; readonly draws: number },
): Interval[] {
  const weights = new Float64Array(count).fill(1)
  const values = [...statistics(weights)]
  const drawn = values.map(() => new Float64Array(options.draws))
  for (let draw = 0; draw < options.draws; draw++) {
    weights.fill(0)
    for (let i = 0; i < count; i++) weights[Math.floor(options.random() * count)]!++
    const sample = statistics(weights)
    for (let k = 0; k < drawn.length; k++) drawn[k]![draw] = sample[k]!
  }
  return values.map((value, k) => ({ value, low: nearestRank(drawn[k]!, 0.025), high: nearestRank(drawn[k]!, 0.975) }))
}

/** A quantile that never interpolates, so that infinite values do no harm. */
function nearestRank(values: Float64Array, p: number): number {
  const sorted = values.slice().sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!
}
