/** What is learned online, across isolates: two Workers here share D1 and the Durable Objects, and no memory. */
import {
  createExecutionContext,
  createScheduledController,
  evictDurableObject,
  waitOnExecutionContext,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { foldOptions, nameOf, type Recipe } from '../compose/learners.ts'
import type { ConfigInput } from '../config/schema.ts'
import { DAY_MS } from '../day.ts'
import { FEATURES } from '../embed/features.ts'
import { createFold } from '../learn/fold.ts'
import { sampleDecision, sampleOutcome } from '../log/contract.ts'
import { openD1Store } from '../log/store.d1.ts'
import type { Decision, LogRow } from '../spec.ts'
import { createWorker } from '../worker.ts'

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }
vi.stubGlobal('fetch', async (_: string, { body }: { body: Uint8Array }) => {
  const { model } = JSON.parse(new TextDecoder().decode(body))
  const message = { role: 'assistant', content: 'Yes.' }
  return Response.json({ id: 'x', model, choices: [{ index: 0, message, finish_reason: 'stop' }], usage })
})
afterEach(() => {
  vi.restoreAllMocks()
})

const openLog = () => openD1Store(env.DB, { keepAlive: () => {} })

/** Requests come on the same clock, `ahead` of the real one. */
function turnClock(ahead: number): void {
  const real = performance.timeOrigin + performance.now()
  vi.spyOn(Date, 'now').mockImplementation(() => Math.round(real + ahead))
}

function configOf(more: Partial<ConfigInput> = {}): ConfigInput {
  const price = (usd: number) => ({ inputPerMTok: usd, outputPerMTok: usd })
  return {
    providers: { up: { kind: 'openai', baseUrl: 'https://upstream.test/v1' } },
    candidates: ['cheap', 'dear'].map((id, i) => ({
      id,
      provider: 'up',
      model: id,
      price: price(1 + 9 * i),
      contextWindow: 100_000,
      maxOutput: 1_000,
      capabilities: [],
    })),
    routes: { auto: { preset: 'bandit', exploration: { maxLoss: 1 } } },
    encoder: { driver: 'none' },
    ...more,
  }
}

function isolate(config: ConfigInput) {
  const worker = createWorker({ config })
  const send = async (path: string, body: object) => {
    const context = createExecutionContext()
    const request = new Request<unknown, IncomingRequestCfProperties>(`https://localhost${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const response = await worker.fetch!(request, { ...env }, context)
    const text = await response.text()
    await waitOnExecutionContext(context)
    return { response, text }
  }
  return {
    async ask(content = 'Hi', model = 'auto'): Promise<Decision> {
      const { response } = await send('/v1/chat/completions', { model, messages: [{ role: 'user', content }] })
      const id = response.headers.get('x-switchyard-decision') ?? ''
      return (await (await openLog()).decision(id))!.decision
    },
    async score({ id }: Decision, value: number) {
      const { response, text } = await send('/v1/feedback', { decision: id, value })
      expect(response.status, text).toBe(201)
    },
    maintain: async () => {
      const context = createExecutionContext()
      await worker.scheduled!(createScheduledController(), { ...env }, context)
      await waitOnExecutionContext(context)
    },
  }
}

const recipe: Recipe = {
  route: 'auto',
  policy: null,
  keyShare: 0.5,
  features: FEATURES.length,
  dim: 0,
  forgetting: 0.999,
}
const objectOf = (one: Recipe) => env.STATE.get(env.STATE.idFromName(`online:${nameOf(one)}`))
const learnedBy = async (one: Recipe, lessons = -1) => objectOf(one).learned(one, lessons)

/** The fold of what is in D1. */
async function folded(one: Recipe) {
  const fold = createFold(foldOptions(one))
  const { rows } = await (await openLog()).rows('rewards', { after: 0, limit: 1000 })
  for (const { table, row } of rows) if (table === 'rewards') fold.take(row)
  return fold
}

it('what one isolate is told, the others know, and an object that was evicted', async () => {
  const [here, there] = [isolate(configOf()), isolate(configOf())]
  turnClock(0)
  expect((await there.ask()).considered).toMatchObject({ lessons: 0 })
  for (let n = 0; n < 6; n++) {
    const decision = await here.ask(`Question ${n}`)
    expect(decision.considered?.offline).toHaveLength(2)
    await here.score(decision, n % 2)
  }
  const expected = await folded(recipe)
  expect(expected.lessons).toBe(6)

  turnClock(20_000)
  await there.ask() // It asks the object once its answer is on the way.
  const known = (await there.ask()).considered!
  expect(known.lessons).toBe(6)
  expect(known.quality).not.toEqual(known.offline)
  expect((await isolate(configOf()).ask()).considered?.lessons).toBe(6)

  expect(await learnedBy(recipe)).toEqual(expected.save())
  expect(await learnedBy(recipe, 6)).toBeNull()
  await evictDurableObject(objectOf(recipe))
  expect(await learnedBy(recipe)).toEqual(expected.save())
})

it('what was learned outlives the decisions that it was learned from', async () => {
  const own: Recipe = { ...recipe, route: 'old' }
  const config = configOf({ routes: { old: { preset: 'bandit' }, auto: {} }, log: { keepDays: 2 } })
  const routed = isolate(config)
  turnClock(0)
  const decision = await routed.ask('Hi', 'old')
  await routed.score(decision, 1)
  const before = await folded(own)
  expect(before.lessons).toBe(1)

  turnClock(10 * DAY_MS)
  await routed.maintain()
  expect(await (await openLog()).decision(decision.id)).toBeNull()
  expect((await folded(own)).lessons).toBe(0)
  await evictDurableObject(objectOf(own))
  expect(await learnedBy(own)).toEqual(before.save())
})

it('nothing is explored once the money of today is spent, whoever spent it', async () => {
  turnClock(100 * DAY_MS)
  const limited = configOf({ routes: { paid: { preset: 'bandit', exploration: { usdPerDay: 0 } }, auto: {} } })
  const { considered } = await isolate(limited).ask('Hi', 'paid')
  expect([...considered!.chances].sort()).toEqual([0, 1])
})

it('what nobody scored is settled beside requests: a hundred a minute, and more with the next ones', async () => {
  const log = await openLog()
  const signals = { reward: { signals: { none: 0.75 }, waitMs: 1000 } }
  const config = configOf({ routes: { quiet: {}, auto: {} }, learning: signals })
  const start = 200 * DAY_MS
  turnClock(start)
  const at = Date.now()
  const rows = Array.from({ length: 120 }, (_, i): LogRow[] => [
    { table: 'decisions', row: sampleDecision(`quiet${i}`, { at, route: 'quiet' }) },
    { table: 'outcomes', row: sampleOutcome(`quiet${i}`, { at, signals: [] }) },
  ])
  await log.append(rows.flat())
  const settled = async () => {
    const { rows } = await log.rows('rewards', { after: 0, limit: 1000 })
    return rows.flatMap(({ table, row }) => (table === 'rewards' && row.source === 'implicit' ? [row] : []))
  }
  const askAt = async (ahead: number, one = here) => {
    turnClock(start + ahead)
    await one.ask('Hi', 'quiet')
    return settled()
  }
  const here = isolate(config)
  expect(await askAt(0)).toEqual([])
  expect(await askAt(50_000)).toEqual([])
  const first = await askAt(61_000)
  // Outcomes of the tests before are among the hundred.
  expect(first.length).toBeGreaterThan(80)
  expect(first.length).toBeLessThanOrEqual(100)
  expect(first[0]).toMatchObject({ source: 'implicit', quality: 0.75 })
  const kept = await log.snapshot('settled')
  const all = await askAt(67_000)
  expect(all.filter(({ decision }) => decision.startsWith('quiet'))).toHaveLength(120)
  expect((await log.snapshot('settled'))?.seq).toBeGreaterThan(kept!.seq)
})
