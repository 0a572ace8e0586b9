/** The gateway's own log as a set to learn from: one query per decision that was drawn, answered and scored, of which the drawn candidate's outcome is known. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { RewardDefinition } from '../../learn/reward.ts'
import type { EncoderInfo, PolicyManifest } from '../../spec.ts'
import { assemble } from '../formats/assemble.ts'
import type { Cell } from '../formats/cells.ts'
import type { Prices } from '../formats/columns.ts'
import { dataInvalid } from '../formats/table.ts'
import { LEFT_OUT, type Logged, readLogged } from '../logged.node.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { lonely } from './lonely.ts'
import { withinShares } from './shares.ts'

/** Why a decision that could be used is not learned from. */
export const NOT_LEARNED = {
  ...LEFT_OUT,
  crowded: 'its key has said more than its share',
  lonely: 'its text is far from all others',
} as const

export interface LogOptions {
  readonly definition: RewardDefinition
  /** The most that one key may contribute where several do. */
  readonly keyShare: number
  /** Whose vectors the queries have; `null`: none. */
  readonly encoder: EncoderInfo | null
  /** Whose decisions. */
  readonly route: string
  readonly prices: Prices
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface LogSet {
  readonly set: OutcomeSet
  readonly rows: readonly Logged[]
  /** For the manifest. */
  readonly log: NonNullable<PolicyManifest['trainedOn']['log']>
  /** The policy that decided last; `null`: the constant. */
  readonly parent: string | null
}

/** Throws `data_invalid` when it is no log or nothing in it can be learned from. */
export function readLogSet(path: string, options: LogOptions): LogSet {
  const { route, keyShare, encoder, prices } = options
  const read = readLogged(path, options)
  const capped = withinShares(read.rows, {
    keyOf: ({ decision }) => decision.tenant,
    idOf: ({ decision }) => decision.id,
    keyShare,
  })
  const alone = new Set(
    lonely(
      capped.map(({ query }) => query.vector),
      capped.map(({ decision }) => decision.query.hash),
    ),
  )
  const rows = capped.filter((_, i) => !alone.has(i))
  const leftOut = { ...read.leftOut, crowded: read.rows.length - capped.length, lonely: alone.size }
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) {
    const why = Object.entries(leftOut).flatMap(([reason, count]) => (count > 0 ? [`${reason} ${count}`] : []))
    throw dataInvalid(
      path,
      `no decision of the route ${route} can be learned from (${why.join(', ') || 'it has none'}). Scores come by POST /v1/feedback, or from a judge or signals as \`learning\` in the configuration says.`,
    )
  }
  const named = { name: basename(path), sha256: hashOf(rows), prices }
  return {
    set: toSet(rows, { ...named, path, encoder }),
    rows,
    log: { first: first.seq, last: last.seq, leftOut },
    parent: last.decision.policy,
  }
}

function toSet(
  rows: readonly Logged[],
  { path, encoder, ...named }: Parameters<typeof assemble>[1] & { readonly path: string } & Pick<LogOptions, 'encoder'>,
): OutcomeSet {
  const queries = rows.map(({ decision, query: { vector, features, inputTokens } }) => {
    const text = decision.query.text ?? null
    const vectors = new Map(vector && encoder ? [[encoder.id, vector]] : [])
    const prompt = decision.query.hash
    const logged = { text, features, inputTokens, vectors }
    return { id: decision.id, task: '', split: 'train', prompt, logged, key: decision.tenant }
  })
  const cells = rows.map(
    ({ decision, outcome, worth }, query): Cell => ({
      query,
      model: decision.candidate,
      answer: null,
      where: path,
      quality: worth.quality,
      costUsd: outcome.costUsd ?? Number.NaN,
      inputTokens: outcome.usage?.input ?? decision.query.inputTokens,
      outputTokens: outcome.usage?.output ?? Number.NaN,
      latencyS: outcome.latencyMs / 1000,
    }),
  )
  const set = assemble({ queries, cells }, named)
  return { ...set, chances: chancesOf(set, rows) }
}

/** Given that somebody was drawn of whom anything is known at all. */
function chancesOf({ candidates }: OutcomeSet, rows: readonly Logged[]): Float64Array {
  const width = candidates.length
  const chances = new Float64Array(rows.length * width)
  for (const [i, { decision }] of rows.entries()) {
    const { considered } = decision
    const own = candidates.map(({ id }) => considered.chances[considered.candidates.indexOf(id)] ?? 0)
    const total = own.reduce((sum, chance) => sum + chance, 0)
    for (const [column, chance] of own.entries()) chances[i * width + column] = chance / total
  }
  return chances
}

/** Of all that is learned from. */
function hashOf(rows: readonly Logged[]): string {
  const hash = createHash('sha256')
  for (const { decision, outcome, worth, query } of rows) {
    const { id, candidate, considered } = decision
    const { costUsd, usage } = outcome
    hash.update(JSON.stringify([id, candidate, considered.candidates, considered.chances, worth, costUsd, usage]))
    if (query.vector) hash.update(new Uint8Array(query.vector.buffer, query.vector.byteOffset, query.vector.byteLength))
  }
  return hash.digest('hex')
}
