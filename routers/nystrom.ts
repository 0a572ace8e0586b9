/**
 * The Nyström method (Williams and Seeger 2001): a kernel on few landmarks becomes as many ordinary columns, φ(x) = L⁻¹ k(x) with L the Cholesky factor
 * of the landmarks' own kernel matrix. A linear model on φ is kernel ridge regression restricted to the landmarks, and exact when every row is one.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { dotRow } from './math.ts'

/** Added to the diagonal, where the kernel has 1: equal landmarks would leave nothing to factorise. */
const JITTER = 1e-6

export interface Whitening {
  /** Landmarks. */
  readonly size: number
  /** k(x) → φ(x), in place. */
  forward(row: Float64Array): void
  /** Weights of φ → weights of k(x), in place: both give the same prediction, the second without solving anything. */
  back(weights: Float64Array): void
}

/** `kernel` is the landmarks' own, [size, size]; of each pair the lower entry is read. */
export function whitening(kernel: Float64Array, size: number): Whitening {
  const matrix = new Matrix(size, size)
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      const value = kernel[a * size + b]! + (a === b ? JITTER : 0)
      matrix.set(a, b, value)
      matrix.set(b, a, value)
    }
  }
  const factor = size === 0 ? new Float64Array(0) : lower(matrix, size)

  function forward(row: Float64Array): void {
    for (let a = 0; a < size; a++) {
      const start = a * size
      let sum = row[a]!
      for (let b = 0; b < a; b++) sum -= factor[start + b]! * row[b]!
      row[a] = sum / factor[start + a]!
    }
  }

  function back(weights: Float64Array): void {
    for (let a = size - 1; a >= 0; a--) {
      const start = a * size
      const weight = weights[a]! / factor[start + a]!
      weights[a] = weight
      for (let b = 0; b < a; b++) weights[b]! -= factor[start + b]! * weight
    }
  }
  return { size, forward, back }
}

/** Rows of a training set in the coordinates of landmarks. */
export interface Expansion {
  /** φ of every row less their mean, row-major [n, landmarks]. */
  readonly phi: Float64Array
  /** Mean of the rows' k(x): what to take from one before weights that went `back` apply. */
  readonly centre: Float64Array
  /**
   * The kernel of a centred query with itself, [1 + landmarks]: an intercept and weights of its centred k(x). Beyond |φ|² it has what the landmarks
   * cannot say, so that a query far from all of them is known to be far.
   */
  readonly prior: Float64Array
}

/** `rows` are the kernels k(x) of the rows and all landmarks, row-major [n, size]; they become `phi` in place. */
export function expand(rows: Float64Array, n: number, { size, forward, back }: Whitening): Expansion {
  const centre = new Float64Array(size)
  for (let at = 0; at < rows.length; at++) centre[at % size]! += rows[at]! / n
  const mean = centre.slice()
  forward(mean)
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * size, (i + 1) * size)
    forward(row)
    for (let l = 0; l < size; l++) row[l]! -= mean[l]!
  }
  const prior = Float64Array.of(1 - dotRow(mean, 0, size, mean), ...mean.map((value) => -2 * value))
  back(prior.subarray(1))
  return { phi: rows, centre, prior }
}

function lower(matrix: Matrix, size: number): Float64Array {
  const { lowerTriangularMatrix } = new CholeskyDecomposition(matrix)
  return Float64Array.from({ length: size * size }, (_, at) =>
    lowerTriangularMatrix.get(Math.floor(at / size), at % size),
  )
}
