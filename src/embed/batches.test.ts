import { expect, it } from 'vitest'
import { takeBatch } from './batches.ts'

const row = (name: string, tokens: number) => ({ name, ids: new Int32Array(tokens) })
const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name)

it('takes what is as wide as the first, in order, and leaves the rest in order', () => {
  const waiting = [row('a', 20), row('b', 128), row('c', 17), row('d', 3), row('e', 32), row('f', 33)]
  const { rows, width } = takeBatch(waiting, 1000)
  expect([names(rows), width]).toEqual([['a', 'c', 'e'], 32])
  expect(names(waiting)).toEqual(['b', 'd', 'f'])
})

it('takes no more tokens than a run may have, and one row whatever it has', () => {
  const waiting = Array.from({ length: 10 }, (_, i) => row(String(i), 64))
  expect(takeBatch(waiting, 300).rows).toHaveLength(4)
  expect(waiting).toHaveLength(6)
  const long = [row('long', 500), row('other', 500)]
  expect(takeBatch(long, 100)).toMatchObject({ rows: [{ name: 'long' }], width: 500 })
  expect(names(long)).toEqual(['other'])
})

it('serves everybody in the end', () => {
  const waiting = Array.from({ length: 100 }, (_, i) => row(String(i), 1 + ((i * 37) % 128)))
  const served: string[] = []
  while (waiting.length > 0) served.push(...names(takeBatch(waiting, 256).rows))
  expect(served.toSorted()).toEqual(Array.from({ length: 100 }, (_, i) => String(i)).toSorted())
  expect(takeBatch([], 10)).toEqual({ rows: [], width: 0 })
})
