/** Texts as sparse rows of weighted terms, words and pairs of neighbouring words (Salton and Buckley 1988). */
import type { SparseRows } from './sparseRidge.ts'

/** Terms in fewer training texts tell nothing that carries over. */
const MIN_DOCUMENTS = 2

/** Learns terms and their weights from texts; the result turns any texts into rows. */
export function fitTerms(texts: readonly string[]): (texts: readonly string[]) => SparseRows {
  const documents = new Map<string, number>()
  for (const text of texts)
    for (const term of new Set(termsOf(text))) documents.set(term, (documents.get(term) ?? 0) + 1)
  const columnOf = new Map<string, number>()
  const rarity: number[] = []
  for (const [term, count] of documents) {
    if (count < MIN_DOCUMENTS) continue
    columnOf.set(term, columnOf.size)
    rarity.push(Math.log((1 + texts.length) / (1 + count)) + 1)
  }
  return (others) => toRows(others, columnOf, rarity)
}

/** Row entries are (1 + ln count) · rarity, each row of length 1 or, without known terms, 0. */
function toRows(
  texts: readonly string[],
  columnOf: ReadonlyMap<string, number>,
  rarity: readonly number[],
): SparseRows {
  const starts = new Int32Array(texts.length + 1)
  const columns: number[] = []
  const values: number[] = []
  for (const [i, text] of texts.entries()) {
    const counts = new Map<number, number>()
    for (const term of termsOf(text)) {
      const column = columnOf.get(term)
      if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1)
    }
    const entries = [...counts].map(([column, count]) => ({ column, value: (1 + Math.log(count)) * rarity[column]! }))
    const length = Math.sqrt(entries.reduce((sum, { value }) => sum + value * value, 0))
    for (const { column, value } of entries) {
      columns.push(column)
      values.push(value / length)
    }
    starts[i + 1] = columns.length
  }
  return { width: columnOf.size, starts, columns: Int32Array.from(columns), values: Float64Array.from(values) }
}

/** Words of two or more letters or digits in lower case, then pairs of neighbours. */
function termsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? []
  return [...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)]
}
