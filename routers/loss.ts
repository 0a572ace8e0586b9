/** What the estimators choose their settings by. */

/**
 * Squared error of the differences between candidates, which is what routing lives from: the part of quality that all candidates share
 * cannot change a choice. Where fewer than two outcomes of a row are known, the plain squared error.
 */
export function differenceLoss(truth: ArrayLike<number>, prediction: ArrayLike<number>): number {
  let known = 0
  let sum = 0
  let squares = 0
  for (let c = 0; c < truth.length; c++) {
    if (Number.isNaN(truth[c]!)) continue
    const error = prediction[c]! - truth[c]!
    known += 1
    sum += error
    squares += error * error
  }
  return known < 2 ? squares : squares - (sum * sum) / known
}

/**
 * Row-major outcomes as their differences from what the known candidates have in common on their row, each counted from its own mean: the
 * part of quality that `differenceLoss` measures. A row with one known outcome keeps it; NaN stays NaN.
 */
export function differences(outcomes: Float64Array, columns: number): Float64Array {
  const result = outcomes.slice()
  for (let c = 0; c < columns; c++) {
    let sum = 0
    let count = 0
    for (let at = c; at < result.length; at += columns) {
      if (Number.isNaN(outcomes[at]!)) continue
      sum += outcomes[at]!
      count += 1
    }
    for (let at = c; at < result.length; at += columns) result[at]! -= sum / count
  }
  for (let start = 0; start < result.length; start += columns) {
    const row = result.subarray(start, start + columns)
    const rest = row.filter((value) => !Number.isNaN(value))
    if (rest.length < 2) continue
    const common = rest.reduce((sum, value) => sum + value, 0) / rest.length
    for (let c = 0; c < columns; c++) row[c]! -= common
  }
  return result
}
