/** Reads outcome sets from whatever holds them. `formats/` has one reader per format. */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { SwitchyardError } from '../errors.ts'
import { assemble } from './formats/assemble.ts'
import { readCells } from './formats/cells.ts'
import type { Columns, Prices } from './formats/columns.ts'
import { type Layout, recognize } from './formats/published.ts'
import { readSet, readSetAnswers, readSetLogprobs } from './formats/set.node.ts'
import { hashFile, isTable, openTable } from './formats/table.node.ts'
import { dataInvalid } from './formats/table.ts'
import type { OutcomeSet } from './outcomes.ts'
import { completeRows } from './rows.ts'

export interface DatasetOptions {
  /** How the columns of a table are called; without it they must be known ones. */
  readonly columns?: Columns
  /** Of models that neither the data nor `columns` has a price for. */
  readonly prices?: Prices
}

/**
 * Reads recorded outcomes. `location` is the file of a table (CSV, JSON Lines, Parquet), a folder of Parquet files `SPLIT-00000-of-00001.parquet`, `FOLDER/NAME` of a set of three files, or a folder with one of them.
 * Throws `data_invalid` with the file and line at fault.
 */
export async function readDataset(
  location: string,
  { columns, prices = {} }: DatasetOptions = {},
): Promise<OutcomeSet> {
  const source = await locate(location)
  if (source.kind === 'tables') return readTables(location, source.parts, { columns, prices })
  if (columns !== undefined)
    throw dataInvalid(location, 'it is not a table, and --columns says how the columns of a table are called.')
  return readSet(source.prefix, { prices })
}

/** Query id → candidate id → text. */
export type Answers = ReadonlyMap<string, Readonly<Record<string, string>>>

/** The recorded answers. `null` when the data has none. Throws as `readDataset`. */
export async function readAnswers(
  location: string,
  { columns }: Pick<DatasetOptions, 'columns'> = {},
): Promise<Map<string, Record<string, string>> | null> {
  const source = await locate(location)
  if (source.kind === 'set') return readSetAnswers(source.prefix)
  const { tables, layout } = await openTables(source.parts, columns)
  if (layout.columns.answer === undefined) return null
  const { queries, cells } = await readCells(tables, layout)
  const answers = new Map(queries.map(({ id }): [string, Record<string, string>] => [id, {}]))
  for (const { query, model, answer } of cells) if (answer !== null) answers.get(queries[query]!.id)![model] = answer
  return answers
}

/** Query id → candidate id → how sure it was of its recorded answer. `null` where the data does not say, as no table does. */
export async function readLogprobs(location: string): Promise<Map<string, Record<string, number>> | null> {
  const source = await locate(location)
  return source.kind === 'set' ? readSetLogprobs(source.prefix) : null
}

/** Rows of a split, in the order of the set. Throws `data_invalid` when there are none. */
export function rowsOf(set: OutcomeSet, split: string): number[] {
  const rows = set.queries.flatMap((query, row) => (query.split === split ? [row] : []))
  if (rows.length > 0) return rows
  const known = [...new Set(set.queries.map((query) => query.split))].join(', ')
  throw new SwitchyardError(
    'data_invalid',
    `${set.name} has no split ${split}; it has ${known}. Without one, \`eval --split kfold\` judges every query once.`,
  )
}

/** Throws `data_invalid` where no query has the outcomes of all candidates, two or more, so that nothing can be compared exactly. */
export function checkJudgeable(set: OutcomeSet): void {
  const rows = set.queries.map((_, row) => row)
  if (set.candidates.length > 1 && completeRows(set, rows).length > 0) return
  const known = set.candidates.map(({ id }, column) => {
    const count = rows.filter((row) => !Number.isNaN(set.quality[row * set.candidates.length + column]!)).length
    return `${id} ${count}`
  })
  throw new SwitchyardError(
    'data_invalid',
    `${set.name}: no query has the outcomes of all candidates, two or more (of ${rows.length} queries are known: ${known.join(', ')}). To compare routers exactly, eval needs rows with every candidate's outcome. The log of a gateway knows one answer per query: \`train --from\` learns from that, and \`evaluate\` judges policies on it.`,
  )
}

interface Part {
  readonly path: string
  readonly split: string
}

type Source =
  | { readonly kind: 'tables'; readonly parts: readonly Part[] }
  | { readonly kind: 'set'; readonly prefix: string }

/** As the Hugging Face hub names the files of a split. */
const SPLIT_FILE = /^(\w+)-\d+-of-\d+\.parquet$/

async function locate(location: string): Promise<Source> {
  const splitOf = (name: string) => SPLIT_FILE.exec(name)?.[1]
  const names = await readdir(location).catch(() => null)
  if (names === null) {
    if (/\.(?:sqlite3?|db)$/i.test(location))
      throw dataInvalid(
        location,
        'the log of a gateway knows one answer to each request. `train --from` learns from it, and `evaluate --log` judges policies on it.',
      )
    if (isTable(location))
      return { kind: 'tables', parts: [{ path: location, split: splitOf(basename(location)) ?? 'train' }] }
    if (/\.(?:pkl|pickle)$/i.test(location))
      throw dataInvalid(
        location,
        'a pickle is a program and is not read. Convert it where you trust it: pandas.read_pickle("in.pkl").to_csv("out.csv", index=False).',
      )
    return { kind: 'set', prefix: location }
  }
  const parts = names.sort().flatMap((name) => {
    const split = splitOf(name)
    return split === undefined ? [] : [{ path: join(location, name), split }]
  })
  const sets = names.flatMap((file) => /^(.+)\.meta\.json$/.exec(file)?.[1] ?? [])
  if (sets.length === 1) return { kind: 'set', prefix: join(location, sets[0]!) }
  if (sets.length > 1)
    throw dataInvalid(
      location,
      `it holds several data sets: give ${sets.map((one) => join(location, one)).join(' or ')}.`,
    )
  if (parts.length > 0) return { kind: 'tables', parts }
  throw dataInvalid(location, 'it holds no data set: neither NAME.meta.json nor files SPLIT-00000-of-00001.parquet.')
}

async function readTables(
  location: string,
  parts: readonly Part[],
  { columns, prices }: { readonly columns: Columns | undefined; readonly prices: Prices },
): Promise<OutcomeSet> {
  const { tables, layout } = await openTables(parts, columns)
  const { answer: _answers, ...read } = layout.columns
  const recorded = await readCells(tables, { ...layout, columns: read })
  if (recorded.queries.length === 0) throw dataInvalid(location, 'it has no rows.')
  const hash = createHash('sha256').update(JSON.stringify(read))
  for (const { path } of parts) hash.update(await hashFile(path))
  return assemble(recorded, {
    name: basename(resolve(location)),
    sha256: hash.digest('hex'),
    prices: { ...prices, ...read.prices },
  })
}

async function openTables(parts: readonly Part[], columns: Columns | undefined) {
  const tables = await Promise.all(parts.map(async ({ path, split }) => ({ table: await openTable(path), split })))
  const layout: Layout = columns === undefined ? recognize(tables[0]!.table) : { columns }
  return { tables, layout }
}
