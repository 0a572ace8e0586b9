import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, expect, it } from 'vitest'
import { FEATURES } from '../embed/features.ts'
import { sampleDecision, sampleOutcome } from '../log/contract.ts'
import { openStore } from '../log/store.node.ts'
import type { Considered, Decision, EncoderInfo, Feedback, LogRow, Outcome } from '../spec.ts'
import { readLogged } from './logged.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'switchyard-logged-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
async function writeLog(rows: readonly LogRow[]): Promise<string> {
  const file = join(folder, `${files++}.sqlite`)
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 10_000 })
  for (const row of rows) await store.append([row])
  await store.close()
  return file
}

const FEATURED = FEATURES.map((_, i) => i / 100)
const CONSIDERED: Considered = { ...sampleDecision('').considered!, chances: [0.75, 0.25] }

interface Asked {
  readonly decision?: Partial<Decision>
  readonly considered?: Partial<Considered>
  readonly hash?: string
  readonly embedded?: boolean
  /** `null`: none yet. */
  readonly outcome?: Partial<Outcome> | null
  readonly scores?: readonly Partial<Feedback>[]
}

function logged(id: string, asked: Asked = {}): LogRow[] {
  const { decision, considered, hash = id, embedded = true, outcome = {}, scores = [{}] } = asked
  const query = { hash, chars: 9, inputTokens: 31, features: FEATURED, embedded }
  const row = sampleDecision(id, { query, considered: { ...CONSIDERED, ...considered }, ...decision })
  return [
    { table: 'decisions', row },
    ...(outcome === null ? [] : [{ table: 'outcomes', row: sampleOutcome(id, outcome) } as const]),
    ...scores.map((score, i): LogRow => {
      const row = { decision: id, principal: `p${i}`, value: 1, source: 'user', at: 5 + i, ...score } as const
      return { table: 'feedback', row }
    }),
  ]
}
const vector = (hash: string, encoder: string, values: readonly number[]): LogRow => ({
  table: 'embeddings',
  row: { hash, encoder, vector: Float32Array.from(values), at: 1 },
})

const encoder: EncoderInfo = { id: 'use-lite', precision: 'int8', dim: 2, sha256: 'c'.repeat(64) }
const scoresAlone = { signals: {}, waitMs: 1000 }
const OUTCOME_AT = sampleOutcome('').at
const options = { definition: scoresAlone, encoder, now: OUTCOME_AT + 500 }

it('knows who might have been asked, who was drawn and what that was worth, in the order of writing', async () => {
  const file = await writeLog([
    ...logged('first', { scores: [{ value: 1 }, { value: 0.5 }] }),
    ...logged('second', {
      hash: 'first',
      decision: { candidate: 'large', propensity: 0.25 },
      outcome: { candidate: 'large' },
    }),
    vector('first', 'use-lite', [0.6, 0.8]),
    vector('first', 'other', [1, 0]),
  ])
  const { rows, leftOut } = readLogged(file, options)
  expect(
    rows.map(({ seq, arm, decision, worth }) => [seq, arm, decision.id, decision.considered.chances, worth]),
  ).toEqual([
    [1, 0, 'first', [0.75, 0.25], { quality: 0.75, source: 'user' }],
    [2, 1, 'second', [0.75, 0.25], { quality: 1, source: 'user' }],
  ])
  expect(rows[0]!.outcome.costUsd).toBe(0.00031)
  expect(rows[0]!.feedback).toHaveLength(2)
  expect(rows[0]!.query).toEqual({
    text: '',
    vector: Float32Array.of(0.6, 0.8),
    features: Float64Array.from(FEATURED),
    inputTokens: 31,
    requires: new Set(),
  })
  expect(rows[1]!.query.vector).toEqual(Float32Array.of(0.6, 0.8))
  expect(Object.values(leftOut)).toEqual([0, 0, 0, 0, 0, 0, 0])
})

it('counts what it leaves out by the reason', async () => {
  const { chances: _, ...early } = CONSIDERED
  const file = await writeLog([
    ...logged('used'),
    ...logged('named', { decision: { route: null, lambda: null, considered: null } }),
    ...logged('no outcome yet', { outcome: null }),
    ...logged('failed', { outcome: { status: 'upstream_error' } }),
    ...logged('timed out', { outcome: { status: 'timeout' } }),
    ...logged('no score', { scores: [] }),
    // As an earlier version wrote it.
    ...logged('no chances', { decision: { considered: early as Considered } }),
    ...logged('impossible', { considered: { chances: [0, 1] } }),
    ...logged('not feasible', { considered: { candidates: ['medium', 'large'] } }),
    ...logged('other features', {
      decision: { query: { hash: 'x', chars: 1, inputTokens: 1, features: [1], embedded: false } },
    }),
    ...logged('cascade', { considered: { cascade: true } }),
    ...logged('failed over', { outcome: { candidate: 'large', attempts: 2 } }),
    // Asked twice of the same candidate is an answer of that candidate.
    ...logged('tried again', { outcome: { attempts: 2 } }),
    vector('used', 'use-lite', [1, 0]),
  ])
  const { rows, leftOut } = readLogged(file, options)
  expect(rows.map(({ decision }) => decision.id)).toEqual(['used', 'tried again'])
  expect(leftOut).toEqual({ named: 1, unanswered: 3, unscored: 1, undrawn: 3, outdated: 1, judged: 1, replaced: 1 })
})

it('takes signals for a score when they are defined and the wait is over', async () => {
  const file = await writeLog([
    ...logged('left', { outcome: { status: 'client_abort', signals: ['abort'] }, scores: [] }),
    ...logged('fine', { outcome: { signals: [] }, scores: [] }),
  ])
  const read = (now: number) =>
    readLogged(file, { definition: { signals: { abort: 0.25, none: 0.75 }, waitMs: 1000 }, encoder: null, now })
  expect(read(OUTCOME_AT + 999).leftOut.unscored).toBe(2)
  expect(read(OUTCOME_AT + 1000).rows.map(({ worth }) => worth)).toEqual([
    { quality: 0.25, source: 'implicit' },
    { quality: 0.75, source: 'implicit' },
  ])
})

it('reads one route, or all', async () => {
  const file = await writeLog([...logged('a'), ...logged('b', { decision: { route: 'cheap' } })])
  const ids = (route?: string) =>
    readLogged(file, { ...options, encoder: null, ...(route !== undefined && { route }) }).rows.map(
      ({ decision }) => decision.id,
    )
  expect(ids()).toEqual(['a', 'b'])
  expect(ids('auto')).toEqual(['a'])
  expect(ids('cheap')).toEqual(['b'])
})

it('goes on over more decisions than it reads at once', async () => {
  const file = join(folder, 'long.sqlite')
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 10_000 })
  const ids = Array.from({ length: 2001 }, (_, i) => `d${i}`)
  await store.append(ids.flatMap((id) => logged(id)))
  await store.close()
  expect(readLogged(file, { ...options, encoder: null }).rows.map(({ decision }) => decision.id)).toEqual(ids)
})

it('gives no vector to a request that was decided without one', async () => {
  const file = await writeLog([
    ...logged('late', { embedded: false, hash: 'h' }),
    ...logged('in time', { hash: 'h' }),
    vector('h', 'use-lite', [1, 0]),
  ])
  expect(readLogged(file, options).rows.map(({ query }) => query.vector)).toEqual([null, Float32Array.of(1, 0)])
  expect(readLogged(file, { ...options, encoder: null }).rows.map(({ query }) => query.vector)).toEqual([null, null])
})

it('refuses vectors of another encoder, another database and a file that is not there', async () => {
  const file = await writeLog([...logged('a'), vector('a', 'other', [1, 0, 0])])
  expect(() => readLogged(file, options)).toThrow(/no vectors of the encoder use-lite, only of other/)
  const other = join(folder, 'other.sqlite')
  new Sqlite(other).exec('create table x (y)').close()
  expect(() => readLogged(other, options)).toThrow(expect.objectContaining({ code: 'data_invalid' }))
  expect(() => readLogged(join(folder, 'none.sqlite'), options)).toThrow(/cannot be read as the log/)
})
