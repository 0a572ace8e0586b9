/**
 * The log's tables, one schema for better-sqlite3 and D1. What is queried has a column; the rest is JSON text.
 * Booleans are 0 and 1; times are milliseconds since the epoch; `rows.ts` maps to and from the types of the spec.
 *
 * There are no foreign keys on purpose: one lost decision must not make its attempts and outcome unstorable.
 */
import { blob, index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const decisions = sqliteTable(
  'decisions',
  {
    /** Order of insertion: wall clocks jump, this does not. */
    seq: integer().primaryKey({ autoIncrement: true }),
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
  // A rowid table's index ends in the rowid, which is `seq`: newest first per tenant needs no more.
  (table) => [index('decisions_tenant').on(table.tenant)],
)

export const attempts = sqliteTable(
  'attempts',
  {
    decision: text().notNull(),
    index: integer().notNull(),
    candidate: text().notNull(),
    provider: text().notNull(),
    at: integer().notNull(),
    status: integer(),
    error: text(),
    ttftMs: real('ttft_ms'),
    latencyMs: real('latency_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.decision, table.index] })],
)

export const outcomes = sqliteTable('outcomes', {
  decision: text().primaryKey(),
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
})

/** One score per decision, principal and source: the newest. */
export const feedback = sqliteTable(
  'feedback',
  {
    decision: text().notNull(),
    principal: text().notNull(),
    source: text({ enum: ['user', 'judge', 'check', 'implicit'] }).notNull(),
    value: real().notNull(),
    comment: text(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.decision, table.principal, table.source] })],
)

export const embeddings = sqliteTable(
  'embeddings',
  {
    hash: text().notNull(),
    encoder: text().notNull(),
    /** 32-bit floats, little-endian. */
    vector: blob({ mode: 'buffer' }).$type<Uint8Array>().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.hash, table.encoder] })],
)

/** Activations: the newest row per route is the one that serves. */
export const policies = sqliteTable(
  'policies',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    route: text().notNull(),
    policy: text(),
    at: integer().notNull(),
    reason: text().notNull(),
  },
  (table) => [index('policies_route').on(table.route)],
)

/** Facts of the installation: the salt of its hashes, how far unfinished decisions were swept. */
export const meta = sqliteTable('meta', { key: text().primaryKey(), value: text().notNull() })

/** The tables that rows are appended to, by the name they have in the spec. */
export const TABLES = { decisions, attempts, outcomes, feedback, embeddings, policies }
