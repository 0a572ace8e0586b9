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

/**
 * Mean over groups of each group's weighted mean: the task average, where every task counts alike. Groups whose weights sum to zero
 * (not drawn) are left out. `groupOf[i]` in 0 … is the group of value i.
 */
export function meanOfGroups(
  values: ArrayLike<number>,
  groupOf: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number {
  const sums: number[] = []
  const totals: number[] = []
  for (let i = 0; i < values.length; i++) {
    const group = groupOf[i]!
    const weight = weights?.[i] ?? 1
    sums[group] = (sums[group] ?? 0) + weight * values[i]!
    totals[group] = (totals[group] ?? 0) + weight
  }
  return mean(sums.flatMap((sum, group) => (totals[group]! > 0 ? [sum / totals[group]!] : [])))
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
