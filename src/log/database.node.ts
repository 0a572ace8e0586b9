/** The log in one SQLite file: synchronous, so that it belongs in a thread of its own (`store.worker.ts`). */
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { and, asc, desc, eq, gt, inArray, lt, max, notExists, type SQL, sql } from 'drizzle-orm'
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { packageFolder } from '../package.node.ts'
import type { Activation, DecisionRecord, LogRow } from '../spec.ts'
import { failureCode } from './failure.ts'
import { COLUMNS, type Insert, toActivation, toAttempt, toDecision, toFeedback, toOutcome, toVector } from './rows.ts'
import { attempts, decisions, embeddings, feedback, meta, outcomes, policies } from './schema.ts'

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
  decision(id: string): DecisionRecord | null
  decisions(options: { limit: number; before?: string; tenant?: string }): DecisionRecord[]
  embedding(hash: string, encoder: string): Float32Array | null
  activations(): Activation[]
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

/** The log behind an open connection: migrates it; with `recover` decisions without an outcome get the outcome `unknown`. */
export function createDatabase(client: Sqlite.Database, { recover }: { readonly recover: boolean }): Database {
  const db = drizzle(client)
  migrateTwice(db)
  const salt = ensureSalt(db)
  if (recover) closeAbandoned(db, Date.now())
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
    decision: (id) => records(db, eq(decisions.id, id), 1)[0] ?? null,
    decisions({ limit, before, tenant }) {
      const cursor = db
        .select({ seq: decisions.seq })
        .from(decisions)
        .where(eq(decisions.id, before ?? ''))
      return records(
        db,
        and(
          before === undefined ? undefined : lt(decisions.seq, cursor),
          tenant === undefined ? undefined : eq(decisions.tenant, tenant),
        ),
        limit,
      )
    },
    embedding(hash, encoder) {
      const row = db
        .select()
        .from(embeddings)
        .where(and(eq(embeddings.hash, hash), eq(embeddings.encoder, encoder)))
        .get()
      return row ? toVector(row.vector) : null
    },
    activations() {
      const newest = db
        .select({ seq: max(policies.seq) })
        .from(policies)
        .groupBy(policies.route)
      return db
        .select()
        .from(policies)
        .where(inArray(policies.seq, newest))
        .orderBy(asc(policies.route))
        .all()
        .map(toActivation)
    },
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
function migrateTwice(db: BetterSQLite3Database): void {
  const options = { migrationsFolder: join(packageFolder(), 'migrations') }
  try {
    migrate(db, options)
  } catch {
    migrate(db, options)
  }
}

function ensureSalt(db: BetterSQLite3Database): string {
  const fresh = randomBytes(32).toString('hex')
  db.insert(meta).values({ key: 'salt', value: fresh }).onConflictDoNothing().run()
  return db.select().from(meta).where(eq(meta.key, 'salt')).get()?.value ?? fresh
}

/**
 * Gives every decision that has no outcome the outcome `unknown`. Another gateway that still works on one overwrites it
 * with what happens. The decisions that were looked at are remembered by number, so that this stays cheap in a long log.
 */
function closeAbandoned(db: BetterSQLite3Database, now: number): void {
  const swept = Number(db.select().from(meta).where(eq(meta.key, 'swept')).get()?.value ?? 0)
  db.transaction(
    (tx) => {
      const last =
        tx
          .select({ seq: max(decisions.seq) })
          .from(decisions)
          .get()?.seq ?? 0
      if (last <= swept) return
      const abandoned = tx
        .select({ decision: decisions.id, candidate: decisions.candidate })
        .from(decisions)
        .where(
          and(
            gt(decisions.seq, swept),
            notExists(tx.select({ one: sql`1` }).from(outcomes).where(eq(outcomes.decision, decisions.id))),
          ),
        )
        .all()
      for (const row of abandoned) {
        tx.insert(outcomes)
          .values({ ...row, at: now, status: 'unknown', attempts: 0, latencyMs: 0 })
          .run()
      }
      const value = String(last)
      tx.insert(meta).values({ key: 'swept', value }).onConflictDoUpdate({ target: meta.key, set: { value } }).run()
    },
    { behavior: 'immediate' },
  )
}

/** Inserts one row through statements prepared once; the SQL is the schema's, the values are bound as they are. */
function inserter(client: Sqlite.Database, db: BetterSQLite3Database): (insert: Insert) => void {
  const newer = sql`excluded.at >= ${feedback.at}`
  const queries: Record<LogRow['table'], { toSQL(): { sql: string } }> = {
    decisions: db.insert(decisions).values(placeholders(decisions, COLUMNS.decisions)),
    attempts: db.insert(attempts).values(placeholders(attempts, COLUMNS.attempts)),
    outcomes: db.insert(outcomes).values(placeholders(outcomes, COLUMNS.outcomes)),
    feedback: db
      .insert(feedback)
      .values(placeholders(feedback, COLUMNS.feedback))
      .onConflictDoUpdate({
        target: [feedback.decision, feedback.principal, feedback.source],
        set: { value: sql`excluded.value`, comment: sql`excluded.comment`, at: sql`excluded.at` },
        setWhere: newer,
      }),
    embeddings: db.insert(embeddings).values(placeholders(embeddings, COLUMNS.embeddings)).onConflictDoNothing(),
    policies: db.insert(policies).values(placeholders(policies, COLUMNS.policies)),
  }
  const prepare = (table: LogRow['table']) => client.prepare(queries[table].toSQL().sql)
  const statements: Record<LogRow['table'], Sqlite.Statement> = {
    decisions: prepare('decisions'),
    attempts: prepare('attempts'),
    outcomes: prepare('outcomes'),
    feedback: prepare('feedback'),
    embeddings: prepare('embeddings'),
    policies: prepare('policies'),
  }
  /** `unknown` gives way to what happened; a second real outcome of a decision hits the primary key. */
  const forget = db
    .delete(outcomes)
    .where(and(eq(outcomes.decision, sql.placeholder('decision')), sql`${outcomes.status} = 'unknown'`))
  const forgetUnknown = client.prepare(forget.toSQL().sql)

  return ({ table, values }) => {
    if (table === 'outcomes') forgetUnknown.run(values[0])
    statements[table].run(values)
  }
}

/** A placeholder per column. The cast ties the names, which come from the table itself, back to its type. */
function placeholders<Table extends SQLiteTable>(_table: Table, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as {
    [Name in keyof Table['$inferInsert']]: ReturnType<typeof sql.placeholder>
  }
}

/** Decisions with all that is known of them, newest first. */
function records(db: BetterSQLite3Database, where: SQL | undefined, limit: number): DecisionRecord[] {
  const found = db.select().from(decisions).where(where).orderBy(desc(decisions.seq)).limit(limit).all()
  // One parameter however many ids: D1 allows only a hundred.
  const ids = sql`(select value from json_each(${JSON.stringify(found.map((row) => row.id))}))`
  const attemptsOf = Map.groupBy(
    db.select().from(attempts).where(sql`${attempts.decision} in ${ids}`).orderBy(asc(attempts.index)).all(),
    (row) => row.decision,
  )
  const feedbackOf = Map.groupBy(
    db.select().from(feedback).where(sql`${feedback.decision} in ${ids}`).orderBy(asc(feedback.at)).all(),
    (row) => row.decision,
  )
  const outcomeOf = new Map(
    db
      .select()
      .from(outcomes)
      .where(sql`${outcomes.decision} in ${ids}`)
      .all()
      .map((row) => [row.decision, row]),
  )
  return found.map((row) => {
    const outcome = outcomeOf.get(row.id)
    return {
      decision: toDecision(row),
      attempts: (attemptsOf.get(row.id) ?? []).map(toAttempt),
      outcome: outcome ? toOutcome(outcome) : null,
      feedback: (feedbackOf.get(row.id) ?? []).map(toFeedback),
    }
  })
}
