/** What waits for a session that takes many texts at once, cut into runs: texts of about one length together, so that little is padding. */

/** Widths that texts are padded to, in tokens; a longer text is as wide as it is. */
const WIDTHS = [16, 32, 64, 128]

export interface Batch<Row> {
  readonly rows: Row[]
  /** Tokens that every row is padded to. */
  readonly width: number
}

/**
 * Takes the next run out of `waiting`: the one that has waited longest, and of the others those of its width, in their order. Nobody waits for
 * ever, because whoever is first is always served.
 * @param maxTokens of one run, padding included; one row is always taken
 */
export function takeBatch<Row extends { readonly ids: Int32Array }>(waiting: Row[], maxTokens: number): Batch<Row> {
  const first = waiting[0]
  if (first === undefined) return { rows: [], width: 0 }
  const width = widthOf(first.ids)
  const maxRows = Math.max(1, Math.floor(maxTokens / width))
  const rows: Row[] = []
  const left: Row[] = []
  for (const row of waiting) {
    if (rows.length < maxRows && widthOf(row.ids) === width) rows.push(row)
    else left.push(row)
  }
  waiting.splice(0, waiting.length, ...left)
  return { rows, width }
}

function widthOf({ length }: Int32Array): number {
  return WIDTHS.find((width) => length <= width) ?? length
}
