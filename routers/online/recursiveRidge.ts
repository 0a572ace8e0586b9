/**
 * Ridge regression that takes one row at a time and forgets old ones: the weights w that minimise
 *
 *     Σᵢ cᵢ (yᵢ − w·xᵢ)² + Σⱼ Λⱼ wⱼ²,    so    (Λ + S) w = b,  S = Σᵢ cᵢ xᵢxᵢᵀ,  b = Σᵢ cᵢ yᵢ xᵢ,
 *
 * where cᵢ is the weight that row i has left. Textbook recursive least squares updates the inverse of Λ + S and, with a forgetting factor, forgets Λ too:
 * where nothing comes in, the inverse grows without bound (the "wind-up" of Åström and Wittenmark 1995), and the prior is lost first. So the sums are kept in
 * place of the inverse, forgetting acts on them alone (as in D-LinUCB, arXiv 1909.09146), and each row is followed by a new Cholesky factorisation,
 * d³ / 6 products. Λ bounds its condition, no error adds up, and all that is derived is a function of the sums, to the last bit.
 */

export interface RecursiveRidge {
  /** All rows so far count `kept` of what they did, then this one counts `weight`. */
  learn(row: Float64Array, target: number, counts: { readonly weight: number; readonly kept: number }): void
  predict(row: Float64Array): number
  /** Variance of the prediction as a share of what it was before any row, x'(Λ + S)⁻¹x / x'Λ⁻¹x, in (0, 1]. */
  doubt(row: Float64Array): number
  /** `sumsLength` numbers: the lower triangle of S by rows, then b. Not to be changed. */
  readonly sums: Float64Array
}

export function sumsLength(width: number): number {
  return (width * (width + 1)) / 2 + width
}

/**
 * @param precision Λ, all above 0, in units of rows
 * @param sums of another one of the same precision, to go on from
 */
export function createRecursiveRidge(
  precision: Float64Array,
  sums: Float64Array = new Float64Array(sumsLength(precision.length)),
): RecursiveRidge {
  const width = precision.length
  const cells = sumsLength(width) - width
  const factor = new Float64Array(cells)
  const weights = new Float64Array(width)
  refit()

  /** Λ + S = LL', then w by forward and backward substitution. */
  function refit(): void {
    for (let i = 0, at = 0; i < width; i++) {
      const row = (i * (i + 1)) / 2
      for (let j = 0; j <= i; j++, at++) {
        const other = (j * (j + 1)) / 2
        let sum = sums[at]!
        for (let k = 0; k < j; k++) sum -= factor[row + k]! * factor[other + k]!
        factor[at] = i === j ? Math.sqrt(sum + precision[i]!) : sum / factor[other + j]!
      }
    }
    forward(sums.subarray(cells), weights)
    for (let i = width - 1; i >= 0; i--) {
      const row = (i * (i + 1)) / 2
      weights[i]! /= factor[row + i]!
      for (let k = 0; k < i; k++) weights[k]! -= factor[row + k]! * weights[i]!
    }
  }

  /** L⁻¹ `right` → `out`; returns the squared length. */
  function forward(right: Float64Array, out: Float64Array): number {
    let squares = 0
    for (let i = 0; i < width; i++) {
      const row = (i * (i + 1)) / 2
      let sum = right[i]!
      for (let k = 0; k < i; k++) sum -= factor[row + k]! * out[k]!
      out[i] = sum / factor[row + i]!
      squares += out[i]! * out[i]!
    }
    return squares
  }

  const along = new Float64Array(width)
  return {
    sums,

    learn(row, target, { weight, kept }) {
      for (let i = 0, at = 0; i < width; i++) {
        const part = weight * row[i]!
        for (let j = 0; j <= i; j++, at++) sums[at] = kept * sums[at]! + part * row[j]!
        sums[cells + i] = kept * sums[cells + i]! + part * target
      }
      refit()
    },

    predict(row) {
      let sum = 0
      for (let i = 0; i < width; i++) sum += weights[i]! * row[i]!
      return sum
    },

    doubt(row) {
      let before = 0
      for (let i = 0; i < width; i++) before += (row[i]! * row[i]!) / precision[i]!
      return before === 0 ? 1 : forward(row, along) / before
    },
  }
}
