/** Logistic regression with a ridge penalty, on rows that are mostly zeros. */
import { minimise } from './lbfgs.ts'
import { sigmoid } from './math.ts'

/** The entries of a row that are not 0. */
export interface SparseRow {
  readonly columns: readonly number[]
  readonly values: readonly number[]
}

/**
 * The weights of highest penalised likelihood.
 * @param outcomes in [0, 1]: a fraction counts as so much of a right answer
 * @param penalties per column, of half the squared weight, in outcomes; above 0. A column of ones makes the intercept
 */
export function fitLogistic(
  rows: readonly SparseRow[],
  outcomes: ArrayLike<number>,
  penalties: Float64Array,
): Float64Array {
  const starts = new Uint32Array(rows.length + 1)
  for (const [i, { columns }] of rows.entries()) starts[i + 1] = starts[i]! + columns.length
  const columns = new Uint32Array(starts[rows.length]!)
  const values = new Float64Array(columns.length)
  for (const [i, row] of rows.entries()) {
    columns.set(row.columns, starts[i])
    values.set(row.values, starts[i])
  }
  const curvature = penalties.slice()
  for (const [at, column] of columns.entries()) curvature[column]! += values[at]! ** 2 / 4

  const evaluate = (weights: Float64Array, gradient: Float64Array) => {
    let value = 0
    for (const [j, penalty] of penalties.entries()) {
      value += (penalty / 2) * weights[j]! ** 2
      gradient[j] = penalty * weights[j]!
    }
    for (let i = 0; i < rows.length; i++) {
      const [from, to] = [starts[i]!, starts[i + 1]!]
      let z = 0
      for (let at = from; at < to; at++) z += weights[columns[at]!]! * values[at]!
      value += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - outcomes[i]! * z
      const error = sigmoid(z) - outcomes[i]!
      for (let at = from; at < to; at++) gradient[columns[at]!]! += error * values[at]!
    }
    return value
  }
  const weights = new Float64Array(penalties.length)
  minimise(evaluate, weights, { curvature, maxIterations: 100, tolerance: 1e-7 })
  return weights
}

export function dotSparse(weights: ArrayLike<number>, { columns, values }: SparseRow): number {
  let sum = 0
  for (let at = 0; at < columns.length; at++) sum += weights[columns[at]!]! * values[at]!
  return sum
}
