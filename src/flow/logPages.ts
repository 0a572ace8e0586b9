/** The admin API for the log: its rows, of all tenants, in the order in which they were written. */
import * as z from 'zod'
import { SwitchyardError } from '../errors.ts'
import { encodeRows, logName } from '../log/page.ts'
import { COLUMNS } from '../log/rows.ts'
import type { LogRow } from '../spec.ts'
import type { Deps } from './deps.ts'

const TABLES = Object.keys(COLUMNS) as LogRow['table'][]

const paging = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
})

/** `GET /v1/log`: which log this is, and the columns of its tables in the order in which pages have them. */
export function describeLog({ salt, sha256 }: Pick<Deps, 'salt' | 'sha256'>) {
  return { log: logName(salt, sha256), columns: COLUMNS }
}

/**
 * `GET /v1/log/{table}?after=N&limit=M`: the rows after number N, 0 for the beginning; `next` is the N of the following
 * page, `null` where there was nothing. Throws `not_found`, `invalid_request`.
 */
export async function readLogPage({ log }: Pick<Deps, 'log'>, name: string, query: Readonly<Record<string, string>>) {
  const table = TABLES.find((one) => one === name)
  if (!table)
    throw new SwitchyardError('not_found', `The log has no table "${name.slice(0, 80)}"; it has ${TABLES.join(', ')}.`)
  const parsed = paging.safeParse(query)
  if (!parsed.success)
    throw new SwitchyardError('invalid_request', '`after` must be a number from 0, `limit` one from 1 to 1000.')
  const { rows, next } = await log.rows(table, parsed.data)
  return { table, rows: encodeRows(rows), next }
}
