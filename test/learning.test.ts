/** A route with the preset `bandit` in a real gateway, spoken to by the official clients: what it explores, learns and refrains from. */
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../benchmarks/faults/provider.ts'
import type { ConfigInput } from '../src/config/schema.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { eventually, settled } from './decisions.ts'
import { type Gateway, startGateway } from './gateway.ts'

const KEYS = { ann: '0'.repeat(40), shy: '1'.repeat(40), tester: '2'.repeat(40) }
const signals = { retry: 0.125, invalid_json: 0, none: 0.75 }

let provider: FaultProvider
let gateway: Gateway
beforeAll(async () => {
  provider = await startFaultProvider()
  const price = (usd: number) => ({ price: { inputPerMTok: usd, outputPerMTok: usd } })
  const config: ConfigInput = {
    providers: providersAt(`${provider.origin}/v1`),
    candidates: [
      candidateAt('openai', 'cheap', { model: 'ok#cheap', ...price(1) }),
      candidateAt('openai', 'dear', { model: 'ok#dear', ...price(1.01) }),
    ],
    routes: {
      auto: { preset: 'bandit', exploration: { maxLoss: 1 } },
      paid: { preset: 'bandit', exploration: { maxLoss: 1, usdPerDay: 0.000001 } },
      plain: {},
    },
    keys: Object.keys(KEYS).map((name) => ({
      name,
      key: { env: `KEY_${name}` },
      exploration: name !== 'shy',
    })),
    learning: { reward: { signals, waitMs: 4_000 } },
    encoder: NO_ENCODER,
  }
  const env = Object.fromEntries(Object.entries(KEYS).map(([name, key]) => [`KEY_${name}`, key]))
  gateway = await startGateway({ config, env })
})
afterAll(async () => {
  await gateway.discard()
  await provider.close()
})

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming
const clientOf = (name: keyof typeof KEYS) =>
  new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEYS[name], maxRetries: 0 })
const headersOf = (name: keyof typeof KEYS) => ({ authorization: `Bearer ${KEYS[name]}` })

async function ask(name: keyof typeof KEYS, content: string, more: Partial<Body> = {}) {
  const body: Body = { model: 'auto', messages: [{ role: 'user', content }], ...more }
  const { response } = await clientOf(name).chat.completions.create(body).withResponse()
  return settled(gateway.url, response.headers.get('x-switchyard-decision'), headersOf(name))
}

async function chances(name: keyof typeof KEYS, content: string, more: Partial<Body> = {}): Promise<number> {
  const { decision } = await ask(name, content, more)
  return decision.propensity
}

const rewardOf = (id: string) =>
  eventually(() => {
    const client = new Sqlite(join(gateway.data, 'switchyard.sqlite'), { readonly: true })
    try {
      return client.prepare<[string], object>('select * from rewards where decision = ?').get(id) ?? null
    } finally {
      client.close()
    }
  }, `a reward of ${id}`)

describe('exploring', () => {
  it('is told in the log and in the explanation, and a score is learned from at once', async () => {
    const first = await ask('ann', 'What is the capital of France?')
    expect(first.decision.propensity).toBeLessThan(1)
    expect(first.explanation.join(' ')).toContain('had learned nothing yet')
    await clientOf('ann').post('/feedback', { body: { decision: first.id, value: 0 } })
    const second = await ask('ann', 'What is the capital of Spain?')
    expect(second.explanation.join(' ')).toContain('had learned from 1 reward, which changed the predicted quality')
    expect(await rewardOf(first.id)).toMatchObject({
      route: 'auto',
      policy: null,
      source: 'user',
      quality: 0,
      candidate: first.decision.candidate,
      propensity: first.decision.propensity,
    })
  })

  it('is not done for a key that says so, in a tool loop, nor on a route without', async () => {
    expect(await chances('ann', 'One')).toBeLessThan(1)
    expect(await chances('shy', 'One')).toBe(1)
    expect(await chances('ann', 'One', { model: 'plain' })).toBe(1)
    const messages: Body['messages'] = [
      { role: 'user', content: 'One' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'done' },
    ]
    const tools: Body['tools'] = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    expect(await chances('ann', '', { messages, tools })).toBe(1)
  })

  it('ends for the day once its money is spent', async () => {
    for (let n = 0; n < 60; n++) {
      const { decision } = await ask('ann', `Paid ${n}`, { model: 'paid' })
      if (decision.explored) break
    }
    for (let n = 0; n < 3; n++) expect(await chances('ann', `After ${n}`, { model: 'paid' })).toBe(1)
  })
})

describe('an answer that nobody scores', () => {
  it('is worth what its signals say, once the wait is over', async () => {
    const quiet = await ask('tester', 'Nothing happened')
    const asked = await ask('tester', 'Say it as JSON', { response_format: { type: 'json_object' } })
    expect(asked.outcome.signals).toEqual(['invalid_json'])
    expect(asked.outcome).not.toHaveProperty('answer')
    const repeated = await ask('tester', 'Once more')
    const again = await ask('tester', 'Once more')
    expect(await rewardOf(quiet.id)).toMatchObject({ source: 'implicit', quality: 0.75 })
    expect(await rewardOf(asked.id)).toMatchObject({ source: 'implicit', quality: 0 })
    expect(await rewardOf(repeated.id)).toMatchObject({ source: 'implicit', quality: 0.125 })
    expect(await rewardOf(again.id)).toMatchObject({ source: 'implicit', quality: 0.75 })
  })

  it('keeps what it was settled at, whatever is said later; where nothing learns, without a lesson', async () => {
    const late = await ask('tester', 'Late', { model: 'plain' })
    const reward = await rewardOf(late.id)
    expect(reward).toMatchObject({ route: 'plain', source: 'implicit', quality: 0.75, model: null, features: null })
    await clientOf('tester').post('/feedback', { body: { decision: late.id, value: 0 } })
    expect(await rewardOf(late.id)).toEqual(reward)
  })
})
