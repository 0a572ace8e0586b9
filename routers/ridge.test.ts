import { Matrix, solve } from 'ml-matrix'
import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { createRidge } from './ridge.ts'

const [n, width, m] = [200, 8, 5]

/** Columns of falling size, targets that follow them, and noise. */
function sample(seed: number) {
  const random = seeded(seed)
  const x = Float64Array.from({ length: n * width }, (_, at) => (random() - 0.5) / (1 + (at % width)))
  const truth = Float64Array.from({ length: width * m }, () => 4 * (random() - 0.5))
  const targets = new Float64Array(n * m)
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < m; c++) {
      let sum = 0.3 * (random() - 0.5)
      for (let j = 0; j < width; j++) sum += truth[j * m + c]! * x[i * width + j]!
      targets[i * m + c] = sum
    }
  }
  return { x, targets }
}

/** Weights, intercept first, and the residual sum of squares of one target, by the normal equations of the rows where it is known. */
function byNormalEquations(x: Float64Array, targets: Float64Array, c: number, penalty: number) {
  const rows = Array.from({ length: n }, (_, i) => i).filter((i) => !Number.isNaN(targets[i * m + c]!))
  const matrix = new Matrix(rows.map((i) => [...x.subarray(i * width, (i + 1) * width)]))
  const y = Matrix.columnVector(rows.map((i) => targets[i * m + c]!))
  const [centre, mean] = [matrix.mean('column'), y.mean()]
  const centred = matrix.clone().subRowVector(centre)
  const gram = centred.transpose().mmul(centred).add(Matrix.eye(width).mul(penalty))
  const weights = solve(gram, centred.transpose().mmul(y.clone().sub(mean)))
  const left = y.clone().sub(mean).sub(centred.mmul(weights))
  const intercept = mean - centre.reduce((sum, value, j) => sum + value * weights.get(j, 0), 0)
  return { weights: [intercept, ...weights.to1DArray()], squares: left.dot(left), rows: rows.length }
}

const hidden = {
  nothing: () => false,
  'one target’s first half': (i: number, c: number) => c === 1 && i < n / 2,
  'a third, here and there': (i: number, c: number) => (i * 7 + c * 3 + ((i * c) % 5)) % 3 === 0,
  'all but one task for each': (i: number, c: number) => Math.floor((5 * i) / n) !== c && i % 4 > 0,
  'nearly everything': (i: number, c: number) => (i + c) % 20 > 0,
}

it.each(Object.entries(hidden))(
  'solves every target on the rows where it is known: hidden is %s',
  (_what, isHidden) => {
    const { x, targets } = sample(1)
    const known = targets.map((value, at) => (isHidden(Math.floor(at / m), at % m) ? Number.NaN : value))
    const { penalty, weights, residualStd } = createRidge(x, n, width).solve(known, m)
    for (let c = 0; c < m; c++) {
      const expected = byNormalEquations(x, known, c, penalty)
      for (const [j, weight] of expected.weights.entries()) {
        expect(weights[c * (1 + width) + j]).toBeCloseTo(weight, 6)
      }
      // Between no parameter spent and all of them.
      expect(residualStd[c]).toBeGreaterThan(0.999 * Math.sqrt(expected.squares / (expected.rows - 1)))
      expect(residualStd[c]).toBeLessThan(1.001 * Math.sqrt(expected.squares / Math.max(1, expected.rows - 1 - width)))
    }
  },
)

it('chooses about the same penalty from outcomes that are missing here and there as from all, and a large one for noise', () => {
  const { x, targets } = sample(2)
  const random = seeded(3)
  const some = targets.map((value) => (random() < 0.2 ? Number.NaN : value))
  const ridge = createRidge(x, n, width)
  const [whole, partial] = [ridge.solve(targets, m), ridge.solve(some, m)]
  expect(Math.abs(Math.log10(partial.penalty / whole.penalty))).toBeLessThan(0.51)
  const noise = some.map((value) => (Number.isNaN(value) ? value : random()))
  expect(ridge.solve(noise, m).penalty).toBeGreaterThan(100 * whole.penalty)
})

it('leaves a target of which nothing is known at zero', () => {
  const { x, targets } = sample(4)
  const { weights, residualStd } = createRidge(x, n, width).solve(
    targets.map((value, at) => (at % m === 2 ? Number.NaN : value)),
    m,
  )
  expect([...weights.subarray(2 * (1 + width), 3 * (1 + width))]).toEqual(Array(1 + width).fill(0))
  expect(residualStd[2]).toBeNaN()
})
