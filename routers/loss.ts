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
