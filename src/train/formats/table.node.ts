/** Opens tables: CSV and JSON Lines, plain or as `.gz`, and Parquet. */
import { constants } from 'node:buffer'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { parseCsv } from './csv.ts'
import { openParquet } from './parquet.node.ts'
import { dataInvalid, flatten, type Row, type Table } from './table.ts'

const KIND = /\.(?:(csv)|(jsonl|ndjson)|(parquet))(?:\.gz)?$/i

/** Whether a path is that of a table, by its name. */
export function isTable(path: string): boolean {
  return KIND.test(path)
}

/** Throws `data_invalid` when the file cannot be read or has no header. */
export async function openTable(path: string): Promise<Table> {
  const [, csv, lines] = KIND.exec(path) ?? []
  if (csv !== undefined) return csvTable(await readText(path), path)
  if (lines !== undefined) return jsonTable(await readText(path), path)
  return openParquet(path)
}

/** SHA-256 of a file, hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function readText(path: string): Promise<string> {
  const bytes = await readMaybeZipped(path)
  if (bytes.length <= constants.MAX_STRING_LENGTH) return bytes.toString()
  throw dataInvalid(
    path,
    `more than ${constants.MAX_STRING_LENGTH} bytes of text cannot be read; convert it to Parquet.`,
  )
}

/** The bytes of a file, unpacked when its name ends in `.gz`. */
export async function readMaybeZipped(path: string): Promise<Buffer> {
  const file = await readFile(path).catch((cause: unknown) => {
    throw dataInvalid(path, 'the file cannot be read.', cause)
  })
  if (!path.endsWith('.gz')) return file
  try {
    return gunzipSync(file)
  } catch (cause) {
    throw dataInvalid(path, 'this is not a complete gzip file.', cause)
  }
}

/** A table in CSV text whose first record names the columns. */
export function csvTable(text: string, path: string): Table {
  const header = parseCsv(text, path).next()
  if (header.done) throw dataInvalid(path, 'the file is empty.')
  const columns = header.value.fields
  const twice = columns.find((column, i) => columns.indexOf(column) < i)
  if (twice !== undefined) throw dataInvalid(path, `there are two columns "${twice}".`)
  return {
    path,
    columns,
    async *rows(wanted) {
      const asked = wanted.map((column) => [column, columns.indexOf(column)] as const)
      const records = parseCsv(text, path)
      records.next()
      for (const { line, fields } of records) {
        const where = `${path}, line ${line}`
        if (fields.length !== columns.length)
          throw dataInvalid(where, `${fields.length} fields, ${columns.length} expected.`)
        yield { where, values: new Map(asked.map(([column, at]) => [column, fields[at]])) }
      }
    },
  }
}

/** A table in JSON Lines: one object a line. Its columns are those of all lines together. */
export function jsonTable(text: string, path: string): Table {
  const rows = text.split('\n').flatMap((line, i): Row[] => {
    if (line.trim() === '') return []
    const where = `${path}, line ${i + 1}`
    return [{ where, values: flatten(parseObject(line, where)) }]
  })
  return {
    path,
    columns: [...new Set(rows.flatMap(({ values }) => [...values.keys()]))],
    async *rows() {
      yield* rows
    },
  }
}

function parseObject(line: string, where: string): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    throw dataInvalid(where, 'it is not JSON.', cause)
  }
  throw dataInvalid(where, 'it is not a JSON object.')
}
