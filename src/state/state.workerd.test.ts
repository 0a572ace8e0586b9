/** Limits, budgets and health across isolates: two Workers here share the Durable Objects and no memory. */
import { createExecutionContext, evictDurableObject, runInDurableObject, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import type { Reservation } from '../admit/allowance.ts'
import { createLedger } from '../admit/ledger.ts'
import type { ConfigInput } from '../config/schema.ts'
import { createWorker, type Env } from '../worker.ts'
import { openCounts, RESERVATION_MS } from './counts.ts'

/** What the upstream does with a request for a model of this name. */
const replies = new Map<string, () => Response>()
const asked: string[] = []

vi.stubGlobal('fetch', async (_: string, { body }: { body: Uint8Array }) => {
  const { model } = JSON.parse(new TextDecoder().decode(body))
  asked.push(model)
  return replies.get(model)!()
})
afterAll(() => {
  vi.unstubAllGlobals()
})
beforeEach(() => {
  asked.length = 0
})

/** One USD per token of output and nothing for input, so that costs are easy to tell. */
const PRICE = { inputPerMTok: 0, outputPerMTok: 1_000_000 }

const sha256 = async (text: string) =>
  Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')

/** A key of its own for every test: its secret is its name. */
async function config(name: string, limits: NonNullable<ConfigInput['keys']>[number]['limits']): Promise<ConfigInput> {
  const retry = { maxAttempts: 1 }
  return {
    providers: {
      up: { kind: 'openai', baseUrl: 'https://upstream.test/v1', retry, breaker: { failures: 1, cooldownMs: 60_000 } },
    },
    candidates: ['whole', 'slow', 'stream', 'failing', 'broken', 'unpriced'].map((id) => ({
      id,
      provider: 'up',
      model: id,
      price: id === 'unpriced' ? null : PRICE,
      contextWindow: 100_000,
      priors: { quality: 0.5, outputTokens: 10 },
    })),
    keys: [{ name, sha256: await sha256(name), limits }],
    encoder: { driver: 'none' },
  }
}

/** An isolate that serves the configuration's one key; `bindings` stand in for those of `wrangler.toml`. */
function isolate(served: ConfigInput, bindings: Partial<Env> = {}) {
  const worker = createWorker({ config: served })
  const key = served.keys![0]!.name

  /** `settled` resolves once all that the request left behind is done. */
  async function ask(model: string, more: object = {}) {
    const context = createExecutionContext()
    const request = new Request<unknown, IncomingRequestCfProperties>('https://gateway.test/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], ...more }),
    })
    const response = await worker.fetch!(request, { ...env, ...bindings }, context)
    return { response, settled: () => waitOnExecutionContext(context) }
  }

  async function status(model: string, more: object = {}) {
    const { response } = await ask(model, more)
    await response.text()
    return response.status
  }

  return { ask, status }
}

const stateOf = (name: string) => env.STATE.get(env.STATE.idFromName(name))

/** What the key has spent and reserved, in its object's own storage. */
function account(name: string) {
  return runInDurableObject(stateOf(`key:${name}`), (_, { storage }) =>
    storage.sql
      .exec<{ spent: number; reserved: number }>(
        `SELECT coalesce((SELECT sum(usd) FROM spent), 0) AS spent, coalesce(sum(usd), 0) AS reserved FROM reservations`,
      )
      .one(),
  )
}

/** What a request left behind goes on after its answer. */
const accounted = (name: string, expected: { spent: number; reserved: number }) =>
  vi.waitFor(async () => expect(await account(name)).toEqual(expected), { timeout: 5000, interval: 20 })

const message = (content: string) => ({ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' })

function whole(output: number): Response {
  return Response.json({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'x',
    choices: [message('Hello')],
    usage: { prompt_tokens: 1, completion_tokens: output, total_tokens: 1 + output },
  })
}

/** A stream of `pieces` of four characters each; `ends` with usage, or goes on without end. */
function stream(pieces: number, { ends, usage = 0 }: { ends: boolean; usage?: number }): Response {
  const encoder = new TextEncoder()
  const event = (more: object) =>
    encoder.encode(
      `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'x', ...more })}\n\n`,
    )
  let sent = 0
  return new Response(
    new ReadableStream({
      async pull(controller) {
        if (sent++ < pieces) {
          controller.enqueue(event({ choices: [{ index: 0, delta: { content: 'four' }, finish_reason: null }] }))
        } else if (ends) {
          controller.enqueue(event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
          controller.enqueue(event({ choices: [], usage: { prompt_tokens: 1, completion_tokens: usage } }))
          controller.enqueue(encoder.encode('data: [DONE]\n\n'))
          controller.close()
        } else await new Promise(() => {})
      },
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  )
}

it('a rate limit is one for all isolates, and survives eviction', async () => {
  replies.set('whole', () => whole(1))
  const served = await config('hasty', { requestsPerMinute: 3 })
  const [one, two] = [isolate(served), isolate(served)]
  expect([await one.status('whole'), await two.status('whole'), await one.status('whole')]).toEqual([200, 200, 200])
  await evictDurableObject(stateOf('key:hasty'))
  const { response } = await two.ask('whole')
  expect(response.status).toBe(429)
  expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(20)
  expect(await response.json()).toMatchObject({ error: { type: 'requests', code: 'rate_limit_exceeded' } })
})

it('a budget is one for all isolates, and survives eviction', async () => {
  replies.set('whole', () => whole(12))
  const served = await config('thrifty', { usdPerDay: 30 })
  const [one, two] = [isolate(served), isolate(served)]
  expect(await one.status('whole')).toBe(200)
  await accounted('thrifty', { spent: 12, reserved: 0 })
  await evictDurableObject(stateOf('key:thrifty'))
  expect(await two.status('whole')).toBe(200)
  await accounted('thrifty', { spent: 24, reserved: 0 })
  await evictDurableObject(stateOf('key:thrifty'))
  for (const { ask } of [one, two]) {
    const { response } = await ask('whole')
    expect(response.status).toBe(429)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.json()).toMatchObject({ error: { type: 'insufficient_quota', code: 'insufficient_quota' } })
  }
  expect(asked).toHaveLength(2)
  // What is left still serves who asks for less.
  expect(await one.status('whole', { max_tokens: 6 })).toBe(200)
})

it('many at once, on two isolates, are let through only as far as the budget holds them', async () => {
  const gate = Promise.withResolvers<void>()
  replies.set('slow', () => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        await gate.promise
        controller.enqueue(new Uint8Array(await whole(14).arrayBuffer()))
        controller.close()
      },
    })
    return new Response(body, { headers: { 'content-type': 'application/json' } })
  })
  const served = await config('crowded', { usdPerDay: 100 })
  const isolates = [isolate(served), isolate(served)]
  const asking = Array.from({ length: 60 }, (_, i) => isolates[i % 2]!.status('slow'))
  await vi.waitFor(() => expect(asked).toHaveLength(10), { timeout: 5000 })
  await new Promise((done) => setTimeout(done, 200))
  gate.resolve()
  const statuses = await Promise.all(asking)
  expect(statuses.filter((status) => status === 200)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(50)
  // The bound: the budget, and what the ten under way cost beyond what was expected.
  await accounted('crowded', { spent: 140, reserved: 0 })
  expect(await isolates[0]!.status('slow')).toBe(429)
  expect(asked).toHaveLength(10)
})

it('a stream costs what it says at its end, a failure nothing', async () => {
  const served = await config('streaming', { usdPerDay: 100 })
  const { ask, status } = isolate(served)
  replies.set('stream', () => stream(5, { ends: true, usage: 7 }))
  const { response } = await ask('stream', { stream: true })
  expect(await account('streaming')).toEqual({ spent: 0, reserved: 10 })
  expect(await response.text()).toContain('[DONE]')
  await accounted('streaming', { spent: 7, reserved: 0 })
  replies.set('failing', () => new Response('no', { status: 500 }))
  expect(await status('failing')).toBe(500)
  await accounted('streaming', { spent: 7, reserved: 0 })
})

it('a client that leaves pays for what the model had written', async () => {
  const served = await config('leaving', { usdPerDay: 100 })
  const { ask } = isolate(served)
  replies.set('stream', () => stream(6, { ends: false }))
  const { response } = await ask('stream', { stream: true })
  const reader = response.body!.getReader()
  let text = ''
  while (text.split('four').length <= 6) text += new TextDecoder().decode((await reader.read()).value)
  await reader.cancel()
  await accounted('leaving', { spent: 6, reserved: 0 })
})

it('a model without a price is refused to a key with a budget', async () => {
  const served = await config('careful', { usdPerDay: 100 })
  const { response } = await isolate(served).ask('unpriced')
  expect(response.status).toBe(403)
  expect(await response.text()).toContain('price')
  expect(asked).toEqual([])
})

it('a reservation that an isolate lost counts as spent until midnight, and no longer', async () => {
  const object = stateOf('key:lost')
  const noon = 20_000 * 86_400_000 + 43_200_000
  await runInDurableObject(object, (_, { storage }) => {
    let now = noon
    const counts = openCounts(storage.sql, () => now)
    const money = { expectedUsd: 6, usdPerDay: 10 }
    expect(counts.reserve(money)).toEqual({ id: 1 })
    // While its request may be alive, others may hope for what it will leave.
    expect(counts.reserve(money)).toEqual({ refused: 'busy' })
    now += RESERVATION_MS + 1
    expect(counts.reserve(money)).toEqual({ refused: 'exhausted' })
    now = noon + 43_200_000
    expect(counts.reserve(money)).toEqual({ id: 2 })
    // One that was alive after all is settled once; one that is long gone changes nothing.
    now += RESERVATION_MS + 1
    counts.settle(2, 1)
    counts.settle(2, 1)
    counts.settle(1, 100)
    expect(counts.reserve({ expectedUsd: 9, usdPerDay: 10 })).toEqual({ id: 3 })
    expect(counts.reserve({ expectedUsd: 0.5, usdPerDay: 10 })).toEqual({ refused: 'busy' })
    // A clock that is set back gives nothing back.
    now -= 86_400_000
    counts.settle(3, 9)
    expect(counts.reserve({ expectedUsd: 0.5, usdPerDay: 10 })).toEqual({ refused: 'exhausted' })
  })
})

it('whatever comes and goes, an object grants and settles as the memory of one process would', async () => {
  const usd = fc.integer({ min: 0, max: 40 }).map((cents) => cents / 64)
  const step = fc.record({ ends: fc.boolean(), pick: fc.nat(9), usd, ms: fc.nat(43_200_000) })
  await runInDurableObject(stateOf('key:modelled'), async (_, { storage }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        for (const table of ['spent', 'reservations']) storage.sql.exec(`DELETE FROM ${table}`)
        let now = 20_000 * 86_400_000
        const counts = openCounts(storage.sql, () => now)
        const ledger = createLedger({ clock: { now: () => now, monotonic: () => now }, spent: async () => new Map() })
        const open: { id: number; reservation: Reservation }[] = []
        for (const { ends, pick, usd, ms } of steps) {
          // Days pass only while nothing is under way: a process loses nothing, an object counts on what it lost by the hour.
          if (open.length === 0) now += ms
          if (ends || open.length === 3) {
            const [ended] = open.splice(pick % Math.max(1, open.length), 1)
            if (ended) counts.settle(ended.id, usd)
            ended?.reservation.settle(usd)
            continue
          }
          const money = { expectedUsd: usd, usdPerDay: 1 }
          const reserved = counts.reserve(money)
          const reservation = await ledger.reserve('modelled', money).catch(() => null)
          expect('id' in reserved).toBe(reservation !== null)
          if ('id' in reserved && reservation) open.push({ id: reserved.id, reservation })
        }
      }),
    )
  })
})

it('without its object a rate limit lets pass and a budget refuses', async () => {
  replies.set('whole', () => whole(1))
  const gone = { get: () => new Proxy({}, { get: () => async () => Promise.reject(new Error('gone')) }) }
  const bindings = { STATE: { idFromName: () => 'x', ...gone } as unknown as Env['STATE'] }
  const hasty = isolate(await config('h', { requestsPerMinute: 1 }), bindings)
  expect([await hasty.status('whole'), await hasty.status('whole')]).toEqual([200, 200])
  const { response } = await isolate(await config('t', { usdPerDay: 100 }), bindings).ask('whole')
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ error: { code: 'budget_unreachable' } })
})

it('an upstream that one isolate found broken is left alone by another', async () => {
  replies.set('broken', () => new Response('no', { status: 500 }))
  const served = await config('any', {})
  const [one, two] = [isolate(served), isolate(served)]
  expect(await one.status('broken')).toBe(500)
  expect(await one.status('broken')).toBe(503)
  const reported = expect.objectContaining({ provider: 'up', model: 'broken' })
  await vi.waitFor(async () => expect(await stateOf('health').openings()).toContainEqual(reported))
  // The first request of an isolate asks in the background; it does not wait.
  replies.set('whole', () => whole(1))
  const first = await two.ask('whole')
  await first.response.text()
  await first.settled()
  expect(await two.status('broken')).toBe(503)
  expect(asked.filter((model) => model === 'broken')).toHaveLength(1)
})
