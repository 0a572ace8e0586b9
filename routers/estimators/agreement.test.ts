import { expect, it } from 'vitest'
import type { TrainingSet } from '../../src/spec.ts'
import { testEstimator } from '../contract.ts'
import { candidatesOf, KIND_CHANCES, kindsSet, plantedSet, queryOf, seeded } from '../fixtures.ts'
import { agreedQuality, agreement } from './agreement.ts'

testEstimator(agreement)

type Answer = Float32Array | null

/** One row per query. */
function estimated(rows: readonly (readonly Answer[])[]): number[][] {
  const m = rows[0]!.length
  const random = seeded(1)
  const queries = rows.map(() => queryOf(random))
  const quality = agreedQuality({ queries, candidates: candidatesOf(m), answers: rows.flat() })
  return rows.map((_, i) => [...quality.subarray(i * m, (i + 1) * m)])
}

const [a, b, c] = [0, 1, 2].map((at) => Float32Array.from({ length: 3 }, (_, j) => (j === at ? 1 : 0)))

it('is 1 with the majority, 0 against it and where all differ', () => {
  // Each candidate gave two answers at right angles, whose variance is 1. Squared errors: 0; 0, 0 and 2; 1.
  expect(
    estimated([
      [a!, a!, a!],
      [b!, b!, c!],
    ]),
  ).toEqual([
    [1, 1, 1],
    [1, 1, 0],
  ])
  expect(
    estimated([
      [a!, a!, a!],
      [a!, b!, c!],
      [c!, c!, a!],
    ])[1],
  ).toEqual([0, 0, 0])
})

it('says nothing of an answer that is not known, nor of a query with two', () => {
  const [, one, two] = estimated([
    [a!, a!, a!, a!],
    [b!, b!, null, c!],
    [b!, b!, null, null],
  ])
  expect(one![0]).toBeGreaterThan(0.9)
  expect(one![2]).toBeNaN()
  expect(two).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN])
})

it('is the triplet identity, averaged over all pairs of the others', () => {
  const random = seeded(3)
  const rows = Array.from({ length: 40 }, () => {
    const right = queryOf(random).vector!
    return Array.from({ length: 5 }, (_, m) => {
      const wrong = queryOf(random).vector!
      return right.map((value, j) => value + 0.1 * (1 + m) * wrong[j]!)
    })
  })
  const distance = (one: Float32Array, other: Float32Array) =>
    one.reduce((sum, value, j) => sum + (value - other[j]!) ** 2, 0)
  // Half the mean squared distance between two queries' answers of one candidate is their variance.
  const apart = rows.flatMap((row, i) =>
    rows.slice(0, i).flatMap((other) => row.map((answer, m) => distance(answer, other[m]!))),
  )
  const variance = apart.reduce((sum, value) => sum + value, 0) / apart.length / 2
  for (const [i, row] of estimated(rows).entries()) {
    for (const [m, quality] of row.entries()) {
      const others = rows[i]!.filter((_, at) => at !== m)
      const triplets = others.flatMap((j, at) =>
        others.slice(0, at).map((k) => (distance(rows[i]![m]!, j) + distance(rows[i]![m]!, k) - distance(j, k)) / 2),
      )
      const error = triplets.reduce((sum, value) => sum + value, 0) / triplets.length
      expect(quality).toBeCloseTo(Math.min(1, Math.max(0, 1 - error / variance)), 6)
    }
  }
})

it('finds the error that was planted, where answers scatter independently about the right one', () => {
  const random = seeded(4)
  const errors = [0.1, 0.2, 0.4, 0.6]
  const rows = Array.from({ length: 3000 }, () => {
    const right = queryOf(random).vector!
    return errors.map((error) => {
      const noise = queryOf(random).vector!
      return right.map((value, j) => value + Math.sqrt(error) * noise[j]!)
    })
  })
  const found = estimated(rows)
  // Right answers vary by 1 about 0, answers by 1 + error; the errors by which they are judged are as far as the mean of them.
  const variance = 1 + errors.reduce((sum, error) => sum + error, 0) / errors.length
  for (const [m, error] of errors.entries()) {
    const mean = found.reduce((sum, row) => sum + row[m]!, 0) / found.length
    expect(Math.abs(mean - (1 - error / variance))).toBeLessThan(0.02)
  }
})

/** As with letters and numbers: who is right says the same, who is wrong something of its own. */
function saysOf(quality: Float64Array, m: number): Float32Array[] {
  const random = seeded(5)
  const say = () => queryOf(random, { dim: 32 }).vector!
  let right = say()
  return Array.from(quality, (value, at) => {
    if (at % m === 0) right = say()
    return value === 1 ? right : say()
  })
}

const kinds = kindsSet(600, 1)
const data: TrainingSet = { ...kinds, answers: saysOf(kinds.quality, 4) }
const ids = data.candidates.map(({ id }) => id)
const train = (set: TrainingSet) => agreement.fit(set, agreement.defaults, seeded(3))

it('never looks at quality', () => {
  const state = train(data)
  expect(train({ ...data, quality: data.quality.toReversed() })).toEqual(state)
  expect(train({ ...data, quality: data.quality.map(() => Number.NaN) })).toEqual(state)
})

it('sends most queries to who is good at their kind, without a label', () => {
  const fresh = kindsSet(200, 2)
  const estimator = agreement.load(train(data), ids)
  const earned = fresh.queries.map((query, i) => {
    const { quality } = estimator.estimate(query, data.candidates)
    return KIND_CHANCES[fresh.kind[i]!]![quality.indexOf(Math.max(...quality))]!
  })
  // The best constant, chosen with labels, earns 0.6; who knows the kinds 0.875.
  expect(earned.reduce((sum, value) => sum + value, 0) / 200).toBeGreaterThan(0.8)
})

it('finds next to nothing where each candidate answers some other query', () => {
  const random = seeded(6)
  const orders = ids.map(() =>
    data.queries.map((_, i) => ({ i, key: random() })).sort((one, other) => one.key - other.key),
  )
  const answers = data.answers!.map((_, at) => data.answers![orders[at % 4]![Math.floor(at / 4)]!.i * 4 + (at % 4)]!)
  const estimator = agreement.load(train({ ...data, answers }), ids)
  const rows = data.queries.map((query) => estimator.estimate(query, data.candidates).quality)
  const level = rows.reduce((sum, row) => sum + row.reduce((all, value) => all + value, 0) / 4, 0) / rows.length
  const squares = rows.reduce((sum, row) => sum + row.reduce((all, value) => all + (value - level) ** 2, 0) / 4, 0)
  // Answers by chance are now nearer, now farther than two of different queries; farther counts as 0.
  expect(level).toBeLessThan(0.2)
  expect(Math.sqrt(squares / rows.length)).toBeLessThan(0.02)
})

it('says what is missing', () => {
  const { answers, ...bare } = plantedSet(5, seeded(1))
  expect(() => train(bare)).toThrow(/no answers are given/)
  const two = answers!.map((answer, at) => (at % 4 < 2 ? answer : null))
  expect(() => train({ ...bare, answers: two })).toThrow(/no query has as many/)
  expect(() => train({ ...bare, answers: answers!.with(3, new Float32Array(7)) })).toThrow(/differ in length/)
})
