import { Matrix, solve } from 'ml-matrix'
import { expect, it } from 'vitest'
import { createRandom } from './random.ts'
import { fitSparseRidge, predictSparse, type SparseRows, selectRows } from './sparseRidge.ts'

/** About a third of the entries are not 0; row 0 is empty. */
function sparse(n: number, width: number, seed: number): { x: SparseRows; dense: number[][] } {
  const random = createRandom(seed)
  const dense = Array.from({ length: n }, (_, i) =>
    Array.from({ length: width }, () => (i > 0 && random() < 0.3 ? random() - 0.3 : 0)),
  )
  const entries = dense.map((row) => row.flatMap((value, column) => (value === 0 ? [] : [{ column, value }])))
  const starts = new Int32Array(n + 1)
  for (const [i, row] of entries.entries()) starts[i + 1] = starts[i]! + row.length
  const flat = entries.flat()
  const columns = Int32Array.from(flat, ({ column }) => column)
  return { x: { width, starts, columns, values: Float64Array.from(flat, ({ value }) => value) }, dense }
}

/** The normal equations on centred columns, solved densely. */
function solveDensely(dense: number[][], y: Float64Array, penalty: number): { weights: number[]; intercept: number } {
  const matrix = new Matrix(dense)
  const centre = matrix.mean('column')
  const centred = matrix.clone().subRowVector(centre)
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length
  const gram = centred.transpose().mmul(centred).add(Matrix.eye(matrix.columns).mul(penalty))
  const right = centred.transpose().mmul(Matrix.columnVector([...y].map((value) => value - mean)))
  const weights = solve(gram, right).to1DArray()
  return { weights, intercept: mean - weights.reduce((sum, weight, j) => sum + weight * centre[j]!, 0) }
}

it.each([
  { n: 40, width: 15, what: 'more rows than columns' },
  { n: 20, width: 50, what: 'more columns than rows' },
])('equals a dense solve for every penalty, $what', ({ n, width }) => {
  const { x, dense } = sparse(n, width, n)
  const random = createRandom(3)
  const y = Float64Array.from({ length: n }, () => 5 + random())
  const penalties = [10, 0.1, 1]
  for (const [p, fitted] of fitSparseRidge(x, y, penalties).entries()) {
    const expected = solveDensely(dense, y, penalties[p]!)
    expect(fitted.penalty).toBe(penalties[p])
    expect(fitted.intercept).toBeCloseTo(expected.intercept, 5)
    for (const [j, weight] of expected.weights.entries()) expect(fitted.weights[j]).toBeCloseTo(weight, 5)
    const predicted = predictSparse(x, fitted)
    const own = dense.map((row) => row.reduce((sum, v, j) => sum + v * expected.weights[j]!, expected.intercept))
    for (const [i, value] of own.entries()) expect(predicted[i]).toBeCloseTo(value, 5)
  }
})

it('predicts the mean where the target or the rows are constant', () => {
  const { x } = sparse(10, 4, 1)
  for (const level of [0, 0.5, 0.7]) {
    const [flat] = fitSparseRidge(x, new Float64Array(10).fill(level), [1])
    for (const value of predictSparse(x, flat!)) expect(value).toBeCloseTo(level)
  }
  const alike = selectRows(x, [5, 5, 5, 5])
  const [mean] = fitSparseRidge(alike, Float64Array.of(0, 0, 1, 1), [1])
  for (const value of predictSparse(alike, mean!)) expect(value).toBeCloseTo(0.5)
})

it('picks rows in the order asked, empty ones too', () => {
  const { x, dense } = sparse(6, 5, 2)
  const picked = selectRows(x, [4, 0, 2])
  for (let column = 0; column < 5; column++) {
    const weights = Float64Array.from({ length: 5 }, (_, j) => (j === column ? 1 : 0))
    const values = predictSparse(picked, { penalty: 1, intercept: 0, weights })
    expect([...values]).toEqual([4, 0, 2].map((i) => dense[i]![column]))
  }
})
