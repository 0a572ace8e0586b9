/** Another installation's log, copied into the one here: rows and how far they were copied in one transaction. */
import { drizzle } from 'drizzle-orm/sqlite-proxy'
import type { LogRow } from '../spec.ts'
import { connect, createDatabase, type Durability } from './database.node.ts'
import { failureCode, logFailed } from './failure.ts'
import { createInserts } from './inserts.ts'
import type { Insert } from './rows.ts'

export interface LogCopy {
  /** The number of the last row that was copied from a table of the log `source`; 0 at first. */
  cursor(source: string, table: LogRow['table']): number
  /**
   * Stores rows that came in the order of their numbers up to `next`; returns how many changed anything here. A row that
   * is here already stays as it is, unless the one that came replaces it: a newer score, an outcome in place of `unknown`.
   * Throws `log_failed`, and nothing of the page is stored.
   */
  take(
    source: string,
    table: LogRow['table'],
    page: { readonly rows: readonly Insert[]; readonly next: number },
  ): number
  close(): void
}

/** How long another process may hold the log's lock. */
const LOCK_WAIT_MS = 15_000

/** Opens or creates the log. A gateway may be serving from it. */
export async function openCopy(options: { readonly file: string; readonly durability: Durability }): Promise<LogCopy> {
  const client = connect(options)
  await createDatabase(client)
  client.pragma(`busy_timeout = ${LOCK_WAIT_MS}`)
  const statements = Object.fromEntries(
    Object.entries(createInserts(drizzle(async () => ({ rows: [] })))).map(([table, all]) => [
      table,
      all.map(({ sql, parameters }) => ({ statement: client.prepare(sql), parameters })),
    ]),
  )
  const read = client.prepare<[string], string>('select value from meta where key = ?').pluck()
  const write = client.prepare('insert or replace into meta (key, value) values (?, ?)')
  const keyOf = (source: string, table: LogRow['table']) => `copied ${source} ${table}`

  /** Whether the row changed anything. Its last statement is the one that inserts it. */
  function insert({ table, values }: Insert): boolean {
    try {
      return (statements[table] ?? []).map((one) => one.statement.run(one.parameters(values)).changes).at(-1) === 1
    } catch (thrown) {
      if (failureCode(thrown) === 'SQLITE_CONSTRAINT_UNIQUE') return false
      throw thrown
    }
  }

  const takeAll = client.transaction((key: string, rows: readonly Insert[], next: number) => {
    const changed = rows.filter(insert).length
    write.run(key, String(next))
    return changed
  })
  return {
    cursor: (source, table) => Number(read.get(keyOf(source, table)) ?? 0),
    take(source, table, { rows, next }) {
      try {
        return takeAll.immediate(keyOf(source, table), rows, next)
      } catch (thrown) {
        throw logFailed(failureCode(thrown), `store ${rows.length} rows`)
      }
    },
    close: () => client.close(),
  }
}
