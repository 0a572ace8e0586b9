/** The Worker's log: what is in D1 when. */
import { createExecutionContext, createScheduledController } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import { environmentConfig } from './config/environment.ts'
import { DAY_MS } from './day.ts'
import { sampleDecision, sampleOutcome } from './log/contract.ts'
import { openD1Store } from './log/store.d1.ts'
import type { LogRow } from './spec.ts'
import { createWorker, type Env } from './worker.ts'

const GATEWAY = 'https://gateway.test'
const PATIENCE = { timeout: 10_000 }
const openLog = () => openD1Store(env.DB, { keepAlive: () => {} })

const ask = (prompt: string, changes: object = {}) =>
  new Request<unknown, IncomingRequestCfProperties>(`${GATEWAY}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }], ...changes }),
  })

/** The Worker's own bindings, with a database that commits nothing until it is let. */
function holdCommits() {
  const [called, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const DB = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      called.resolve()
      await open.promise
      return env.DB.batch(statements)
    },
  }
  return { bindings: { ...env, DB } as unknown as Env, called: called.promise, release: open.resolve }
}

it('has the decision before the header that names it is sent', async () => {
  const worker = createWorker()
  const context = createExecutionContext()
  const { bindings, called, release } = holdCommits()
  const answered = vi.fn()
  const responding = worker.fetch!(ask('Which river flows through Rome?'), bindings, context)
  Promise.resolve(responding).then(answered, answered)
  await called
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(answered).not.toHaveBeenCalled()
  release()
  const response = await responding
  const id = response.headers.get('x-switchyard-decision') ?? ''
  const found = await (await openLog()).decision(id)
  expect(found?.decision).toMatchObject({ id, route: 'auto' })
  await response.text()
})

it('has the vector with the decision, once the encoder is there, and the outcome when the answer has been read', async () => {
  const store = await openLog()
  await vi.waitFor(async () => {
    const response = await exports.default.fetch(ask('Which river flows through London?', { stream: true }))
    const id = response.headers.get('x-switchyard-decision') ?? ''
    const query = (await store.decision(id))?.decision.query
    await response.text()
    expect(query?.embedded).toBe(true)
    expect(await store.embedding(query?.hash ?? '', 'use-lite')).toHaveLength(512)
    await vi.waitFor(async () => expect((await store.decision(id))?.outcome?.status).toBe('ok'), PATIENCE)
  }, PATIENCE)
})

it('has the outcome of an answer that nobody read to its end', async () => {
  const response = await exports.default.fetch(ask('Write a long story about a river.', { stream: true }))
  const id = response.headers.get('x-switchyard-decision') ?? ''
  await response.body?.cancel()
  const store = await openLog()
  await vi.waitFor(async () => expect((await store.decision(id))?.outcome?.status).toBe('client_abort'), PATIENCE)
})

it('deletes old days by the hour and still counts them', async () => {
  const at = Date.now() - 9 * DAY_MS
  const rows: LogRow[] = [
    { table: 'decisions', row: sampleDecision('old', { at, tenant: 'anonymous', route: 'gone' }) },
    { table: 'outcomes', row: sampleOutcome('old') },
  ]
  const store = await openLog()
  await store.append(rows)
  const statistics = async () => {
    const response = await exports.default.fetch(`${GATEWAY}/v1/statistics?days=10`)
    const { data } = await response.json<{ data: { day: string; route: string | null; requests: number }[] }>()
    return data
  }
  const old = { day: new Date(at).toISOString().slice(0, 10), route: 'gone', requests: 1, costUsd: 0.00031 }
  const before = await statistics()
  expect(before[0]).toMatchObject(old)
  expect(before.at(-1)).toMatchObject({ day: new Date().toISOString().slice(0, 10), route: 'auto' })

  const worker = createWorker({ config: { ...environmentConfig({}), log: { keepDays: 7 } } })
  const context = createExecutionContext()
  await worker.scheduled!(createScheduledController(), env as unknown as Env, context)
  expect(await store.decision('old')).toBeNull()
  expect((await statistics())[0]).toMatchObject(old)
})
