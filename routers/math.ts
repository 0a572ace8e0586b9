/** Small numerical helpers shared by the estimators. */

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** Inverse of `sigmoid`; probabilities are kept a little away from 0 and 1 so that the result is finite. */
export function logit(probability: number): number {
  const p = clamp(probability, 0.01, 0.99)
  return Math.log(p / (1 - p))
}

/** Arithmetic mean; 0 of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / (values.length || 1)
}

/**
 * The logit a at which σ(a + b) is `chance` on average over normal b of mean 0 and this variance: that mean is about
 * σ(a / √(1 + π/8 · variance)) (MacKay 1992), here inverted.
 */
export function logitOfMean(chance: number, variance: number): number {
  return Math.sqrt(1 + (Math.PI / 8) * variance) * logit(chance)
}

/** Product of row `row` of a row-major matrix of `width` columns with `x`. */
export function dotRow(matrix: Float32Array | Float64Array, row: number, width: number, x: Float64Array): number {
  const start = row * width
  let sum = 0
  for (let j = 0; j < width; j++) sum += matrix[start + j]! * x[j]!
  return sum
}

/** A random subset of `count` of the numbers 0 … n−1, ascending; all of them when `count` ≥ n (selection sampling). */
export function sampleRows(n: number, count: number, random: () => number): number[] {
  const rows: number[] = []
  for (let i = 0; i < n && rows.length < count; i++) {
    if (random() * (n - i) < count - rows.length) rows.push(i)
  }
  return rows
}

/** Some rows of a row-major matrix of `width` columns, in the order of `rows`. */
export function pickRows(matrix: Float64Array, rows: readonly number[], width: number): Float64Array {
  const picked = new Float64Array(rows.length * width)
  for (const [r, i] of rows.entries()) picked.set(matrix.subarray(i * width, (i + 1) * width), r * width)
  return picked
}
