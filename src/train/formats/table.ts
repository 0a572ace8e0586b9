/** A table of recorded outcomes, whatever file it comes from, and what its fields say. */
import { SwitchyardError } from '../../errors.ts'

export interface Row {
  /** File and line, or file and row, for messages. */
  readonly where: string
  /** By column; what is empty may be missing. */
  readonly values: ReadonlyMap<string, unknown>
}

export interface Table {
  readonly path: string
  /** Fields of nested records are columns of their own, their names joined by dots: `gpt-4o.score`. */
  readonly columns: readonly string[]
  /** All rows in their order; other columns than those asked for may be left out. Throws `data_invalid`. */
  rows(columns: readonly string[]): AsyncIterable<Row>
}

export function dataInvalid(where: string, what: string, cause?: unknown): SwitchyardError {
  return new SwitchyardError('data_invalid', `${where}: ${what}`, cause === undefined ? {} : { cause })
}

/** A nested record as columns. Lists stay values. */
export function flatten(record: object): Map<string, unknown> {
  const values = new Map<string, unknown>()
  const add = (prefix: string, part: object) => {
    for (const [key, value] of Object.entries(part)) {
      if (isRecord(value)) add(`${prefix}${key}.`, value)
      else values.set(prefix + key, value)
    }
  }
  add('', record)
  return values
}

/** Not a list, a date or bytes. */
function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** Text; a list of texts, such as the turns of a conversation, is joined by line breaks. `null` where there is none. */
export function readText({ values, where }: Row, column: string): string | null {
  const value = values.get(column)
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join('\n')
  throw dataInvalid(where, `column "${column}" holds ${JSON.stringify(value)?.slice(0, 60)}, which is not text.`)
}

/** A text that must be there. */
export function requireText(row: Row, column: string): string {
  const text = readText(row, column)
  if (text === null) throw dataInvalid(row.where, `column "${column}" is empty.`)
  return text
}

/** What pandas and databases write where nothing is known. */
const UNKNOWN = /^(?:nan|null|none|n\/a)?$/i
const TRUTH: ReadonlyMap<string, number> = new Map([
  ['true', 1],
  ['false', 0],
])

/** A number, 1 and 0 for true and false; `NaN` where there is none. */
export function readNumber({ values, where }: Row, column: string): number {
  const value = values.get(column) ?? Number.NaN
  if (typeof value === 'number' && !Number.isFinite(value) && !Number.isNaN(value))
    throw dataInvalid(where, `column "${column}" holds ${value}.`)
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  const text = typeof value === 'string' ? value.trim() : JSON.stringify(value)
  if (UNKNOWN.test(text)) return Number.NaN
  const number = TRUTH.get(text.toLowerCase()) ?? Number(text)
  if (Number.isFinite(number)) return number
  throw dataInvalid(where, `column "${column}" holds ${JSON.stringify(text.slice(0, 60))}, which is not a number.`)
}
