/** Log-probabilities from end to end: a bootstrap learns from them, the gateway asks for them, and its clients see an answer as if nobody had. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../src/config/schema.ts'
import { decodePolicy } from '../src/policy/file.ts'
import { type SimulatedServer, serveSimulated } from '../src/simulate/server.node.ts'
import { createSimulatedUpstream } from '../src/simulate/upstream.ts'
import type { Transport } from '../src/spec.ts'
import { ask, openaiAt, user } from './clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { settled } from './decisions.ts'
import { type Gateway, newFolder, removeFolder, run, startGateway, writeConfig } from './gateway.ts'

/** In [0, 1), the same for the same words. */
const chanceOf = (...words: unknown[]) => createHash('sha256').update(words.join(' ')).digest().readUInt32BE() / 2 ** 32
const promptOf = (i: number) => `Question ${i}?\nA) yes\nB) no\nAnswer:`
const rightOf = (i: number) => (chanceOf('right', i) < 0.5 ? 'A' : 'B')
/** Two cheap models are right half the time, and know when: 0.95 or 0.05. The dear one is right in 0.95, and never says how sure it is. */
const sureOf = (model: string, i: number) => (model === 'dear' || chanceOf('sure', model, i) < 0.5 ? 0.95 : 0.05)
const answerOf = (model: string, i: number) =>
  chanceOf('answer', model, i) < sureOf(model, i) ? rightOf(i) : rightOf(i) === 'A' ? 'B' : 'A'

const upstream = createSimulatedUpstream(
  ({ model, prompt }) => {
    const i = Number(/\d+/u.exec(prompt)![0])
    return {
      text: answerOf(model, i),
      toolCalls: [],
      inputTokens: 100,
      outputTokens: 1,
      finish: 'stop',
      latencyMs: 0,
      ...(model !== 'dear' && { logprob: Math.log(sureOf(model, i)) }),
    }
  },
  { sleep: async (ms, signal) => sleep(ms, undefined, { signal }), paceMs: 0 },
)

const PROMPTS = 250
const CHEAP = ['cheap-1', 'cheap-2']
/** What was asked of whom, and whether with log-probabilities. */
let asked: { readonly model: string; readonly logprobs: unknown }[] = []
let refusing = false
const transport: Transport = async (request) => {
  const { model, logprobs } = JSON.parse(new TextDecoder().decode(request.body))
  asked.push({ model, logprobs })
  if (!refusing || logprobs === undefined) return upstream(request)
  async function* body() {
    yield new TextEncoder().encode('{"error":{"message":"Unrecognized request argument supplied: logprobs"}}')
  }
  return { status: 400, headers: { 'content-type': 'application/json' }, body: body() }
}

let server: SimulatedServer
let gateway: Gateway
let folder: string
let policy: string
beforeAll(async () => {
  server = await serveSimulated(transport)
  folder = newFolder()
  // At λ the dear one costs 0.3.
  const config: ConfigInput = {
    providers: providersAt(server.baseUrl),
    candidates: [
      ...CHEAP.map((id) => candidateAt('openai', id, { capabilities: ['logprobs'], price: priceOf(1) })),
      candidateAt('openai', 'dear', { capabilities: ['logprobs'], price: priceOf(100) }),
    ],
    routes: { auto: { estimator: 'constant', planner: 'cascade', lambda: 30 } },
    encoder: NO_ENCODER,
  }
  writeConfig(folder, config)
  const prompts = Array.from({ length: PROMPTS }, (_, i) => ({ prompt: promptOf(i), check: { choice: rightOf(i) } }))
  writeFileSync(join(folder, 'my.jsonl'), prompts.map((prompt) => JSON.stringify(prompt)).join('\n'))
  const learned = await run(
    ['bootstrap', '--json', '--prompts', 'my.jsonl', '--budget-usd', '100', '--concurrency', '32'],
    { folder },
  )
  expect(learned.code, learned.output).toBe(0)
  const report = JSON.parse(learned.output)
  expect(report.verdict.kind).toBe('promote')
  policy = report.policy
  const promoted = await run(['promote', policy], { folder })
  expect(promoted.code, promoted.output).toBe(0)
  gateway = await startGateway({ folder })
}, 120_000)
afterAll(async () => {
  await gateway?.discard()
  await server.close()
  removeFolder(folder)
})
beforeEach(() => {
  asked = []
  refusing = false
})

function priceOf(usd: number) {
  return { inputPerMTok: usd, outputPerMTok: usd }
}

/** Prompts that nobody learned from, where just one of the cheap models is sure and they differ. */
const UNSEEN = Array.from({ length: 200 }, (_, i) => 1000 + i)
const differing = UNSEEN.filter(
  (i) => sureOf('cheap-1', i) !== sureOf('cheap-2', i) && answerOf('cheap-1', i) !== answerOf('cheap-2', i),
)
const unsure = UNSEEN.find((i) => CHEAP.every((model) => sureOf(model, i) < 0.5))!
const surer = (i: number) => (sureOf('cheap-1', i) > 0.5 ? 'cheap-1' : 'cheap-2')

it('a bootstrap keeps how sure candidates were, and learns from it', async () => {
  const lines = readFileSync(join(folder, '.switchyard/bootstrap/auto.jsonl'), 'utf8').trim().split('\n')
  const kept = lines.map((line) => JSON.parse(line))
  expect(kept.filter(({ candidate, logprob }) => candidate !== 'dear' && logprob < 0)).toHaveLength(2 * PROMPTS)
  expect(kept.filter(({ logprob }) => logprob === undefined).every(({ candidate }) => candidate === 'dear')).toBe(true)
  const policies = join(folder, '.switchyard/policies')
  const file = readdirSync(policies).find((name) => name.startsWith(policy))!
  const { manifest } = await decodePolicy(new Uint8Array(readFileSync(join(policies, file))))
  // Beside what was learned with it stands what was learned without.
  expect(manifest.planner.options).toHaveProperty('hearing.checks.0.sure')
  expect(manifest.planner.options).toHaveProperty('checks')
})

describe.each([false, true])('a client that streams: %s', (stream) => {
  const through = (wire: 'openai' | 'anthropic', i: number) =>
    ask(wire, gateway.url, { model: 'auto', stream, turns: [user(promptOf(i))] })

  it.each(['openai', 'anthropic'] as const)('gets the answer of the one who is sure (%s)', async (wire) => {
    for (const i of differing.slice(0, 4)) {
      asked = []
      const { text, headers } = await through(wire, i)
      expect(headers.get('x-switchyard-model')).toBe(surer(i))
      expect(text).toBe(answerOf(surer(i), i))
      expect(asked).toEqual(CHEAP.map((model) => ({ model, logprobs: true })))
    }
  })

  it('gets a third answer where nobody is sure, which is asked for in its own words', async () => {
    const { headers } = await through('openai', unsure)
    expect(headers.get('x-switchyard-model')).toBe('dear')
    expect(asked).toEqual([
      ...CHEAP.map((model) => ({ model, logprobs: true })),
      { model: 'dear', logprobs: undefined },
    ])
  })

  it('gets no error of an upstream that refuses the parameter, and the log says what happened', async () => {
    refusing = true
    const { text, headers } = await through('openai', differing[0]!)
    expect('AB').toContain(text)
    const { attempts, outcome } = await settled(gateway.url, headers.get('x-switchyard-decision'))
    expect(outcome.status).toBe('ok')
    expect(attempts.slice(0, 4).map(({ candidate, status }) => [candidate, status])).toEqual([
      ['cheap-1', 400],
      ['cheap-1', 200],
      ['cheap-2', 400],
      ['cheap-2', 200],
    ])
  })
})

describe('the bytes of the answer', () => {
  const post = (model: string, more: object = {}) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: promptOf(differing[0]!) }], ...more }),
    }).then((response) => response.text())
  /** But for what is new each time. */
  const bare = (text: string) => text.replaceAll(/"id":"[^"]*"|"created":\d+/gu, '')

  it.each([false, true])('are those that come where nobody asks for more (stream: %s)', async (stream) => {
    const direct = await post(surer(differing[0]!), { stream })
    expect(asked.map(({ logprobs }) => logprobs)).toEqual([undefined])
    expect(bare(await post('auto', { stream }))).toBe(bare(direct))
    expect(direct).toContain('"logprobs":null')
    expect(direct).not.toContain('"token"')
  })

  it('have log-probabilities where the client itself asked for them', async () => {
    const client = openaiAt(gateway.url)
    const messages = [{ role: 'user' as const, content: promptOf(differing[0]!) }]
    const { choices } = await client.chat.completions.create({ model: 'auto', messages, logprobs: true })
    expect(choices[0]!.logprobs!.content).toMatchObject([{ logprob: Math.log(0.95), top_logprobs: [] }])
    const streamed = client.chat.completions.stream({ model: 'auto', messages, logprobs: true })
    expect((await streamed.finalChatCompletion()).choices[0]!.logprobs!.content).toHaveLength(1)
  })
})
