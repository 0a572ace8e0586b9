/** Rows of the spec to columns of the schema and back: pure, one mapping for every SQLite. */
import { getTableColumns } from 'drizzle-orm'
import type {
  Activation,
  Attempt,
  Considered,
  Decision,
  EmbeddingRow,
  Feedback,
  Finish,
  LogRow,
  Outcome,
  Usage,
} from '../spec.ts'
import { TABLES } from './schema.ts'

/** What SQLite can hold. */
export type Value = null | number | string | Uint8Array

/** One row to insert: its table and a value per column, in the schema's order. Cheap to send to another thread. */
export interface Insert {
  readonly table: LogRow['table']
  readonly values: readonly Value[]
}

type Columns<Name extends keyof typeof TABLES> = (typeof TABLES)[Name]['$inferSelect']
/** Without the number that the database gives. */
type Written<Name extends keyof typeof TABLES> = Omit<Columns<Name>, 'seq'>

/** The column names of each table in the order in which `toInsert` gives their values. */
export const COLUMNS = {
  decisions: Object.keys(getTableColumns(TABLES.decisions)),
  attempts: Object.keys(getTableColumns(TABLES.attempts)),
  outcomes: Object.keys(getTableColumns(TABLES.outcomes)),
  feedback: Object.keys(getTableColumns(TABLES.feedback)),
  embeddings: Object.keys(getTableColumns(TABLES.embeddings)),
  policies: Object.keys(getTableColumns(TABLES.policies)),
} as const satisfies Record<LogRow['table'], readonly string[]>

/** A row as its table's values; `seq` is null, so that the database numbers it. Copies: later changes to the row do not show. */
export function toInsert(row: LogRow): Insert {
  const columns: Readonly<Record<string, Value>> = toColumns(row)
  return { table: row.table, values: COLUMNS[row.table].map((name) => columns[name] ?? null) }
}

/** Bytes that an insert holds in memory, near enough to bound a queue: two per character at worst are counted as one. */
export function sizeOf(insert: Insert): number {
  let bytes = 0
  for (const value of insert.values) {
    if (typeof value === 'string') bytes += value.length
    else bytes += value instanceof Uint8Array ? value.byteLength : 8
  }
  return bytes
}

function toColumns({ table, row }: LogRow) {
  switch (table) {
    case 'decisions':
      return fromDecision(row)
    case 'attempts':
      return fromAttempt(row)
    case 'outcomes':
      return fromOutcome(row)
    case 'feedback':
      return fromFeedback(row)
    case 'embeddings':
      return fromEmbedding(row)
    case 'policies':
      return fromActivation(row)
  }
}

function fromDecision(row: Decision): Written<'decisions'> {
  return {
    id: row.id,
    at: row.at,
    tenant: row.tenant,
    wire: row.wire,
    route: row.route,
    asked: row.asked,
    candidate: row.candidate,
    alternates: JSON.stringify(row.alternates),
    propensity: row.propensity,
    explored: Number(row.explored),
    reason: row.reason,
    lambda: row.lambda,
    policy: row.policy,
    stream: Number(row.stream),
    queryHash: row.query.hash,
    queryChars: row.query.chars,
    inputTokens: row.query.inputTokens,
    features: JSON.stringify(row.query.features),
    embedded: Number(row.query.embedded),
    queryText: row.query.text ?? null,
    considered: row.considered && JSON.stringify(row.considered),
  }
}

/** A decision as stored. */
export function toDecision(row: Columns<'decisions'>): Decision {
  const alternates: string[] = JSON.parse(row.alternates)
  const features: number[] = JSON.parse(row.features)
  const considered: Considered | null = row.considered === null ? null : JSON.parse(row.considered)
  return {
    id: row.id,
    at: row.at,
    tenant: row.tenant,
    wire: row.wire,
    route: row.route,
    asked: row.asked,
    candidate: row.candidate,
    alternates,
    propensity: row.propensity,
    explored: row.explored === 1,
    reason: row.reason,
    lambda: row.lambda,
    policy: row.policy,
    stream: row.stream === 1,
    query: {
      hash: row.queryHash,
      chars: row.queryChars,
      inputTokens: row.inputTokens,
      features,
      embedded: row.embedded === 1,
      ...(row.queryText === null ? {} : { text: row.queryText }),
    },
    considered,
  }
}

function fromAttempt(row: Attempt): Written<'attempts'> {
  return {
    decision: row.decision,
    index: row.index,
    candidate: row.candidate,
    provider: row.provider,
    at: row.at,
    status: row.status,
    error: row.error,
    ttftMs: row.ttftMs,
    latencyMs: row.latencyMs,
  }
}

/** An attempt as stored. */
export function toAttempt(row: Columns<'attempts'>): Attempt {
  return { ...row }
}

function fromOutcome(row: Outcome): Written<'outcomes'> {
  return {
    decision: row.decision,
    at: row.at,
    status: row.status,
    candidate: row.candidate,
    attempts: row.attempts,
    inputTokens: row.usage?.input ?? null,
    cachedInputTokens: row.usage?.cachedInput ?? null,
    cacheWriteTokens: row.usage?.cacheWrite ?? null,
    outputTokens: row.usage?.output ?? null,
    reasoningTokens: row.usage?.reasoning ?? null,
    usageSource: row.usageSource,
    costUsd: row.costUsd,
    ttftMs: row.ttftMs,
    latencyMs: row.latencyMs,
    finish: row.finish?.unified ?? null,
    finishRaw: row.finish?.raw ?? null,
    answer: row.answer ?? null,
  }
}

/** An outcome as stored. */
export function toOutcome(row: Columns<'outcomes'>): Outcome {
  const usage: Usage | null =
    row.inputTokens === null
      ? null
      : {
          input: row.inputTokens,
          cachedInput: row.cachedInputTokens ?? 0,
          cacheWrite: row.cacheWriteTokens ?? 0,
          output: row.outputTokens ?? 0,
          reasoning: row.reasoningTokens ?? 0,
        }
  const finish: Finish | null = row.finish === null ? null : { unified: row.finish, raw: row.finishRaw }
  return {
    decision: row.decision,
    at: row.at,
    status: row.status,
    candidate: row.candidate,
    attempts: row.attempts,
    usage,
    usageSource: row.usageSource,
    costUsd: row.costUsd,
    ttftMs: row.ttftMs,
    latencyMs: row.latencyMs,
    finish,
    ...(row.answer === null ? {} : { answer: row.answer }),
  }
}

function fromFeedback(row: Feedback): Written<'feedback'> {
  return {
    decision: row.decision,
    principal: row.principal,
    source: row.source,
    value: row.value,
    comment: row.comment ?? null,
    at: row.at,
  }
}

/** A score as stored. */
export function toFeedback({ comment, ...row }: Columns<'feedback'>): Feedback {
  return comment === null ? row : { ...row, comment }
}

function fromEmbedding(row: EmbeddingRow): Written<'embeddings'> {
  const { buffer, byteOffset, byteLength } = row.vector
  // A copy: sending a view to another thread would send the whole buffer behind it.
  return {
    hash: row.hash,
    encoder: row.encoder,
    vector: new Uint8Array(buffer, byteOffset, byteLength).slice(),
    at: row.at,
  }
}

/** A vector as stored; the copy gives it the alignment that 32-bit floats need. */
export function toVector(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

function fromActivation(row: Activation): Written<'policies'> {
  return { route: row.route, policy: row.policy, at: row.at, reason: row.reason }
}

/** An activation as stored. */
export function toActivation({ seq: _, ...row }: Columns<'policies'>): Activation {
  return row
}
