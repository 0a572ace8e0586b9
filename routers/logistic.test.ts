import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { dotSparse, fitLogistic } from './logistic.ts'
import { sigmoid } from './math.ts'

const TRUE = [0.5, -2, 0, 1]

function planted(rows: number) {
  const random = seeded(1)
  const examples = Array.from({ length: rows }, () => {
    const values = [1, random() - 0.5, random() - 0.5, random() < 0.3 ? 1 : 0]
    const columns = [0, 1, 2, 3].filter((column) => values[column] !== 0)
    return { columns, values: columns.map((column) => values[column]!) }
  })
  const outcomes = examples.map((row) => (random() < sigmoid(dotSparse(TRUE, row)) ? 1 : 0))
  return { examples, outcomes }
}

it('finds the weights that outcomes were drawn with', () => {
  const { examples, outcomes } = planted(20_000)
  const weights = fitLogistic(examples, outcomes, new Float64Array(4).fill(1e-3))
  for (const [column, weight] of TRUE.entries()) expect(Math.abs(weights[column]! - weight)).toBeLessThan(0.2)
})

it('ends where the penalised likelihood is flat', () => {
  const { examples, outcomes } = planted(500)
  const penalties = Float64Array.of(0.1, 5, 1, 50)
  const weights = fitLogistic(examples, outcomes, penalties)
  const gradient = penalties.map((penalty, column) => penalty * weights[column]!)
  for (const [i, row] of examples.entries()) {
    const error = sigmoid(dotSparse(weights, row)) - outcomes[i]!
    for (const [at, column] of row.columns.entries()) gradient[column]! += error * row.values[at]!
  }
  for (const slope of gradient) expect(Math.abs(slope)).toBeLessThan(0.05)
})

it('a column that is never there keeps no weight', () => {
  const weights = fitLogistic([{ columns: [0], values: [1] }], [0.75], Float64Array.of(1e-6, 1))
  expect(sigmoid(weights[0]!)).toBeCloseTo(0.75, 4)
  expect(weights[1]).toBe(0)
})
