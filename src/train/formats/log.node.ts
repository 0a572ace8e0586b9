/**
 * The gateway's own log as a set: one query per request that got a score, of whose candidates only the one that answered is known.
 * Requests that were the same to the gateway (text and features) are one query, so that their candidates stand side by side.
 * What is left out: answers without a score, answers that failed or broke off, and requests that named a model themselves,
 * which have no features.
 */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import Sqlite from 'better-sqlite3'
import { and, asc, avg, eq, inArray } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { FEATURES } from '../../embed/features.ts'
import { failureCode } from '../../log/failure.ts'
import { toVector } from '../../log/rows.ts'
import { decisions, embeddings, feedback, outcomes } from '../../log/schema.ts'
import type { LoggedQuery, OutcomeQuery, OutcomeSet } from '../dataset.node.ts'
import { assemble } from './assemble.ts'
import type { Cell } from './cells.ts'
import type { Prices } from './columns.ts'
import { dataInvalid } from './table.ts'

/** Whether a path is that of a log, by its name. */
export function isLog(path: string): boolean {
  return /\.(?:sqlite3?|db)$/i.test(path)
}

/**
 * Quality is the mean of a request's scores; of a candidate that was asked the same several times, quality, cost, tokens and latency
 * are means. A gateway may be serving meanwhile. Throws `data_invalid` when it is no log or has no scored answers.
 */
export function readLog(path: string, { prices }: { readonly prices: Prices }): OutcomeSet {
  const { scored, vectors } = readRows(path)
  if (scored.length === 0)
    throw dataInvalid(
      path,
      'no request has both features and a score. Scores come by POST /v1/feedback; requests that name a model themselves have no features.',
    )
  const vectorsOf = Map.groupBy(vectors, ({ hash }) => hash)
  const hash = createHash('sha256')
  const queries: OutcomeQuery[] = []
  const cells: Cell[] = []
  const requests = Map.groupBy(scored, ({ queryHash, features }) => `${queryHash} ${features}`)
  for (const same of requests.values()) {
    const [first] = same
    if (first === undefined) continue
    const logged: LoggedQuery = {
      text: first.queryText,
      features: Float64Array.from(parseFeatures(first.features)),
      inputTokens: first.inputTokens,
      vectors: new Map(vectorsOf.get(first.queryHash)?.map(({ encoder, vector }) => [encoder, toVector(vector)])),
    }
    const query = queries.push({
      id: first.id,
      task: '',
      split: 'train',
      prompt: first.queryText ?? first.queryHash,
      logged,
    })
    for (const [model, answers] of Map.groupBy(same, ({ candidate }) => candidate)) {
      const measures = {
        quality: mean(answers.map(({ quality }) => quality)),
        costUsd: mean(answers.map(({ costUsd }) => costUsd)),
        inputTokens: mean(answers.map(({ usedInput, inputTokens }) => usedInput ?? inputTokens)),
        outputTokens: mean(answers.map(({ usedOutput }) => usedOutput)),
        latencyS: mean(answers.map(({ latencyMs }) => latencyMs / 1000)),
      }
      hash.update(JSON.stringify([first.id, model, measures]))
      cells.push({ query: query - 1, model, answer: null, where: path, ...measures })
    }
  }
  return assemble({ queries, cells }, { name: basename(path), sha256: hash.digest('hex'), prices })
}

/** Requests in their order, and the vectors of their texts. */
function readRows(path: string) {
  let client: Sqlite.Database | undefined
  try {
    client = new Sqlite(path, { readonly: true, fileMustExist: true })
    const db = drizzle(client)
    const scores = db
      .select({ decision: feedback.decision, quality: avg(feedback.value).mapWith(Number).as('quality') })
      .from(feedback)
      .groupBy(feedback.decision)
      .as('scores')
    const scored = db
      .select({
        id: decisions.id,
        queryHash: decisions.queryHash,
        queryText: decisions.queryText,
        features: decisions.features,
        inputTokens: decisions.inputTokens,
        candidate: outcomes.candidate,
        quality: scores.quality,
        costUsd: outcomes.costUsd,
        usedInput: outcomes.inputTokens,
        usedOutput: outcomes.outputTokens,
        latencyMs: outcomes.latencyMs,
      })
      .from(decisions)
      .innerJoin(outcomes, and(eq(outcomes.decision, decisions.id), eq(outcomes.status, 'ok')))
      .innerJoin(scores, eq(scores.decision, decisions.id))
      .orderBy(asc(decisions.seq))
      .all()
      .filter(({ features }) => parseFeatures(features).length === FEATURES.length)
    const asked = db
      .select({ hash: decisions.queryHash })
      .from(decisions)
      .innerJoin(feedback, eq(feedback.decision, decisions.id))
    const vectors = db
      .select({ hash: embeddings.hash, encoder: embeddings.encoder, vector: embeddings.vector })
      .from(embeddings)
      .where(inArray(embeddings.hash, asked))
      .all()
    return { scored, vectors }
  } catch (cause) {
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

function parseFeatures(json: string): number[] {
  return JSON.parse(json)
}

/** Of those that are known; `NaN` when none is. */
function mean(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null)
  return known.reduce((sum, value) => sum + value, 0) / known.length
}
