/** `--columns`: how the columns of a table are called. */
import { readFile } from 'node:fs/promises'
import { type Columns, parseColumns } from '../train/formats/columns.ts'
import { dataInvalid } from '../train/formats/table.ts'

/** From JSON, or from a file of it. Throws `invalid_request` for a mapping that is none. */
export async function readColumns(given: string | undefined): Promise<{ readonly columns?: Columns }> {
  if (given === undefined) return {}
  if (given.trimStart().startsWith('{')) return { columns: parseColumns(given) }
  const text = await readFile(given, 'utf8').catch((cause: unknown) => {
    throw dataInvalid('--columns', `"${given}" is neither a JSON object nor a file that can be read.`, cause)
  })
  return { columns: parseColumns(text) }
}
