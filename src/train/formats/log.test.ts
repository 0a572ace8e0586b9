import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, expect, it } from 'vitest'
import { FEATURES } from '../../embed/features.ts'
import { sampleDecision, sampleOutcome } from '../../log/contract.ts'
import { applyRetention } from '../../log/privacy.ts'
import { openStore } from '../../log/store.node.ts'
import type { Decision, Feedback, LogRow, Outcome } from '../../spec.ts'
import { readDataset } from '../dataset.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'switchyard-log-set-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
async function writeLog(rows: readonly LogRow[], { text }: { readonly text: boolean }): Promise<string> {
  const file = join(folder, `${files++}.sqlite`)
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 1000 })
  await store.append(rows.map((row) => applyRetention(row, { text })))
  await store.close()
  return file
}

const FEATURED = FEATURES.map((_, i) => i / 100)

interface Asked {
  readonly id: string
  /** Of the text; what is the same has the same features too. */
  readonly hash: string
  readonly decision?: Partial<Decision>
  readonly outcome?: Partial<Outcome>
  readonly scores?: readonly Partial<Feedback>[]
}

/** What the gateway logs of a request. */
function logged({ id, hash, decision, outcome = {}, scores = [] }: Asked): LogRow[] {
  const query = { hash, chars: 9, inputTokens: 31, features: FEATURED, embedded: true, text: `text of ${hash}` }
  return [
    { table: 'decisions', row: sampleDecision(id, { query, ...decision }) },
    { table: 'outcomes', row: sampleOutcome(id, outcome) },
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

const ROWS = [
  ...logged({ id: 'first', hash: 'h1', scores: [{ value: 1 }, { value: 0.5, source: 'judge' }] }),
  // Another candidate stood in, and the tokens were not told.
  ...logged({
    id: 'failed over',
    hash: 'h2',
    outcome: { candidate: 'large', usage: null, costUsd: null, latencyMs: 1500 },
    scores: [{ value: 0 }],
  }),
  // The same as the first, asked of another, and once more of the same.
  ...logged({ id: 'again', hash: 'h1', outcome: { candidate: 'large', costUsd: 0.01 }, scores: [{ value: 0.25 }] }),
  ...logged({ id: 'once more', hash: 'h1', outcome: { costUsd: 0.00051 }, scores: [{ value: 0 }] }),
  ...logged({ id: 'no score', hash: 'h3' }),
  ...logged({ id: 'broke off', hash: 'h4', outcome: { status: 'upstream_truncated' }, scores: [{}] }),
  ...logged({
    id: 'named',
    hash: 'h5',
    decision: { route: null, query: { hash: 'h5', chars: 9, inputTokens: 31, features: [], embedded: false } },
    scores: [{}],
  }),
  vector('h1', 'use-lite', [1, 0]),
  vector('h1', 'other', [0, 1, 0]),
  vector('h3', 'use-lite', [0, 1]),
]

it('knows the candidate that answered, and takes scores, costs and vectors from the log', async () => {
  const file = await writeLog(ROWS, { text: false })
  const set = await readDataset(file, { prices: { large: [1, 2] } })
  expect(set.candidates.map(({ id }) => id)).toEqual(['small', 'large'])
  expect(set.queries.map(({ id, split, prompt }) => [id, split, prompt])).toEqual([
    ['first', 'train', 'h1'],
    ['failed over', 'train', 'h2'],
  ])
  // (0.75 + 0) / 2 and 0.25 of the requests that were the same.
  expect([...set.quality]).toEqual([0.375, 0.25, Number.NaN, 0])
  expect([...set.costUsd].map((cost) => Number(cost.toFixed(9)))).toEqual([0.00041, 0.01, Number.NaN, Number.NaN])
  expect([...set.inputTokens]).toEqual([31, 31, Number.NaN, 31])
  // Without a price the cost stands for the tokens.
  expect([...set.outputTokens].map(Math.round)).toEqual([410, 40, Number.NaN, Number.NaN])
  expect(set.latencyMs[3]).toBe(1500)
  expect(set.queries.map(({ logged }) => logged)).toEqual([
    {
      text: null,
      features: Float64Array.from(FEATURED),
      inputTokens: 31,
      vectors: new Map([
        ['use-lite', Float32Array.of(1, 0)],
        ['other', Float32Array.of(0, 1, 0)],
      ]),
    },
    { text: null, features: Float64Array.from(FEATURED), inputTokens: 31, vectors: new Map() },
  ])
  expect(set.duplicates).toEqual([])
})

it('has the texts where they were kept', async () => {
  const { queries } = await readDataset(await writeLog(ROWS, { text: true }))
  expect(queries.map(({ prompt, logged }) => [prompt, logged?.text])).toEqual([
    ['text of h1', 'text of h1'],
    ['text of h2', 'text of h2'],
  ])
})

it('changes its hash with a score and not with what it does not read', async () => {
  const before = await readDataset(await writeLog(ROWS, { text: false }))
  const unscored = await writeLog([...ROWS, ...logged({ id: 'later', hash: 'h9' })], { text: false })
  expect((await readDataset(unscored)).sha256).toBe(before.sha256)
  const scored = await writeLog([...ROWS, ...logged({ id: 'later', hash: 'h9', scores: [{}] })], { text: false })
  expect((await readDataset(scored)).sha256).not.toBe(before.sha256)
})

it('reads while a gateway writes', async () => {
  const file = join(folder, 'live.sqlite')
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 1000 })
  await store.append(ROWS)
  expect((await readDataset(file)).queries).toHaveLength(2)
  await store.append(logged({ id: 'later', hash: 'h9', scores: [{}] }))
  expect((await readDataset(file)).queries).toHaveLength(3)
  await store.close()
})

it('refuses a log without scores, another database, and what is none', async () => {
  const unscored = await writeLog(logged({ id: 'no score', hash: 'h' }), { text: false })
  await expect(readDataset(unscored)).rejects.toThrow(/no request has both features and a score.*feedback/)
  const other = join(folder, 'other.sqlite')
  new Sqlite(other).exec('create table x (y)').close()
  await expect(readDataset(other)).rejects.toThrow(
    expect.objectContaining({ code: 'data_invalid', message: expect.stringMatching(/SQLITE_ERROR/) }),
  )
  writeFileSync(join(folder, 'none.db'), 'x'.repeat(5000))
  await expect(readDataset(join(folder, 'none.db'))).rejects.toThrow(/SQLITE_NOTADB/)
})
