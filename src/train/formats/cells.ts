/** From tables to outcomes: queries, and what is known of the answers to them. */
import type { OutcomeQuery } from '../outcomes.ts'
import { type AnswerColumns, checkColumns, MEASURES, type Measure, modelColumns } from './columns.ts'
import type { Layout } from './published.ts'
import { dataInvalid, type Row, readNumber, readText, requireText, type Table } from './table.ts'

/** One model's answer to one query; `NaN` = not known. */
export interface Cell extends Readonly<Record<Measure, number>> {
  /** Index of the query. */
  readonly query: number
  readonly model: string
  /** `null`: not known, or not asked for. */
  readonly answer: string | null
  /** For messages. */
  readonly where: string
}

export interface Recorded {
  readonly queries: readonly OutcomeQuery[]
  readonly cells: readonly Cell[]
}

/** Reads tables of one layout as one set. `split` is that of the rows where no column says it. Throws `data_invalid` with the row at fault. */
export async function readCells(
  parts: readonly { readonly table: Table; readonly split: string }[],
  { columns, unwrap = (text) => text }: Layout,
): Promise<Recorded> {
  const queries: OutcomeQuery[] = []
  const known = new Map<string, number>()
  const cells: Cell[] = []
  const { id, model, prompt, task, split } = columns

  function queryOf(row: Row, fallback: string): number {
    const text = unwrap(requireText(row, prompt))
    const key = id !== undefined ? requireText(row, id) : model !== undefined ? text : undefined
    const found = key === undefined ? undefined : known.get(key)
    if (found !== undefined) {
      if (model === undefined) throw dataInvalid(row.where, `query ${key} occurs twice.`)
      if (queries[found]!.prompt === text) return found
      throw dataInvalid(row.where, `query ${key} has another prompt than before.`)
    }
    if (key !== undefined) known.set(key, queries.length)
    return (
      queries.push({
        id: id === undefined || key === undefined ? String(queries.length + 1) : key,
        task: (task === undefined ? null : readText(row, task)) ?? '',
        split: split === undefined ? fallback : requireText(row, split),
        prompt: text,
      }) - 1
    )
  }

  for (const { table, split: fallback } of parts) {
    checkColumns(table, columns)
    const wide = model === undefined ? [...modelColumns(table, columns)] : []
    const measures = model === undefined ? wide.map(([, own]) => own) : [columns]
    const wanted = [
      id,
      model,
      prompt,
      task,
      split,
      ...measures.flatMap((own) => [own.answer, ...MEASURES.map((one) => own[one])]),
    ]
    for await (const row of table.rows([...new Set(wanted.filter((name) => name !== undefined))])) {
      const query = queryOf(row, fallback)
      const answers = model === undefined ? wide : [[requireText(row, model), columns] as const]
      for (const [name, own] of answers) {
        const text = own.answer === undefined ? null : readText(row, own.answer)
        const known = readMeasures(row, own, columns.qualityRange)
        cells.push({ query, model: name, answer: text && unwrap(text), where: row.where, ...known })
      }
    }
  }
  return { queries, cells }
}

/** What one row knows of one answer. Qualities are brought to [0, 1]. */
export function readMeasures(
  row: Row,
  columns: AnswerColumns,
  [worst, best]: readonly [number, number] = [0, 1],
): Record<Measure, number> {
  const read = (measure: Measure) => {
    const column = columns[measure]
    const value = column === undefined ? Number.NaN : readNumber(row, column)
    if (measure !== 'quality' && value < 0)
      throw dataInvalid(row.where, `column "${column}" holds ${value}, less than 0.`)
    return value
  }
  const raw = read('quality')
  if (raw < worst || raw > best)
    throw dataInvalid(
      row.where,
      `column "${columns.quality}" holds a quality of ${raw}, outside [${worst}, ${best}]. Qualities lie between 0 for the worst answer and 1 for the best; of a table with another range say so: --columns '{…, "qualityRange": [0, 10]}'.`,
    )
  return {
    quality: (raw - worst) / (best - worst),
    costUsd: read('costUsd'),
    inputTokens: read('inputTokens'),
    outputTokens: read('outputTokens'),
    latencyS: read('latencyS'),
  }
}
