/** The log of a Worker: Cloudflare's D1, with the statements of every other SQLite. */
import type { D1Database } from '@cloudflare/workers-types'
import { drizzle } from 'drizzle-orm/sqlite-proxy'
import type { LogRow, Store } from '../spec.ts'
import type { LogDatabase } from './driver.ts'
import { logFailed } from './failure.ts'
import { createInserts } from './inserts.ts'
import { maintain } from './maintenance.ts'
import { createReads, readSalt } from './queries.ts'
import { toInsert } from './rows.ts'

/** A log in D1, with the salt of its installation's hashes. */
export interface D1Store extends Store {
  readonly salt: string
}

export interface D1StoreOptions {
  /** Lets an append go on after the request that began it: `waitUntil`. */
  readonly keepAlive: (work: Promise<unknown>) => void
}

/**
 * Opens the log of a migrated database. Rejects with `log_failed` where the tables are missing or D1 does not answer.
 *
 * An append is one batch, which D1 runs as one transaction, and is durable when it resolves. Appends are not gathered:
 * isolates share nothing, and D1 is asked over the network anyway.
 */
export async function openD1Store(d1: D1Database, { keepAlive }: D1StoreOptions): Promise<D1Store> {
  const db = toLogDatabase(d1)
  const inserts = createInserts(db)
  const reads = createReads(db)
  let dropped = 0
  let closed = false

  async function store(rows: readonly LogRow[]): Promise<void> {
    try {
      const statements = rows
        .map(toInsert)
        .flatMap(({ table, values }) =>
          inserts[table].map(({ sql, parameters }) => d1.prepare(sql).bind(...parameters(values))),
        )
      await d1.batch(statements)
    } catch (thrown) {
      dropped += rows.length
      throw logFailed(codeOf(thrown), `store ${rows.length} rows`)
    }
  }

  return {
    salt: await answered(readSalt(db), 'be opened'),
    async append(rows) {
      if (rows.length === 0) return
      if (closed) {
        dropped += rows.length
        throw logFailed('CLOSED', `store ${rows.length} rows`)
      }
      const storing = store(rows)
      keepAlive(storing.catch(() => undefined))
      await storing
    },
    decision: (id) => answered(reads.decision(id)),
    decisions: (options) => answered(reads.decisions(options)),
    embedding: (hash, encoder) => answered(reads.embedding(hash, encoder)),
    activations: () => answered(reads.activations()),
    history: (route, limit) => answered(reads.history(route, limit)),
    spent: (since) => answered(reads.spent(since)),
    explored: (since) => answered(reads.explored(since)),
    unsettled: (options) => answered(reads.unsettled(options)),
    snapshot: (name) => answered(reads.snapshot(name)),
    rows: (table, page) => answered(reads.rows(table, page)),
    statistics: (options) => answered(reads.statistics(options)),
    maintain: (options) => answered(maintain(db, options), 'be maintained'),
    get dropped() {
      return dropped
    },
    async close() {
      closed = true
    },
  }
}

function toLogDatabase(d1: D1Database): LogDatabase {
  return drizzle(
    async (source, params, method) => {
      const rows = await d1
        .prepare(source)
        .bind(...params)
        .raw<unknown[]>()
      return { rows: method === 'get' ? (rows[0] ?? []) : rows }
    },
    async (batch) => {
      await d1.batch(batch.map(({ sql, params }) => d1.prepare(sql).bind(...params)))
      return batch.map(() => ({ rows: [] }))
    },
  )
}

async function answered<Answer>(work: Promise<Answer>, doing = 'be read'): Promise<Answer> {
  try {
    return await work
  } catch (thrown) {
    throw logFailed(codeOf(thrown), doing)
  }
}

/** `D1_ERROR: what happened: SQLITE_CODE (extended: SQLITE_CODE_MORE)`: only the code may leave, the rest may quote what was bound. */
function codeOf(thrown: unknown): string {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (/^D1_ERROR: no such (table|column): /u.test(error.message)) return 'NOT_MIGRATED'
    const codes = /: (SQLITE_[A-Z]{2,20})(?: \(extended: (SQLITE_[A-Z_]{2,40})\))?$/u.exec(error.message)
    if (codes) return codes[2] ?? codes[1]!
  }
  return 'D1_ERROR'
}
