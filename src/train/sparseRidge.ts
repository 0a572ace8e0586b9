/**
 * Ridge regression with an intercept on sparse rows, for many penalties at the cost of one.
 *
 * In the dual, (K + α) a = y with K = X Xᵀ centred and w = Xᵀ a, so that nothing of the size rows × rows or columns × columns is
 * ever held. Lanczos iteration from y gives an orthonormal basis in which K is tridiagonal; as K + α has the same Krylov space for
 * every α, each penalty then costs one tridiagonal solve (the multi-shift form of conjugate gradients: Paige and Saunders 1975;
 * Frommer and Maass 1999).
 */
import { mean } from './metrics/statistics.ts'

/** Compressed sparse rows: the entries of row i are `starts[i]` … `starts[i + 1] − 1`. */
export interface SparseRows {
  readonly width: number
  readonly starts: Int32Array
  readonly columns: Int32Array
  readonly values: Float64Array
}

export interface SparseRidge {
  readonly penalty: number
  readonly intercept: number
  /** One per column. */
  readonly weights: Float64Array
}

/** Residual, relative to the target, at which an iteration is done; far below what any choice can feel. */
const TOLERANCE = 1e-6
const MAX_STEPS = 300

/** Minimises Σ (y − intercept − x·w)² + α ‖w‖² for every α of `penalties` (above 0). `y` has one finite value per row. */
export function fitSparseRidge(x: SparseRows, y: Float64Array, penalties: readonly number[]): SparseRidge[] {
  const centre = mean(y)
  const krylov = tridiagonalise(
    (a) => centred(multiply(x, multiplyTransposed(x, a))),
    y.map((value) => value - centre),
    Math.min(...penalties),
  )
  return penalties.map((penalty) => {
    const coordinates = solveTridiagonal(krylov, penalty)
    const dual = new Float64Array(y.length)
    for (const [k, vector] of krylov.basis.entries()) {
      for (let i = 0; i < dual.length; i++) dual[i]! += coordinates[k]! * vector[i]!
    }
    const weights = multiplyTransposed(x, dual)
    return { penalty, weights, intercept: centre - mean(multiply(x, weights)) }
  })
}

/** The rows of those indexes, in their order. */
export function selectRows({ width, starts, columns, values }: SparseRows, indexes: readonly number[]): SparseRows {
  const ends = new Int32Array(indexes.length + 1)
  for (const [r, i] of indexes.entries()) ends[r + 1] = ends[r]! + starts[i + 1]! - starts[i]!
  const picked = { width, starts: ends, columns: new Int32Array(ends.at(-1)!), values: new Float64Array(ends.at(-1)!) }
  for (const [r, i] of indexes.entries()) {
    picked.columns.set(columns.subarray(starts[i]!, starts[i + 1]!), ends[r])
    picked.values.set(values.subarray(starts[i]!, starts[i + 1]!), ends[r])
  }
  return picked
}

/** Predictions for every row. */
export function predictSparse(x: SparseRows, { intercept, weights }: SparseRidge): Float64Array {
  return multiply(x, weights).map((value) => value + intercept)
}

/** x·w for every row. */
function multiply({ starts, columns, values }: SparseRows, w: Float64Array): Float64Array {
  const out = new Float64Array(starts.length - 1)
  for (let i = 0; i < out.length; i++) {
    let sum = 0
    for (let e = starts[i]!; e < starts[i + 1]!; e++) sum += values[e]! * w[columns[e]!]!
    out[i] = sum
  }
  return out
}

function multiplyTransposed({ width, starts, columns, values }: SparseRows, a: Float64Array): Float64Array {
  const out = new Float64Array(width)
  for (let i = 0; i < a.length; i++) {
    for (let e = starts[i]!; e < starts[i + 1]!; e++) out[columns[e]!]! += values[e]! * a[i]!
  }
  return out
}

/** Centres the columns of X: the vectors it is applied to already sum to 0, so only the result has a mean to lose. */
function centred(values: Float64Array): Float64Array {
  const centre = mean(values)
  return values.map((value) => value - centre)
}

interface Krylov {
  /** Orthonormal; the first points along the right-hand side. */
  readonly basis: readonly Float64Array[]
  /** Length of the right-hand side. */
  readonly length: number
  readonly diagonal: readonly number[]
  /** `beside[k]` couples basis vectors k and k + 1. */
  readonly beside: readonly number[]
}

/** Lanczos iteration until the system with the smallest penalty, which takes longest, is solved. */
function tridiagonalise(apply: (a: Float64Array) => Float64Array, y: Float64Array, smallest: number): Krylov {
  const length = Math.sqrt(dot(y, y))
  const basis: Float64Array[] = []
  const diagonal: number[] = []
  const beside: number[] = []
  const krylov = { basis, length, diagonal, beside }
  let next = y
  let norm = length
  while (norm > TOLERANCE * length && basis.length < Math.min(MAX_STEPS, y.length)) {
    if (basis.length > 0) beside.push(norm)
    const current = next.map((value) => value / norm)
    basis.push(current)
    next = apply(current)
    diagonal.push(dot(next, current))
    // The last two would do in exact arithmetic; the others lose their orthogonality to rounding.
    for (const vector of basis) {
      const share = dot(next, vector)
      for (let i = 0; i < next.length; i++) next[i]! -= share * vector[i]!
    }
    norm = Math.sqrt(dot(next, next))
    const last = solveTridiagonal(krylov, smallest).at(-1)!
    if (norm * Math.abs(last) <= TOLERANCE * length) break
  }
  return krylov
}

/** Solves (T + α) z = length · e₁ by elimination; T + α is positive definite, so no pivot vanishes. */
function solveTridiagonal({ length, diagonal, beside }: Krylov, penalty: number): Float64Array {
  const n = diagonal.length
  const pivots = new Float64Array(n)
  const z = new Float64Array(n)
  for (let k = 0; k < n; k++) {
    const factor = k === 0 ? 0 : beside[k - 1]! / pivots[k - 1]!
    pivots[k] = diagonal[k]! + penalty - (k === 0 ? 0 : factor * beside[k - 1]!)
    z[k] = k === 0 ? length : -factor * z[k - 1]!
  }
  for (let k = n - 1; k >= 0; k--) z[k] = (z[k]! - (k === n - 1 ? 0 : beside[k]! * z[k + 1]!)) / pivots[k]!
  return z
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
