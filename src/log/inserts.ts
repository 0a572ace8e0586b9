/** The SQL that stores rows, one wording for every SQLite: the schema's names, placeholders for the values of `toInsert`. */
import { and, eq, is, lte, Param, Placeholder, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { LogRow } from '../spec.ts'
import type { LogDatabase } from './driver.ts'
import { COLUMNS, type Insert, type Value } from './rows.ts'
import { attempts, decisions, embeddings, feedback, outcomes, policies, rewards, snapshots } from './schema.ts'

/** One statement; the parameters are taken from an insert's values. */
export interface Statement {
  readonly sql: string
  parameters(values: Insert['values']): Value[]
}

export type Inserts = Readonly<Record<LogRow['table'], readonly Statement[]>>

/**
 * What to run for a row of each table, in order and in one transaction. A row that gives way to a newer one is deleted,
 * never updated: the newer one then has a number of its own, and who reads by number sees it.
 */
export function createInserts(db: LogDatabase): Inserts {
  const value = sql.placeholder
  const statement = (table: LogRow['table'], query: { toSQL(): { sql: string; params: unknown[] } }): Statement => {
    const { sql: text, params } = query.toSQL()
    const names: readonly string[] = COLUMNS[table]
    const from = params.map((param) => names.indexOf(nameOf(param)))
    return { sql: text, parameters: (values) => from.map((index) => values[index] ?? null) }
  }
  return {
    decisions: [statement('decisions', db.insert(decisions).values(placeholders(decisions, COLUMNS.decisions)))],
    attempts: [statement('attempts', db.insert(attempts).values(placeholders(attempts, COLUMNS.attempts)))],
    outcomes: [
      // `unknown` gives way to what happened; a second real outcome of a decision is refused by the unique index.
      statement(
        'outcomes',
        db.delete(outcomes).where(and(eq(outcomes.decision, value('decision')), sql`${outcomes.status} = 'unknown'`)),
      ),
      statement('outcomes', db.insert(outcomes).values(placeholders(outcomes, COLUMNS.outcomes))),
    ],
    feedback: [
      statement(
        'feedback',
        db
          .delete(feedback)
          .where(
            and(
              eq(feedback.decision, value('decision')),
              eq(feedback.principal, value('principal')),
              eq(feedback.source, value('source')),
              lte(feedback.at, value('at')),
            ),
          ),
      ),
      // What is still there is newer.
      statement('feedback', db.insert(feedback).values(placeholders(feedback, COLUMNS.feedback)).onConflictDoNothing()),
    ],
    embeddings: [
      statement(
        'embeddings',
        db.insert(embeddings).values(placeholders(embeddings, COLUMNS.embeddings)).onConflictDoNothing(),
      ),
    ],
    // The first that is known of a decision counts.
    rewards: [
      statement('rewards', db.insert(rewards).values(placeholders(rewards, COLUMNS.rewards)).onConflictDoNothing()),
    ],
    // Several processes may find at the same time that a canary is over: the first one says so.
    policies: [
      statement(
        'policies',
        db
          .insert(policies)
          .select(
            sql`select null, ${sql.join(COLUMNS.policies.map(value), sql`, `)} where ${value('ends')} is null or ${value('ends')} = (select ${policies.at} from ${policies} where ${policies.route} = ${value('route')} order by ${policies.seq} desc limit 1)`,
          ),
      ),
    ],
    snapshots: [
      statement('snapshots', db.delete(snapshots).where(eq(snapshots.name, value('name')))),
      statement('snapshots', db.insert(snapshots).values(placeholders(snapshots, COLUMNS.snapshots))),
    ],
  }
}

/** A placeholder per column. The cast ties the names, which come from the table itself, back to its type. */
function placeholders<Table extends SQLiteTable>(_table: Table, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as {
    [Name in keyof Table['$inferInsert']]: ReturnType<typeof sql.placeholder>
  }
}

/** A placeholder's name; for a column with a mapping of its own it comes wrapped in that. */
function nameOf(param: unknown): string {
  const inner = is(param, Param) ? param.value : param
  if (!is(inner, Placeholder)) throw new TypeError('A statement that stores rows binds nothing but their values.')
  return inner.name
}
