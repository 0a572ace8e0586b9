/**
 * Rows of the spec to columns of the schema and back: pure, one mapping for every SQLite. Only types of the schema are
 * imported: its library is large, and the thread that serves requests can do without it.
 */
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
  Reward,
  Signal,
  Snapshot,
  Usage,
} from '../spec.ts'
import type { TABLES } from './schema.ts'

/** What SQLite can hold. */
export type Value = null | number | string | Uint8Array

/** One row to insert: its table and a value per column, in the order of `COLUMNS`. Cheap to send to another thread. */
export interface Insert {
  readonly table: LogRow['table']
  readonly values: readonly Value[]
}

type Columns<Name extends keyof typeof TABLES> = (typeof TABLES)[Name]['$inferSelect']
/** How each column is taken from a row; `seq` is not here because the database gives it. */
type Writers<Name extends keyof typeof TABLES, Row> = {
  readonly [Column in keyof Omit<Columns<Name>, 'seq'>]: (row: Row) => Columns<Name>[Column]
}

const decisionWriters: Writers<'decisions', Decision> = {
  id: (row) => row.id,
  at: (row) => row.at,
  tenant: (row) => row.tenant,
  wire: (row) => row.wire,
  route: (row) => row.route,
  asked: (row) => row.asked,
  candidate: (row) => row.candidate,
  alternates: (row) => JSON.stringify(row.alternates),
  propensity: (row) => row.propensity,
  explored: (row) => Number(row.explored),
  reason: (row) => row.reason,
  lambda: (row) => row.lambda,
  policy: (row) => row.policy,
  stream: (row) => Number(row.stream),
  queryHash: (row) => row.query.hash,
  queryChars: (row) => row.query.chars,
  inputTokens: (row) => row.query.inputTokens,
  features: (row) => JSON.stringify(row.query.features),
  embedded: (row) => Number(row.query.embedded),
  queryText: (row) => row.query.text ?? null,
  considered: (row) => row.considered && JSON.stringify(row.considered),
}

const attemptWriters: Writers<'attempts', Attempt> = {
  decision: (row) => row.decision,
  index: (row) => row.index,
  candidate: (row) => row.candidate,
  provider: (row) => row.provider,
  at: (row) => row.at,
  status: (row) => row.status,
  error: (row) => row.error,
  ttftMs: (row) => row.ttftMs,
  latencyMs: (row) => row.latencyMs,
  costUsd: (row) => row.costUsd,
  verdict: (row) => row.verdict ?? null,
}

const outcomeWriters: Writers<'outcomes', Outcome> = {
  decision: (row) => row.decision,
  at: (row) => row.at,
  status: (row) => row.status,
  candidate: (row) => row.candidate,
  attempts: (row) => row.attempts,
  inputTokens: (row) => row.usage?.input ?? null,
  cachedInputTokens: (row) => row.usage?.cachedInput ?? null,
  cacheWriteTokens: (row) => row.usage?.cacheWrite ?? null,
  outputTokens: (row) => row.usage?.output ?? null,
  reasoningTokens: (row) => row.usage?.reasoning ?? null,
  usageSource: (row) => row.usageSource,
  costUsd: (row) => row.costUsd,
  ttftMs: (row) => row.ttftMs,
  latencyMs: (row) => row.latencyMs,
  finish: (row) => row.finish?.unified ?? null,
  finishRaw: (row) => row.finish?.raw ?? null,
  answer: (row) => row.answer ?? null,
  signals: (row) => JSON.stringify(row.signals),
}

/** A copy: sending a view to another thread would send the whole buffer behind it. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice()
}

const feedbackWriters: Writers<'feedback', Feedback> = {
  decision: (row) => row.decision,
  principal: (row) => row.principal,
  source: (row) => row.source,
  value: (row) => row.value,
  comment: (row) => row.comment ?? null,
  at: (row) => row.at,
}

const embeddingWriters: Writers<'embeddings', EmbeddingRow> = {
  hash: (row) => row.hash,
  encoder: (row) => row.encoder,
  vector: ({ vector }) => bytesOf(vector),
  at: (row) => row.at,
}

const rewardWriters: Writers<'rewards', Reward> = {
  decision: (row) => row.decision,
  at: (row) => row.at,
  tenant: (row) => row.tenant,
  route: (row) => row.route,
  policy: (row) => row.policy,
  candidate: (row) => row.candidate,
  source: (row) => row.source,
  quality: (row) => row.quality,
  costUsd: (row) => row.costUsd,
  lambda: (row) => row.lambda,
  propensity: (row) => row.propensity,
  model: (row) => row.lesson?.model ?? null,
  features: ({ lesson }) => (lesson ? bytesOf(lesson.features) : null),
  predicted: (row) => row.lesson?.predicted ?? null,
}

const activationWriters: Writers<'policies', Activation> = {
  route: (row) => row.route,
  policy: (row) => row.policy,
  at: (row) => row.at,
  reason: (row) => row.reason,
  share: (row) => row.share,
  hold: (row) => (row.hold ? 1 : null),
  ends: (row) => row.ends ?? null,
  evidence: (row) => (row.evidence ? JSON.stringify(row.evidence) : null),
}

const snapshotWriters: Writers<'snapshots', Snapshot> = {
  name: (row) => row.name,
  at: (row) => row.at,
  last: (row) => row.seq,
  bytes: ({ bytes }) => bytesOf(bytes),
}

/** The columns of each table in the order in which `toInsert` gives their values. */
export const COLUMNS = {
  decisions: Object.keys(decisionWriters),
  attempts: Object.keys(attemptWriters),
  outcomes: Object.keys(outcomeWriters),
  feedback: Object.keys(feedbackWriters),
  embeddings: Object.keys(embeddingWriters),
  rewards: Object.keys(rewardWriters),
  policies: Object.keys(activationWriters),
  snapshots: Object.keys(snapshotWriters),
} as const satisfies Record<LogRow['table'], readonly string[]>

/** A row as its table's values. Everything is copied: later changes to the row do not show. */
export function toInsert({ table, row }: LogRow): Insert {
  switch (table) {
    case 'decisions':
      return { table, values: valuesOf(decisionWriters, row) }
    case 'attempts':
      return { table, values: valuesOf(attemptWriters, row) }
    case 'outcomes':
      return { table, values: valuesOf(outcomeWriters, row) }
    case 'feedback':
      return { table, values: valuesOf(feedbackWriters, row) }
    case 'embeddings':
      return { table, values: valuesOf(embeddingWriters, row) }
    case 'rewards':
      return { table, values: valuesOf(rewardWriters, row) }
    case 'policies':
      return { table, values: valuesOf(activationWriters, row) }
    case 'snapshots':
      return { table, values: valuesOf(snapshotWriters, row) }
  }
}

function valuesOf<Row>(writers: Readonly<Record<string, (row: Row) => Value>>, row: Row): Value[] {
  const values: Value[] = []
  for (const column in writers) values.push(writers[column]!(row))
  return values
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

/** An attempt as stored. */
export function toAttempt({ seq: _, verdict, ...row }: Columns<'attempts'>): Attempt {
  return verdict === null ? row : { ...row, verdict }
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
    signals: readSignals(row.signals),
    ...(row.answer === null ? {} : { answer: row.answer }),
  }
}

/** A score as stored. */
export function toFeedback({ seq: _, comment, ...row }: Columns<'feedback'>): Feedback {
  return comment === null ? row : { ...row, comment }
}

/** A vector as stored; the copy gives it the alignment that 32-bit floats need. */
export function toVector(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

/** A vector as stored, with its name. */
export function toEmbedding({ seq: _, ...row }: Columns<'embeddings'>): EmbeddingRow {
  return { ...row, vector: toVector(row.vector) }
}

function readSignals(text: string | null): Signal[] {
  return text === null ? [] : JSON.parse(text)
}

/** A reward as stored. */
export function toReward({ seq: _, model, features, predicted, ...row }: Columns<'rewards'>): Reward {
  if (model === null || features === null || predicted === null) return row
  const lesson = { model, features: new Float64Array(Uint8Array.from(features).buffer), predicted }
  return { ...row, lesson }
}

/** An activation as stored. */
export function toActivation({ seq: _, hold, ends, evidence, ...row }: Columns<'policies'>): Activation {
  return {
    ...row,
    ...(hold === 1 && { hold: true }),
    ...(ends !== null && { ends }),
    ...(evidence !== null && { evidence: JSON.parse(evidence) }),
  }
}

/** A snapshot as stored. */
export function toSnapshot({ seq: _, last, ...row }: Columns<'snapshots'>): Snapshot {
  return { ...row, seq: last }
}
