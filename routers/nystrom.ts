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
  /** k(x) → φ(x), in place, for every row of [n, size]. */
  forward(rows: Float64Array): void
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

  /** Four rows at a time, as in `dotRows`: the sums of one row wait for each other. */
  function forward(rows: Float64Array): void {
    let start = 0
    for (; start + 4 * size <= rows.length && size > 0; start += 4 * size) {
      const [r0, r1, r2, r3] = [start, start + size, start + 2 * size, start + 3 * size]
      for (let a = 0; a < size; a++) {
        const line = a * size
        let s0 = rows[r0 + a]!
        let s1 = rows[r1 + a]!
        let s2 = rows[r2 + a]!
        let s3 = rows[r3 + a]!
        for (let b = 0; b < a; b++) {
          const value = factor[line + b]!
          s0 -= value * rows[r0 + b]!
          s1 -= value * rows[r1 + b]!
          s2 -= value * rows[r2 + b]!
          s3 -= value * rows[r3 + b]!
        }
        const pivot = factor[line + a]!
        rows[r0 + a] = s0 / pivot
        rows[r1 + a] = s1 / pivot
        rows[r2 + a] = s2 / pivot
        rows[r3 + a] = s3 / pivot
      }
    }
    for (; start < rows.length; start += size) {
      for (let a = 0; a < size; a++) {
        let sum = rows[start + a]!
        for (let b = 0; b < a; b++) sum -= factor[a * size + b]! * rows[start + b]!
        rows[start + a] = sum / factor[a * size + a]!
      }
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
  forward(rows)
  for (let at = 0; at < rows.length; at++) rows[at]! -= mean[at % size]!
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
