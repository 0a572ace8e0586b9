/** The thin singular value decomposition of a matrix through the smaller of its two Gram matrices. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'

export interface Spectrum {
  readonly rank: number
  /** Squared singular values, largest first. */
  readonly values: Float64Array
  /** Right singular vectors as rows: [rank, width]. */
  readonly directions: Float64Array
}

/** `rows` is row-major [n, width]. Directions whose share of the total is below rounding are dropped. */
export function spectrum(rows: Float64Array, n: number, width: number): Spectrum {
  const wide = n < width
  const size = wide ? n : width
  if (size === 0) return { rank: 0, values: new Float64Array(0), directions: new Float64Array(0) }
  const gram = wide ? rowGram(rows, n, width) : columnGram(rows, n, width)
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true })
  const order = realEigenvalues.map((_, j) => j).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!)
  const floor = Math.max(0, realEigenvalues[order[0]!]!) * 1e-10
  const kept = order.filter((j) => realEigenvalues[j]! > floor)

  const directions = new Float64Array(kept.length * width)
  for (const [r, j] of kept.entries()) {
    const out = directions.subarray(r * width, (r + 1) * width)
    if (!wide) {
      for (let a = 0; a < width; a++) out[a] = eigenvectorMatrix.get(a, j)
      continue
    }
    const scale = 1 / Math.sqrt(realEigenvalues[j]!)
    for (let i = 0; i < n; i++) {
      const weight = eigenvectorMatrix.get(i, j) * scale
      for (let a = 0; a < width; a++) out[a]! += weight * rows[i * width + a]!
    }
  }
  return { rank: kept.length, values: Float64Array.from(kept, (j) => realEigenvalues[j]!), directions }
}

/** Four rows at a time, added in their order: each entry of the large result is read and written once for the four. */
function columnGram(rows: Float64Array, n: number, width: number): Matrix {
  const gram = new Float64Array(width * width)
  const none = new Float64Array(width)
  for (let i = 0; i < n; i += 4) {
    const row = (k: number) => (k < n ? rows.subarray(k * width, (k + 1) * width) : none)
    const [r0, r1, r2, r3] = [row(i), row(i + 1), row(i + 2), row(i + 3)]
    for (let a = 0; a < width; a++) {
      const v0 = r0[a]!
      const v1 = r1[a]!
      const v2 = r2[a]!
      const v3 = r3[a]!
      const start = a * width
      for (let b = 0; b <= a; b++) {
        gram[start + b] = gram[start + b]! + v0 * r0[b]! + v1 * r1[b]! + v2 * r2[b]! + v3 * r3[b]!
      }
    }
  }
  return symmetric(gram, width)
}

function rowGram(rows: Float64Array, n: number, width: number): Matrix {
  const gram = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k <= i; k++) {
      let sum = 0
      for (let a = 0; a < width; a++) sum += rows[i * width + a]! * rows[k * width + a]!
      gram[i * n + k] = sum
    }
  }
  return symmetric(gram, n)
}

/** Fills the upper triangle from the lower one. */
function symmetric(lower: Float64Array, size: number): Matrix {
  for (let a = 0; a < size; a++) for (let b = 0; b < a; b++) lower[b * size + a] = lower[a * size + b]!
  return Matrix.from1DArray(size, size, lower)
}
