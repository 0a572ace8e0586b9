import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createSmallest, dotRows, largest } from './nearest.ts'

it('finds the k largest in order, ties by index, as sorting would', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 })), fc.integer({ min: 0, max: 12 }), (values, k) => {
      const sorted = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b)
      expect([...largest(Float64Array.from(values), k)]).toEqual(sorted.slice(0, k))
    }),
  )
})

it('multiplies every row, whatever their number', () => {
  for (const n of [0, 1, 4, 7]) {
    const rows = Float32Array.from({ length: n * 3 }, (_, i) => i)
    const out = new Float64Array(n)
    dotRows(rows, 3, Float64Array.of(1, 10, 100), { from: 1, to: 3, out })
    expect([...out]).toEqual(Array.from({ length: n }, (_, i) => 10 * (3 * i + 1) + 100 * (3 * i + 2)))
  }
})

it('multiplies only the rows that are asked for', () => {
  const rows = Float32Array.from({ length: 9 * 2 }, (_, i) => i)
  const out = new Float64Array(9).fill(-1)
  dotRows(rows, 2, Float64Array.of(1, 100), { from: 0, to: 2, start: 3, end: 8, out })
  expect([...out]).toEqual([706, 908, 1110, 1312, 1514, -1, -1, -1, -1])
})

it('keeps the k smallest and says what the next must be below', () => {
  const best = createSmallest(2)
  expect(best.bound).toBe(Number.POSITIVE_INFINITY)
  for (const [index, value] of [5, 1, 7, 3, 3].entries()) best.offer(index, value)
  expect(best.bound).toBe(3)
  const { indexes, values } = best.take()
  expect([...indexes]).toEqual([1, 3])
  expect([...values]).toEqual([1, 3])
  const none = createSmallest(0)
  none.offer(0, 1)
  expect(none.bound).toBe(Number.NEGATIVE_INFINITY)
  expect(none.take().indexes).toHaveLength(0)
})
