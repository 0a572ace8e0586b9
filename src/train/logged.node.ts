/**
 * The gateway's own log as bandit feedback: one row per routed decision of which it is known who might have been asked, with what
 * probability, who answered and what that was worth. What cannot be used is counted by its reason.
 */
import Sqlite from 'better-sqlite3'
import { and, asc, eq, gt, inArray, isNull, or } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { FEATURES } from '../embed/features.ts'
import { SwitchyardError } from '../errors.ts'
import { type RewardDefinition, type Worth, worthOf } from '../learn/reward.ts'
import { failureCode } from '../log/failure.ts'
import { toDecision, toFeedback, toOutcome, toVector } from '../log/rows.ts'
import { decisions, embeddings, feedback, outcomes } from '../log/schema.ts'
import type { Considered, Decision, EncoderInfo, Feedback, Outcome, Query } from '../spec.ts'
import { dataInvalid } from './formats/table.ts'

/** A decision that was drawn, answered and scored. */
export interface Logged {
  /** Number of the decision's writing: the rows of a log come in this order. */
  readonly seq: number
  readonly decision: Decision & { readonly route: string; readonly lambda: number; readonly considered: Considered }
  /** Index of the candidate that was drawn, and answered, among `decision.considered.candidates`. Its chance is above 0. */
  readonly arm: number
  readonly outcome: Outcome
  readonly feedback: readonly Feedback[]
  readonly worth: Worth
  /** As the gateway met it, but for what the log does not keep: what the request required and how long its answer might be. */
  readonly query: Query
}

/** Why a decision cannot be used, in the order in which it is looked at. */
export const LEFT_OUT = {
  named: 'the client named the model',
  unanswered: 'no answer came, or none yet',
  unscored: 'nothing is known of what the answer was worth, or not yet',
  undrawn: 'no probabilities were logged',
  outdated: 'logged by a version with other prompt features',
  judged: 'answers were judged before one was sent',
  replaced: 'another candidate answered than the one that was drawn',
} as const
export type LeftOut = keyof typeof LEFT_OUT

export interface LoggedRows {
  readonly rows: readonly Logged[]
  /** Decisions by the reason for which they are not among the rows. */
  readonly leftOut: Readonly<Record<LeftOut, number>>
}

export interface ReadLoggedOptions {
  readonly definition: RewardDefinition
  /** Whose vectors the queries get; `null`: none. */
  readonly encoder: EncoderInfo | null
  /** Only decisions of this route; without it of all. */
  readonly route?: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

const PAGE = 1000
/** What an answer came of, whole or in part. */
const ANSWERED: ReadonlySet<Outcome['status']> = new Set(['ok', 'client_abort', 'upstream_truncated'])

/**
 * Reads the log of a gateway, which may be serving meanwhile.
 *
 * A probability is that of the candidate drawn. Where another one answered (fail-over) its answer has none, and that somebody answered at all
 * says something of the request; where answers were judged (a cascade), the one that was sent had to please first. Both are left out. So
 * is a decision whose candidate has no chance in what was logged, which a draw cannot have made.
 *
 * Throws `data_invalid` where it is no log, or where its vectors are all of other encoders.
 */
export function readLogged(path: string, options: ReadLoggedOptions): LoggedRows {
  let client: Sqlite.Database | undefined
  try {
    client = new Sqlite(path, { readonly: true, fileMustExist: true })
    // One transaction: all pages show the log as it was at one moment.
    return client.transaction((open: Sqlite.Database) => readAll(drizzle(open), path, options))(client)
  } catch (cause) {
    if (cause instanceof SwitchyardError) throw cause
    // The database's own message may carry what it was reading.
    throw dataInvalid(
      path,
      `it cannot be read as the log of a gateway (${failureCode(cause)}). A log of an earlier version is brought up to date by starting the gateway once.`,
      cause,
    )
  } finally {
    client?.close()
  }
}

type Database = ReturnType<typeof drizzle>

function readAll(db: Database, path: string, options: ReadLoggedOptions): LoggedRows {
  const scores = Map.groupBy(db.select().from(feedback).all().map(toFeedback), ({ decision }) => decision)
  const leftOut = { named: 0, unanswered: 0, unscored: 0, undrawn: 0, outdated: 0, judged: 0, replaced: 0 }
  const rows: Logged[] = []
  for (let after = 0; ; ) {
    const page = readPage(db, after, options)
    const usable = page.flatMap((pair): Omit<Logged, 'query'>[] => {
      const checked = check(pair, scores.get(pair.decisions.id) ?? [], options)
      if (typeof checked === 'object') return [checked]
      leftOut[checked]++
      return []
    })
    const vectors = readVectors(db, usable, options.encoder)
    for (const one of usable) rows.push({ ...one, query: toQuery(one.decision, vectors) })
    if (page.length < PAGE) break
    after = page.at(-1)!.decisions.seq
  }
  requireVectors(db, path, { rows, encoder: options.encoder })
  return { rows, leftOut }
}

function readPage(db: Database, after: number, { route }: ReadLoggedOptions) {
  return db
    .select()
    .from(decisions)
    .leftJoin(outcomes, eq(outcomes.decision, decisions.id))
    .where(
      and(
        gt(decisions.seq, after),
        route === undefined ? undefined : or(eq(decisions.route, route), isNull(decisions.route)),
      ),
    )
    .orderBy(asc(decisions.seq))
    .limit(PAGE)
    .all()
}

/** A page's pair as a row, or why it is none. */
function check(
  stored: ReturnType<typeof readPage>[number],
  given: readonly Feedback[],
  { definition, now }: ReadLoggedOptions,
): Omit<Logged, 'query'> | LeftOut {
  const decision = toDecision(stored.decisions)
  const { route, lambda, considered } = decision
  if (route === null || lambda === null) return 'named'
  const outcome = stored.outcomes && toOutcome(stored.outcomes)
  if (outcome === null || !ANSWERED.has(outcome.status)) return 'unanswered'
  const worth = worthOf({ outcome, feedback: given }, definition, now)
  if (worth === null) return 'unscored'
  // Decisions of earlier versions have none.
  if (!considered?.chances) return 'undrawn'
  const arm = considered.candidates.indexOf(decision.candidate)
  if (!(considered.chances[arm]! > 0)) return 'undrawn'
  if (decision.query.features.length !== FEATURES.length) return 'outdated'
  if (considered.cascade) return 'judged'
  if (outcome.candidate !== decision.candidate) return 'replaced'
  return {
    seq: stored.decisions.seq,
    decision: { ...decision, route, lambda, considered },
    arm,
    outcome,
    feedback: given,
    worth,
  }
}

/** By the hash of the text. */
function readVectors(
  db: Database,
  rows: readonly Pick<Logged, 'decision'>[],
  encoder: EncoderInfo | null,
): Map<string, Float32Array> {
  if (encoder === null || rows.length === 0) return new Map()
  const hashes = [...new Set(rows.map(({ decision }) => decision.query.hash))]
  const found = db
    .select({ hash: embeddings.hash, vector: embeddings.vector })
    .from(embeddings)
    .where(and(eq(embeddings.encoder, encoder.id), inArray(embeddings.hash, hashes)))
    .all()
  return new Map(found.map(({ hash, vector }) => [hash, toVector(vector)]))
}

/** A request that was decided without a vector has none here either. */
function toQuery({ query }: Decision, vectors: ReadonlyMap<string, Float32Array>): Query {
  return {
    text: query.text ?? '',
    vector: query.embedded ? (vectors.get(query.hash) ?? null) : null,
    features: Float64Array.from(query.features),
    inputTokens: query.inputTokens,
    requires: new Set(),
  }
}

function requireVectors(
  db: Database,
  path: string,
  { rows, encoder }: { readonly rows: readonly Logged[]; readonly encoder: EncoderInfo | null },
): void {
  const embedded = rows.filter(({ decision }) => decision.query.embedded)
  if (encoder === null || embedded.length === 0 || embedded.some(({ query }) => query.vector !== null)) return
  const known = db.selectDistinct({ encoder: embeddings.encoder }).from(embeddings).all()
  throw dataInvalid(
    path,
    `it has no vectors of the encoder ${encoder.id}, only of ${known.map((one) => one.encoder).join(', ') || 'none'}. Use the encoder that the gateway had.`,
  )
}
