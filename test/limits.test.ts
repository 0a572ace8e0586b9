/** What a key may still do, as the vendors' own clients meet it; a restart forgets nothing. */
import { createHash } from 'node:crypto'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../src/config/schema.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { settled } from './decisions.ts'
import { type Gateway, newFolder, removeFolder, startGateway } from './gateway.ts'
import { startUpstream, type Upstream } from './upstream.ts'

const KEY = 'key-of-the-test'
/** Every answer says that it used this many tokens of output, at 1 USD each; input is free. */
const OUTPUT = 12
const PRICE = { inputPerMTok: 0, outputPerMTok: 1_000_000 }

let upstream: Upstream
const folder = newFolder()
const running: Gateway[] = []

beforeAll(async () => {
  upstream = await startUpstream(({ wire, model }) => ({
    status: 200,
    body: JSON.stringify(
      wire === 'openai'
        ? {
            id: 'x',
            object: 'chat.completion',
            created: 1,
            model,
            choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
            usage: { prompt_tokens: 1, completion_tokens: OUTPUT, total_tokens: 1 + OUTPUT },
          }
        : {
            id: 'x',
            type: 'message',
            role: 'assistant',
            model,
            content: [{ type: 'text', text: 'Hello' }],
            stop_reason: 'end_turn',
            stop_sequence: null,
            usage: { input_tokens: 1, output_tokens: OUTPUT },
          },
    ),
  }))
})
afterEach(async () => {
  upstream.received.length = 0
  for (const gateway of running.splice(0)) await gateway.stop('SIGKILL')
})
afterAll(async () => {
  await upstream.close()
  removeFolder(folder)
})

type Limits = NonNullable<NonNullable<ConfigInput['keys']>[number]['limits']>

async function start(limits: Limits, more: Partial<ConfigInput> & { folder?: string } = {}): Promise<Gateway> {
  const { folder: where, ...rest } = more
  const gateway = await startGateway({
    ...(where && { folder: where }),
    config: {
      providers: providersAt(`${upstream.origin}/v1`),
      candidates: ['openai', 'anthropic'].map((provider) =>
        candidateAt(provider, `m-${provider}`, { price: PRICE, priors: { quality: 0.5, outputTokens: 10 } }),
      ),
      keys: [{ name: 'web', sha256: createHash('sha256').update(KEY).digest('hex'), limits }],
      encoder: NO_ENCODER,
      ...rest,
    },
  })
  running.push(gateway)
  return gateway
}

/** Both vendors' clients, with their own retries left on, and every request that they send. */
function clientsOf(url: string) {
  const sent: string[] = []
  const counting: typeof fetch = (input, init) => {
    sent.push(String(input))
    return fetch(input, init)
  }
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, fetch: counting })
  const anthropic = new Anthropic({ baseURL: url, apiKey: KEY, fetch: counting })
  const messages = [{ role: 'user' as const, content: 'Hi' }]
  return {
    sent,
    openai: (model: string) => openai.chat.completions.create({ model, messages }).withResponse(),
    anthropic: (model: string) => anthropic.messages.create({ model, messages, max_tokens: 100 }).withResponse(),
  }
}

/** Resolves once the outcome is in the log, and the cost in the account with it. */
async function paid(gateway: Gateway, { response }: { response: Response }): Promise<number | null | undefined> {
  const auth = { authorization: `Bearer ${KEY}` }
  return (await settled(gateway.url, response.headers.get('x-switchyard-decision')!, auth)).outcome?.costUsd
}

describe.each(['openai', 'anthropic'] as const)('the %s client', (wire) => {
  const spentQuota =
    wire === 'openai'
      ? { status: 429, type: 'insufficient_quota', code: 'insufficient_quota' }
      : { status: 429, error: { error: { type: 'rate_limit_error', message: expect.stringContaining('00:00 UTC') } } }

  it('is told that its budget is spent, once: it does not try again', async () => {
    const gateway = await start({ usdPerDay: 20 })
    const clients = clientsOf(gateway.url)
    expect(await paid(gateway, await clients[wire](`m-${wire}`))).toBe(OUTPUT)
    const refused = await clients[wire]('auto').catch((error: unknown) => error)
    expect(refused).toMatchObject(spentQuota)
    const { headers } = refused as { headers: Headers }
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(86_400)
    expect(clients.sent).toHaveLength(2)
    expect(upstream.received).toHaveLength(1)
  })

  it('is slowed to its rate, and by its own retries gets there', async () => {
    const gateway = await start({ requestsPerMinute: 60 })
    const clients = clientsOf(gateway.url)
    const asked = await Promise.all(Array.from({ length: 62 }, () => clients[wire](`m-${wire}`)))
    expect(asked.every(({ response }) => response.status === 200)).toBe(true)
    expect(clients.sent.length).toBeGreaterThan(62)
  })
})

it('what was spent is known after a restart, and after a kill', async () => {
  const limits = { usdPerDay: 30 }
  for (const [signal, spent] of [
    ['SIGTERM', OUTPUT],
    ['SIGKILL', 2 * OUTPUT],
  ] as const) {
    const gateway = await start(limits, { folder })
    expect(await paid(gateway, await clientsOf(gateway.url).openai('m-openai'))).toBe(OUTPUT)
    expect(upstream.received).toHaveLength(spent / OUTPUT)
    await gateway.stop(signal)
  }
  const gateway = await start(limits, { folder })
  await expect(clientsOf(gateway.url).openai('m-openai')).rejects.toMatchObject({ code: 'insufficient_quota' })
  expect(upstream.received).toHaveLength(2)
})

it('many at once spend no more than the budget and what the answers under way are longer than expected', async () => {
  const gateway = await start({ usdPerDay: 100 })
  const { openai } = clientsOf(gateway.url)
  // Refused while others hold the rest, a client tries again; in the end everybody is told.
  const asked = await Promise.allSettled(Array.from({ length: 40 }, () => openai('m-openai')))
  const served = asked.filter(({ status }) => status === 'fulfilled').length
  expect(served).toBe(upstream.received.length)
  expect(served * OUTPUT).toBeLessThanOrEqual(100 + 10 * (OUTPUT - 10))
  expect(served * OUTPUT).toBeGreaterThan(100 - 10)
})

it('a route leaves out what a budget cannot pay for, and says so', async () => {
  const candidates = [
    candidateAt('openai', 'unpriced', { price: null, priors: { quality: 1 } }),
    candidateAt('openai', 'dear', { price: PRICE, priors: { quality: 0.9, outputTokens: 1000 } }),
    candidateAt('openai', 'cheap', { price: PRICE, priors: { quality: 0.1, outputTokens: 10 } }),
  ]
  const gateway = await start({ usdPerDay: 100 }, { candidates })
  const { openai } = clientsOf(gateway.url)
  const { response } = await openai('auto:best')
  expect(response.headers.get('x-switchyard-model')).toBe('cheap')
  const auth = { authorization: `Bearer ${KEY}` }
  const { excluded } = await settled(gateway.url, response.headers.get('x-switchyard-decision')!, auth)
  expect(excluded.map(({ candidate }: { candidate: string }) => candidate)).toEqual(['unpriced', 'dear'])
  await expect(openai('unpriced')).rejects.toMatchObject({ status: 403, code: 'forbidden' })
  await expect(openai('dear')).rejects.toMatchObject({ code: 'insufficient_quota' })
})
