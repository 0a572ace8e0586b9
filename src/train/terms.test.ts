import { expect, it } from 'vitest'
import { fitTerms } from './terms.ts'

const rowsOf = (training: readonly string[], texts: readonly string[]) => {
  const { starts, columns, values, width } = fitTerms(training)(texts)
  const rows = texts.map((_, i) => {
    const [from, to] = [starts[i]!, starts[i + 1]!]
    return new Map(Array.from(columns.subarray(from, to), (column, e) => [column, values[from + e]!] as const))
  })
  return { rows, width }
}

it('knows words and pairs of at least two texts, whatever their case', () => {
  // red, fox, "red fox"; "old" and the pairs with it occur once.
  const { rows, width } = rowsOf(['Red fox', 'the red FOX', 'old'], ['RED, fox!', 'fox red', 'old', ''])
  expect(width).toBe(3)
  expect(rows.map((row) => row.size)).toEqual([3, 2, 0, 0])
})

it('makes rows of length 1 in which rare terms weigh more and repetition counts by its logarithm', () => {
  const training = ['aa bb', 'aa bb', 'aa cc', 'aa cc']
  const { rows } = rowsOf(training, ['bb aa', 'aa aa bb'])
  for (const row of rows) expect([...row.values()].reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1)
  // ln(5/5) + 1 for aa and ln(5/3) + 1 for bb.
  const [rare, common] = [...rows[0]!.values()]
  expect(rare! / common!).toBeCloseTo(Math.log(5 / 3) + 1)
  const [twice] = [...rows[1]!.values()]
  expect(twice! / [...rows[1]!.values()][1]!).toBeCloseTo((1 + Math.log(2)) / (Math.log(5 / 3) + 1))
})
