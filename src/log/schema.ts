/**
 * The log's tables, one schema for better-sqlite3 and D1. What is queried has a column; the rest is JSON text.
 * Booleans are 0 and 1; times are milliseconds since the epoch; `rows.ts` maps to and from the types of the spec.
 *
 * There are no foreign keys on purpose: one lost decision must not make its attempts and outcome unstorable.
 */
import { customType, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Bytes, however the driver gives them: D1 as an array of numbers, better-sqlite3 as a view of Node's. */
const bytes = customType<{ data: Uint8Array; driverData: ArrayLike<number> }>({
  dataType: () => 'blob',
  fromDriver: (value) => Uint8Array.from(value),
  toDriver: (value) => value,
})

/**
 * The number of a row's writing, never given twice: who has read up to one number misses nothing by going on from there.
 * (SQLite's own row ids would not do: they are given again after a deletion and change in a VACUUM.)
 */
const seq = () => integer().primaryKey({ autoIncrement: true })

export const decisions = sqliteTable(
  'decisions',
  {
    /** Order of insertion: wall clocks jump, this does not. */
    seq: seq(),
    id: text().notNull().unique(),
    at: integer().notNull(),
    tenant: text().notNull(),
    wire: text({ enum: ['openai', 'anthropic'] }).notNull(),
    route: text(),
    asked: text().notNull(),
    candidate: text().notNull(),
    /** JSON: candidate ids. */
    alternates: text().notNull(),
    propensity: real().notNull(),
    explored: integer().notNull(),
    reason: text().notNull(),
    lambda: real(),
    policy: text(),
    stream: integer().notNull(),
    queryHash: text('query_hash').notNull(),
    queryChars: integer('query_chars').notNull(),
    inputTokens: integer('input_tokens').notNull(),
    /** JSON: numbers. */
    features: text().notNull(),
    embedded: integer().notNull(),
    /** The embedded text; null unless text retention is on. */
    queryText: text('query_text'),
    /** JSON: `Considered`. */
    considered: text(),
  },
  (table) => [
    // A rowid table's index ends in the rowid, which is `seq`: newest first per tenant needs no more.
    index('decisions_tenant').on(table.tenant),
    // For folding and deleting by day.
    index('decisions_at').on(table.at),
    // For finding out whether a vector is still referred to.
    index('decisions_query').on(table.queryHash),
  ],
)

export const attempts = sqliteTable(
  'attempts',
  {
    seq: seq(),
    decision: text().notNull(),
    index: integer().notNull(),
    candidate: text().notNull(),
    provider: text().notNull(),
    at: integer().notNull(),
    status: integer(),
    error: text(),
    ttftMs: real('ttft_ms'),
    latencyMs: real('latency_ms').notNull(),
    costUsd: real('cost_usd'),
    /** In a cascade, of an answer that was judged. */
    verdict: text(),
  },
  (table) => [uniqueIndex('attempts_key').on(table.decision, table.index)],
)

export const outcomes = sqliteTable('outcomes', {
  seq: seq(),
  decision: text().notNull().unique(),
  at: integer().notNull(),
  status: text({
    enum: ['ok', 'client_abort', 'client_error', 'upstream_error', 'upstream_truncated', 'timeout', 'unknown'],
  }).notNull(),
  candidate: text().notNull(),
  attempts: integer().notNull(),
  /** The five token counts are null together. */
  inputTokens: integer('input_tokens'),
  cachedInputTokens: integer('cached_input_tokens'),
  cacheWriteTokens: integer('cache_write_tokens'),
  outputTokens: integer('output_tokens'),
  reasoningTokens: integer('reasoning_tokens'),
  usageSource: text('usage_source', { enum: ['provider', 'estimated'] }),
  costUsd: real('cost_usd'),
  ttftMs: real('ttft_ms'),
  latencyMs: real('latency_ms').notNull(),
  finish: text({ enum: ['stop', 'length', 'tool_calls', 'refusal', 'other'] }),
  finishRaw: text('finish_raw'),
  /** Null unless text retention is on. */
  answer: text(),
  /** JSON: names of signals. Null as `[]`, in rows older than the column. */
  signals: text(),
})

/** One score per decision, principal and source: the newest. */
export const feedback = sqliteTable(
  'feedback',
  {
    seq: seq(),
    decision: text().notNull(),
    principal: text().notNull(),
    source: text({ enum: ['user', 'judge', 'check', 'implicit'] }).notNull(),
    value: real().notNull(),
    comment: text(),
    at: integer().notNull(),
  },
  (table) => [uniqueIndex('feedback_key').on(table.decision, table.principal, table.source)],
)

export const embeddings = sqliteTable(
  'embeddings',
  {
    seq: seq(),
    hash: text().notNull(),
    encoder: text().notNull(),
    /** 32-bit floats, little-endian. */
    vector: bytes().notNull(),
    at: integer().notNull(),
  },
  (table) => [uniqueIndex('embeddings_key').on(table.hash, table.encoder)],
)

/** One per decision: the first that is known. */
export const rewards = sqliteTable(
  'rewards',
  {
    seq: seq(),
    decision: text().notNull().unique(),
    at: integer().notNull(),
    tenant: text().notNull(),
    route: text().notNull(),
    policy: text(),
    candidate: text().notNull(),
    source: text({ enum: ['user', 'judge', 'check', 'implicit'] }).notNull(),
    quality: real().notNull(),
    costUsd: real('cost_usd'),
    lambda: real().notNull(),
    propensity: real().notNull(),
    /** What an online model learns; the three are null together. */
    model: text(),
    /** 64-bit floats, little-endian. */
    features: bytes(),
    predicted: real(),
  },
  (table) => [index('rewards_route').on(table.route)],
)

/** How far jobs have come, and with what: the newest row per name. */
export const snapshots = sqliteTable('snapshots', {
  seq: seq(),
  name: text().notNull().unique(),
  at: integer().notNull(),
  /** Number of the last row that is in it, of whichever table the job reads. */
  last: integer().notNull(),
  bytes: bytes().notNull(),
})

/** Activations: the newest row per route is the one that serves. */
export const policies = sqliteTable(
  'policies',
  {
    seq: seq(),
    route: text().notNull(),
    policy: text(),
    at: integer().notNull(),
    reason: text().notNull(),
    /** Share of the requests. */
    share: real().notNull().default(1),
    hold: integer(),
    ends: integer(),
    /** JSON. */
    evidence: text(),
  },
  (table) => [index('policies_route').on(table.route)],
)

/** Policy files where there is no folder for them, in parts: D1 stores no row beyond 2 MB. */
export const policyFiles = sqliteTable(
  'policy_files',
  {
    /** The policy's id. */
    policy: text().notNull(),
    part: integer().notNull(),
    bytes: bytes().notNull(),
  },
  (table) => [primaryKey({ columns: [table.policy, table.part] })],
)

/**
 * Sums by day, a cache of what is in the other tables until that is deleted, and what remains of it then;
 * `maintenance.ts` says which day is which.
 */
export const statistics = sqliteTable(
  'statistics',
  {
    /** Days since the epoch, UTC; a request belongs to the day on which it was decided. */
    day: integer().notNull(),
    tenant: text().notNull(),
    /** Empty where the client named the model. */
    route: text().notNull(),
    candidate: text().notNull(),
    /** Of the outcome; `unknown` also while there is none. */
    status: text({
      enum: ['ok', 'client_abort', 'client_error', 'upstream_error', 'upstream_truncated', 'timeout', 'unknown'],
    }).notNull(),
    requests: integer().notNull(),
    inputTokens: integer('input_tokens').notNull(),
    outputTokens: integer('output_tokens').notNull(),
    costUsd: real('cost_usd').notNull(),
    /** Requests whose cost is known; the sum is over these. */
    priced: integer().notNull(),
    latencyMs: real('latency_ms').notNull(),
    /** Requests with feedback. */
    scored: integer().notNull(),
    /** Sum over those of the mean of a request's scores. */
    score: real().notNull(),
  },
  (table) => [primaryKey({ columns: [table.day, table.tenant, table.route, table.candidate, table.status] })],
)

/** Facts of the installation: the salt of its hashes, how far maintenance has come. */
export const meta = sqliteTable('meta', { key: text().primaryKey(), value: text().notNull() })

/** The tables that rows are appended to, by the name they have in the spec. */
export const TABLES = { decisions, attempts, outcomes, feedback, embeddings, rewards, policies, snapshots }
