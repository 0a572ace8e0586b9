import fc from 'fast-check'
import { expect, it } from 'vitest'
import { withinShares } from './shares.ts'

interface Row {
  readonly key: string
  readonly id: string
}
const rowsOf = (counts: Readonly<Record<string, number>>): Row[] =>
  Object.entries(counts).flatMap(([key, count]) => Array.from({ length: count }, (_, i) => ({ key, id: `${key}${i}` })))
const keep = (rows: readonly Row[], keyShare: number) =>
  withinShares(rows, { keyOf: ({ key }) => key, idOf: ({ id }) => id, keyShare })
const counted = (rows: readonly Row[]) =>
  Object.fromEntries([...Map.groupBy(rows, ({ key }) => key)].map(([key, own]) => [key, own.length]))

it.each([
  // 40 of the others allow 40 of the one at a half.
  [{ loud: 60, a: 30, b: 10 }, 0.5, { loud: 40, a: 30, b: 10 }],
  // 10 is a fifth of 50: everybody but the last is cut.
  [{ a: 100, b: 90, c: 80, d: 70, e: 10 }, 0.2, { a: 10, b: 10, c: 10, d: 10, e: 10 }],
  // A third each is the least that three may have.
  [{ a: 9, b: 6, c: 3 }, 0.1, { a: 3, b: 3, c: 3 }],
  [{ alone: 7 }, 0.5, { alone: 7 }],
  [{ a: 5, b: 5 }, 0.5, { a: 5, b: 5 }],
  [{}, 0.5, {}],
])('of %j at a share of %d stay %j', (counts, keyShare, expected) => {
  expect(counted(keep(rowsOf(counts), keyShare))).toEqual(expected)
})

it('nobody has more than the share, nobody is cut for nothing, and the order of rows does not matter', () => {
  const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 60 }), { minKeys: 1 })
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 10 }), (given, tenths) => {
      const rows = rowsOf(given)
      const kept = keep(rows, tenths / 10)
      const left = counted(kept)
      const share = Math.max(tenths / 10, 1 / Object.keys(given).length)
      const most = Math.max(...Object.values(left))
      expect(most).toBeLessThanOrEqual(share * kept.length + 1e-6)
      for (const [key, count] of Object.entries(given)) expect(left[key]).toBe(Math.min(count, most))
      expect(new Set(keep(rows.toReversed(), tenths / 10))).toEqual(new Set(kept))
    }),
  )
})
