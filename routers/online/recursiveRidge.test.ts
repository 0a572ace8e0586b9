import { describe, expect, it } from 'vitest'
import { seeded } from '../fixtures.ts'
import { createRecursiveRidge } from './recursiveRidge.ts'

const WIDTH = 5
const PRECISION = Float64Array.of(3, 1, 2, 0.5, 4)

interface Row {
  readonly x: Float64Array
  readonly y: number
  readonly weight: number
}

function rowsOf(count: number, random: () => number): Row[] {
  return Array.from({ length: count }, () => ({
    x: Float64Array.from({ length: WIDTH }, () => 2 * random() - 1),
    y: random(),
    weight: 0.2 + 0.8 * random(),
  }))
}

/** (Λ + Σ c x x')⁻¹ v by Gauss and Jordan, independent of what is tested. */
function solveBatch(rows: readonly Row[], counts: readonly number[], right: (i: number) => number): number[] {
  const system = Array.from({ length: WIDTH }, (_, i) => [
    ...Array.from({ length: WIDTH }, (_, j) =>
      rows.reduce((sum, { x }, r) => sum + counts[r]! * x[i]! * x[j]!, i === j ? PRECISION[i]! : 0),
    ),
    right(i),
  ])
  for (let i = 0; i < WIDTH; i++) {
    const pivot = system[i]![i]!
    system[i] = system[i]!.map((value) => value / pivot)
    for (let other = 0; other < WIDTH; other++) {
      if (other === i) continue
      const times = system[other]![i]!
      system[other] = system[other]!.map((value, j) => value - times * system[i]![j]!)
    }
  }
  return system.map((row) => row.at(-1)!)
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0)

describe('recursive ridge', () => {
  it('knows one dimension by hand: (1 · 0.5 · 2 + 2 · 1) / (4 + 0.5 + 2)', () => {
    const ridge = createRecursiveRidge(Float64Array.of(4))
    ridge.learn(Float64Array.of(1), 2, { weight: 1, kept: 1 })
    ridge.learn(Float64Array.of(1), 1, { weight: 2, kept: 0.5 })
    expect(ridge.predict(Float64Array.of(1))).toBeCloseTo((0.5 * 2 + 2) / 6.5, 14)
    expect(ridge.doubt(Float64Array.of(1))).toBeCloseTo(4 / 6.5, 14)
  })

  it('equals the batch solution under the weights that each row has left', () => {
    const rows = rowsOf(200, seeded(3))
    const kept = 0.97
    const ridge = createRecursiveRidge(PRECISION)
    for (const { x, y, weight } of rows) ridge.learn(x, y, { weight, kept })
    const counts = rows.map(({ weight }, i) => weight * kept ** (rows.length - 1 - i))
    const weights = solveBatch(rows, counts, (i) => rows.reduce((sum, { x, y }, r) => sum + counts[r]! * y * x[i]!, 0))
    for (const { x } of rowsOf(10, seeded(4))) {
      expect(ridge.predict(x)).toBeCloseTo(dot(weights, x), 10)
      const before = x.reduce((sum, value, i) => sum + (value * value) / PRECISION[i]!, 0)
      expect(ridge.doubt(x)).toBeCloseTo(
        dot(
          solveBatch(rows, counts, (i) => x[i]!),
          x,
        ) / before,
        10,
      )
    }
  })

  it('keeps its prior however much is forgotten', () => {
    const ridge = createRecursiveRidge(PRECISION)
    const [x, other] = [Float64Array.of(1, 0, 0, 0, 0), Float64Array.of(0, 1, 0, 0, 0)]
    for (let i = 0; i < 50; i++) ridge.learn(other, 1, { weight: 1, kept: 0.9 })
    const before = ridge.predict(other)
    // Rows of another direction: what was learned along `other` fades to the prior's 0, and its doubt to the prior's.
    for (let i = 0; i < 5000; i++) ridge.learn(x, 0.5, { weight: 1, kept: 0.9 })
    expect(before).toBeGreaterThan(0.8)
    expect(ridge.predict(other)).toBeCloseTo(0, 12)
    expect(ridge.doubt(other)).toBeCloseTo(1, 12)
    expect(ridge.predict(x)).toBeCloseTo((0.5 * 10) / (3 + 10), 6)
  })

  it('goes on from its sums to the last bit', () => {
    const rows = rowsOf(60, seeded(5))
    const whole = createRecursiveRidge(PRECISION)
    for (const { x, y, weight } of rows) whole.learn(x, y, { weight, kept: 0.99 })
    const half = createRecursiveRidge(PRECISION)
    for (const { x, y, weight } of rows.slice(0, 30)) half.learn(x, y, { weight, kept: 0.99 })
    const rest = createRecursiveRidge(PRECISION, half.sums.slice())
    for (const { x, y, weight } of rows.slice(30)) rest.learn(x, y, { weight, kept: 0.99 })
    expect(rest.sums).toEqual(whole.sums)
    for (const { x } of rows) expect([rest.predict(x), rest.doubt(x)]).toEqual([whole.predict(x), whole.doubt(x)])
  })
})
