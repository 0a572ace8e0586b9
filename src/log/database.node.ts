/** The log in one SQLite file: synchronous, so that it belongs in a thread of its own (`store.thread.node.ts`). */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { drizzle as drizzleSync } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { drizzle } from 'drizzle-orm/sqlite-proxy'
import { packageFolder } from '../package.node.ts'
import type { Maintained, Store } from '../spec.ts'
import type { LogDatabase } from './driver.ts'
import { failureCode } from './failure.ts'
import { createInserts } from './inserts.ts'
import { maintain } from './maintenance.ts'
import { createReads, type Reads, readSalt } from './queries.ts'
import type { Insert } from './rows.ts'

/** `process`: what is stored survives a kill of the process. `power`: also a loss of power, for one fsync per commit. */
export type Durability = 'process' | 'power'

/** An append that could not be stored: its index in the batch and why. */
export type Refused = readonly [index: number, code: string]

export interface Database {
  /** Of the hashes of this installation; hex. */
  readonly salt: string
  /**
   * Stores a batch of appends, each whole or not at all, in one transaction. Throws where the database fails and
   * nothing is stored; returns the appends that are themselves at fault and were left out.
   */
  commit(batch: readonly (readonly Insert[])[]): Refused[]
  readonly reads: Reads
  maintain(options: Parameters<Store['maintain']>[0]): Promise<Maintained>
  close(): void
}

/** How long SQLite itself waits for a lock; the caller retries beyond it and can answer reads in between. */
const LOCK_WAIT_MS = 100
/** At open there is nothing else to do. */
const OPEN_WAIT_MS = 5_000

/** Opens or creates the file. What is created, file and folder, is its owner's alone. */
export function connect(options: { readonly file: string; readonly durability: Durability }): Sqlite.Database {
  mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 })
  // SQLite gives the files beside it (-wal, -shm) the same mode.
  closeSync(openSync(options.file, 'a', 0o600))
  const client = new Sqlite(options.file, { timeout: OPEN_WAIT_MS })
  client.pragma('journal_mode = WAL')
  client.pragma(`synchronous = ${options.durability === 'power' ? 'FULL' : 'NORMAL'}`)
  // Where fsync alone does not reach the medium (macOS); nothing elsewhere.
  if (options.durability === 'power') client.pragma('fullfsync = ON')
  return client
}

/** The log behind an open connection, which it migrates. */
export async function createDatabase(client: Sqlite.Database): Promise<Database> {
  migrateTwice(client)
  const db = toLogDatabase(client)
  const salt = await readSalt(db)
  client.pragma(`busy_timeout = ${LOCK_WAIT_MS}`)

  const store = inserter(client, db)
  const storeAll = client.transaction((batch: readonly (readonly Insert[])[]) => {
    for (const inserts of batch) for (const insert of inserts) store(insert)
  })
  const storeOne = client.transaction((inserts: readonly Insert[]) => {
    for (const insert of inserts) store(insert)
  })
  /** A transaction inside a transaction is a savepoint: each append stands alone, the commit is still one. */
  const storeEach = client.transaction((batch: readonly (readonly Insert[])[]) => {
    const refused: Refused[] = []
    for (const [index, inserts] of batch.entries()) {
      try {
        storeOne(inserts)
      } catch (thrown) {
        if (!isAtFault(thrown)) throw thrown
        refused.push([index, failureCode(thrown)])
      }
    }
    return refused
  })

  return {
    salt,
    commit(batch) {
      try {
        storeAll.immediate(batch)
        return []
      } catch (thrown) {
        if (!isAtFault(thrown)) throw thrown
        return storeEach.immediate(batch)
      }
    },
    reads: createReads(db),
    maintain: (options) => maintain(db, options),
    close: () => client.close(),
  }
}

/** The row's own fault (a repeated key, a missing or unstorable value), not the database's. */
function isAtFault(thrown: unknown): boolean {
  return (
    failureCode(thrown).startsWith('SQLITE_CONSTRAINT') || thrown instanceof TypeError || thrown instanceof RangeError
  )
}

/** Two processes that create one file race for its first migration; the loser finds it done on the second try. */
function migrateTwice(client: Sqlite.Database): void {
  const db = drizzleSync(client)
  const options = { migrationsFolder: join(packageFolder(), 'migrations') }
  try {
    migrate(db, options)
  } catch {
    migrate(db, options)
  }
}

function toLogDatabase(client: Sqlite.Database): LogDatabase {
  const runAll = client.transaction((batch: readonly { sql: string; params: unknown[] }[]) => {
    for (const { sql, params } of batch) client.prepare(sql).run(params)
  })
  return drizzle(
    async (source, params, method) => {
      const statement = client.prepare(source)
      if (!statement.reader) {
        statement.run(params)
        return { rows: [] }
      }
      const rows = statement.raw().all(params)
      return { rows: method === 'get' ? (rows[0] as unknown[]) : rows }
    },
    async (batch) => {
      // Only maintenance writes in batches: appends and reads get their turn before each.
      await immediate()
      runAll.immediate(batch)
      return batch.map(() => ({ rows: [] }))
    },
  )
}

/** Inserts one row through statements prepared once. */
function inserter(client: Sqlite.Database, db: LogDatabase): (insert: Insert) => void {
  const prepared = Object.fromEntries(
    Object.entries(createInserts(db)).map(([table, statements]) => [
      table,
      statements.map(({ sql, parameters }) => ({ statement: client.prepare(sql), parameters })),
    ]),
  )
  return ({ table, values }) => {
    for (const { statement, parameters } of prepared[table]!) statement.run(parameters(values))
  }
}
