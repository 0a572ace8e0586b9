/** What is read from the log, once for every SQLite: the statements, and what their rows mean. */
import { and, asc, desc, eq, gt, gte, inArray, isNotNull, lt, max, type SQL, sql, sum } from 'drizzle-orm'
import type { DecisionRecord, LogRow, Store } from '../spec.ts'
import type { LogDatabase } from './driver.ts'
import {
  toActivation,
  toAttempt,
  toDecision,
  toEmbedding,
  toFeedback,
  toOutcome,
  toReward,
  toSnapshot,
  toVector,
} from './rows.ts'
import { attempts, decisions, embeddings, feedback, meta, outcomes, policies, rewards, snapshots } from './schema.ts'
import { readSpent, readStatistics } from './statistics.ts'

type ReadName =
  | 'decision'
  | 'decisions'
  | 'embedding'
  | 'activations'
  | 'history'
  | 'spent'
  | 'explored'
  | 'unsettled'
  | 'snapshot'
  | 'rows'
  | 'statistics'

/** The part of a store that only reads. */
export type Reads = {
  readonly [Name in ReadName]: (...args: Parameters<Store[Name]>) => Promise<Awaited<ReturnType<Store[Name]>>>
}

export function createReads(db: LogDatabase): Reads {
  return {
    decision: async (id) => (await records(db, eq(decisions.id, id), 1))[0] ?? null,
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
    async embedding(hash, encoder) {
      const [row] = await db
        .select()
        .from(embeddings)
        .where(and(eq(embeddings.hash, hash), eq(embeddings.encoder, encoder)))
      return row ? toVector(row.vector) : null
    },
    async activations() {
      const newest = db
        .select({ seq: max(policies.seq) })
        .from(policies)
        .groupBy(policies.route)
      const rows = await db.select().from(policies).where(inArray(policies.seq, newest)).orderBy(asc(policies.route))
      return rows.map(toActivation)
    },
    async history(route, limit) {
      const rows = await db
        .select()
        .from(policies)
        .where(eq(policies.route, route))
        .orderBy(desc(policies.seq))
        .limit(limit)
      return rows.map(toActivation)
    },
    spent: (since) => readSpent(db, since),
    async explored(since) {
      const rows = await db
        .select({ route: decisions.route, usd: sum(outcomes.costUsd) })
        .from(decisions)
        .innerJoin(outcomes, eq(outcomes.decision, decisions.id))
        .where(and(gte(decisions.at, since), eq(decisions.explored, 1)))
        .groupBy(decisions.route)
      return new Map(rows.flatMap(({ route, usd }) => (route === null || usd === null ? [] : [[route, Number(usd)]])))
    },
    async unsettled({ after, until, limit, scored }) {
      const looked = await db
        .select({ seq: outcomes.seq, decision: outcomes.decision, at: outcomes.at })
        .from(outcomes)
        .where(gt(outcomes.seq, after))
        .orderBy(outcomes.seq)
        .limit(limit)
      const late = looked.findIndex(({ at }) => at > until)
      const due = late < 0 ? looked : looked.slice(0, late)
      const ids = idList(due.map(({ decision }) => decision))
      const settled = sql`select 1 from ${rewards} where ${rewards.decision} = ${decisions.id}`
      const said = scored
        ? sql`exists (select 1 from ${feedback} where ${feedback.decision} = ${decisions.id})`
        : undefined
      const open = and(sql`${decisions.id} in ${ids}`, isNotNull(decisions.route), sql`not exists (${settled})`, said)
      const found = due.length === 0 ? [] : await records(db, open, limit)
      const recordOf = new Map(found.map((record) => [record.decision.id, record]))
      return { records: due.flatMap(({ decision }) => recordOf.get(decision) ?? []), next: due.at(-1)?.seq ?? null }
    },
    async snapshot(name) {
      const [row] = await db.select().from(snapshots).where(eq(snapshots.name, name))
      return row ? toSnapshot(row) : null
    },
    async rows(table, { after, limit }) {
      const found = await numbered(db, table, { after, limit })
      return { rows: found.map(({ entry }) => entry), next: found.at(-1)?.seq ?? null }
    },
    statistics: (options) => readStatistics(db, options),
  }
}

/** The installation's own, made when it is first asked for; hex. */
export async function readSalt(db: LogDatabase): Promise<string> {
  const find = () => db.select().from(meta).where(eq(meta.key, 'salt'))
  const [found] = await find()
  if (found) return found.value
  // Two that open a new log at the same time get the salt of the first.
  await db.insert(meta).values({ key: 'salt', value: sql`lower(hex(randomblob(32)))` }).onConflictDoNothing()
  return (await find())[0]!.value
}

interface NumberedRow {
  readonly seq: number
  readonly entry: LogRow
}

async function numbered(
  db: LogDatabase,
  table: LogRow['table'],
  { after, limit }: { after: number; limit: number },
): Promise<NumberedRow[]> {
  switch (table) {
    case 'decisions': {
      const found = await db
        .select()
        .from(decisions)
        .where(gt(decisions.seq, after))
        .orderBy(decisions.seq)
        .limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toDecision(row) } }))
    }
    case 'attempts': {
      const found = await db.select().from(attempts).where(gt(attempts.seq, after)).orderBy(attempts.seq).limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toAttempt(row) } }))
    }
    case 'outcomes': {
      const found = await db.select().from(outcomes).where(gt(outcomes.seq, after)).orderBy(outcomes.seq).limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toOutcome(row) } }))
    }
    case 'feedback': {
      const found = await db.select().from(feedback).where(gt(feedback.seq, after)).orderBy(feedback.seq).limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toFeedback(row) } }))
    }
    case 'embeddings': {
      const found = await db
        .select()
        .from(embeddings)
        .where(gt(embeddings.seq, after))
        .orderBy(embeddings.seq)
        .limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toEmbedding(row) } }))
    }
    case 'rewards': {
      const found = await db.select().from(rewards).where(gt(rewards.seq, after)).orderBy(rewards.seq).limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toReward(row) } }))
    }
    case 'policies': {
      const found = await db.select().from(policies).where(gt(policies.seq, after)).orderBy(policies.seq).limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toActivation(row) } }))
    }
    case 'snapshots': {
      const found = await db
        .select()
        .from(snapshots)
        .where(gt(snapshots.seq, after))
        .orderBy(snapshots.seq)
        .limit(limit)
      return found.map((row) => ({ seq: row.seq, entry: { table, row: toSnapshot(row) } }))
    }
  }
}

/** One parameter however many ids: D1 allows only a hundred. */
function idList(ids: readonly string[]): SQL {
  return sql`(select value from json_each(${JSON.stringify(ids)}))`
}

/** Decisions with all that is known of them, newest first. */
async function records(db: LogDatabase, where: SQL | undefined, limit: number): Promise<DecisionRecord[]> {
  const found = await db.select().from(decisions).where(where).orderBy(desc(decisions.seq)).limit(limit)
  const ids = idList(found.map((row) => row.id))
  const [tried, ended, scored] = await Promise.all([
    db.select().from(attempts).where(sql`${attempts.decision} in ${ids}`).orderBy(asc(attempts.index)),
    db.select().from(outcomes).where(sql`${outcomes.decision} in ${ids}`),
    db.select().from(feedback).where(sql`${feedback.decision} in ${ids}`).orderBy(asc(feedback.at)),
  ])
  const attemptsOf = Map.groupBy(tried, (row) => row.decision)
  const outcomeOf = new Map(ended.map((row) => [row.decision, row]))
  const feedbackOf = Map.groupBy(scored, (row) => row.decision)
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
