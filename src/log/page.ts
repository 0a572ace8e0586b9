/** Rows of the log on their way to another installation: the values as they are stored, as JSON, and back again exactly. */
import * as z from 'zod'
import { SwitchyardError } from '../errors.ts'
import type { LogRow } from '../spec.ts'
import type { Sha256 } from './privacy.ts'
import { COLUMNS, type Insert, toInsert, type Value } from './rows.ts'

/** One row: a value per column, in the order of `COLUMNS`; bytes as base64. */
type Cells = readonly (null | number | string | { readonly base64: string })[]

/** Names a log without telling its salt: who reads it in pieces sees when another one has taken its place. */
export function logName(salt: string, sha256: Sha256): string {
  return sha256(`log ${salt}`).slice(0, 32)
}

export function encodeRows(rows: readonly LogRow[]): Cells[] {
  return rows.map((row) =>
    toInsert(row).values.map((value) => (value instanceof Uint8Array ? { base64: toBase64(value) } : value)),
  )
}

const cell = z.union([z.null(), z.number(), z.string(), z.strictObject({ base64: z.base64() })])
const page = z.object({ rows: z.array(z.array(cell)), next: z.int().nullable() })

/** A page as it came. Throws `data_invalid` where it is none, or not of this version's tables. */
export function decodePage(table: LogRow['table'], json: unknown): { rows: Insert[]; next: number | null } {
  const parsed = page.safeParse(json)
  const { length } = COLUMNS[table]
  if (!parsed.success || parsed.data.rows.some((cells) => cells.length !== length))
    throw new SwitchyardError('data_invalid', `What came is no page of the table "${table}".`)
  const { rows, next } = parsed.data
  return { rows: rows.map((cells) => ({ table, values: cells.map(toValue) })), next }
}

function toValue(value: Cells[number]): Value {
  return typeof value === 'object' && value !== null ? fromBase64(value.base64) : value
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
