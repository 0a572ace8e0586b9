import fc from 'fast-check'
import { expect, it } from 'vitest'
import { dotRows, largest } from './nearest.ts'

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
