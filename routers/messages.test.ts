import { describe, expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import {
  alikeOf,
  createMeasure,
  createReadout,
  createTasks,
  edgesOf,
  hearCandidates,
  hearQueries,
  hearTasks,
  tellTasks,
} from './messages.ts'

it('splits outcomes into what all share on a row and what each does beyond it', () => {
  // Means of the candidates: 0.5 and 0.25.
  const edges = edgesOf(Float64Array.of(1, 0.5, 0, 0, Number.NaN, Number.NaN, 0.5, Number.NaN), 2)
  const none = Number.NaN
  expect([...edges]).toEqual([0.375, 0.125, -0.125, -0.375, -0.125, 0.125, none, none, none, none, 0, none])
})

it('measures similarity by both blocks, or by features alone', () => {
  const similarities = createMeasure(Float32Array.of(1, 0, 0, 2, 3, 4), 3, 1)(Float64Array.of(0, 0, 0))
  expect([...similarities(0.25)]).toEqual([-0.125, -(0.25 * 4 + 0.75 * 25) / 2])
  expect([...similarities(1)]).toEqual([-0.5, -2])
})

it('hears the nearest queries most, and nothing of an outcome that is not known', () => {
  const edges = Float64Array.of(0.9, -0.6, 0.3, Number.NaN, 5, 5)
  const from = { order: Int32Array.of(1, 0), similarity: Float64Array.of(0, 0.1, -9), tilt: 10 }
  const { message, variance } = hearQueries(edges, 2, from)
  const far = Math.exp(-1)
  // Three edges of 0 come first.
  expect(message[0]).toBeCloseTo((0.3 + far * 0.9) / (1 + far + 3), 12)
  expect(message[1]).toBeCloseTo((far * -0.6) / (far + 3), 12)
  expect(variance[1]).toBeCloseTo(1 / (far + 3), 12)
})

describe('tasks', () => {
  const rows = [
    { degrees: Float64Array.of(1, 0), edges: Float64Array.of(0.4, 0.2) },
    { degrees: Float64Array.of(0.25, 0.75), edges: Float64Array.of(-0.2, Number.NaN) },
  ]

  it('pass on what their queries told them, by the degrees of belonging', () => {
    const tasks = createTasks(2, 2)
    for (const { degrees, edges } of rows) tellTasks(tasks, degrees, edges)
    const { message, variance } = hearTasks(tasks, Float64Array.of(0.5, 0.5))
    expect(message[0]).toBeCloseTo((0.5 * (0.4 - 0.05)) / 4.25 + (0.5 * -0.15) / 3.75, 12)
    expect(message[1]).toBeCloseTo((0.5 * 0.2) / 4, 12)
    expect(variance[1]).toBeCloseTo(0.25 / 4 + 0.25 / 3, 12)
  })

  it('know nothing of a query that was taken back', () => {
    const [tasks, fewer] = [createTasks(2, 2), createTasks(2, 2)]
    for (const { degrees, edges } of rows) tellTasks(tasks, degrees, edges)
    tellTasks(tasks, rows[1]!.degrees, rows[1]!.edges, -1)
    tellTasks(fewer, rows[0]!.degrees, rows[0]!.edges)
    const [one, other] = [tasks, fewer].map((of) => hearTasks(of, Float64Array.of(0.3, 0.7)))
    for (const c of [0, 1]) expect(one!.message[c]).toBeCloseTo(other!.message[c]!, 12)
  })
})

it('lets candidates hear of each other by the slope of their edges', () => {
  const random = seeded(1)
  // The second is half the first, the third has nothing to do with them.
  const edges = Float64Array.from(
    Array.from({ length: 970 }).flatMap(() => {
      const first = random() - 0.5
      return [0, first, first / 2, random() - 0.5]
    }),
  )
  const alike = alikeOf(edges, 3)
  // 970 of 1,000 where 30 make half, and two others.
  expect(alike[3]).toBeCloseTo((0.97 * 0.5) / 2, 12)
  expect(alike[1]).toBeCloseTo((0.97 * 2) / 2, 12)
  expect(alike[0]).toBe(0)
  expect(Math.abs(alike[2]!)).toBeLessThan(0.06)
  const { message, variance } = hearCandidates(alike, {
    message: Float64Array.of(9, 0.2, 0, 0),
    variance: Float64Array.of(9, 0.1, 0, 0),
  })
  expect(message[0]).toBe(0)
  expect(message[2]).toBeCloseTo(0.2 * alike[3]!, 12)
  expect(variance[2]).toBeCloseTo(0.1 * alike[3]! ** 2, 12)
})

it('weighs messages by least squares on hidden edges', () => {
  const random = seeded(2)
  const readout = createReadout(3)
  let [before, after] = [0, 0]
  for (let i = 0; i < 400; i++) {
    const values = [random() - 0.5, random() - 0.5, random() - 0.5]
    const heard = values.map((value) => ({ message: Float64Array.of(0, value), variance: new Float64Array(2) }))
    const edge = 0.7 * values[0]! + 0.2 * values[1]! - 0.4 * values[2]! + 0.1 * (random() - 0.5)
    readout.add(edge, heard, 1)
    readout.add(Number.NaN, heard, 1)
    before += edge ** 2
    after += (edge - 0.7 * values[0]! - 0.2 * values[1]!) ** 2
  }
  const { weights, gain } = readout.solve()
  expect(weights[0]).toBeCloseTo(0.7, 1)
  expect(weights[1]).toBeCloseTo(0.2, 1)
  // A message that speaks against the edge is not listened to.
  expect(weights[2]).toBe(0)
  expect(gain / before).toBeCloseTo(1 - after / before, 1)
})
