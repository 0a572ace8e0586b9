import { expect, it } from 'vitest'
import type { Frame, Reply } from '../call/call.ts'
import { SwitchyardError } from '../errors.ts'
import { sampleDecision } from '../log/contract.ts'
import { createMemoryStore } from '../log/memory.ts'
import type { Candidate, Wire } from '../spec.ts'
import { dialects } from '../wire/index.ts'
import { openAccount } from './account.ts'
import { deliver } from './deliver.ts'
import type { Deps } from './deps.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const candidate = (wire: Wire): Candidate => ({
  id: 'm',
  provider: 'p',
  model: 'm',
  wire,
  price: null,
  contextWindow: 1000,
  capabilities: new Set(),
  tags: [],
})

/** What a client of `to` receives of an upstream of `from`. */
async function deliverTo(to: Wire, from: Wire, frames: AsyncIterableIterator<Frame> | Uint8Array, keepText = false) {
  const store = createMemoryStore()
  const clock = { now: () => 1000, monotonic: () => 0 }
  const deps = {
    store,
    clock,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  } as unknown as Deps
  const decision = sampleDecision('d1')
  await store.append([{ table: 'decisions', row: decision }])
  const account = openAccount(deps, decision, { started: 0, onSettled: () => {} })
  account.logged = true
  const common = { status: 200, headers: { 'content-type': 'x' }, candidate: candidate(from), attempts: 1, ttftMs: 1 }
  const reply: Reply =
    frames instanceof Uint8Array
      ? { ...common, kind: 'whole', body: frames, usage: null, finish: null, logprob: null, latencyMs: 1 }
      : { ...common, kind: 'stream', frames, reader: dialects[from].streamReader() }
  const response = deliver(deps, reply, {
    dialect: dialects[to],
    decision,
    account,
    requestId: 'req_1',
    includeUsage: true,
    keepText,
  })
  const text = await response.text()
  await new Promise((done) => setTimeout(done, 0))
  return { text, outcome: (await store.decision('d1'))?.outcome }
}

async function* failing(): AsyncGenerator<Frame> {
  yield { bytes: encode('data: {"text":"hal"}\n\n'), parts: [{ type: 'text', text: 'hal' }] }
  const message = 'overloaded'
  yield {
    bytes: encode('data: {"error":{"message":"own words"}}\n\n'),
    parts: [{ type: 'error', code: 'server_error', message }],
  }
  throw new SwitchyardError('upstream_error', 'Candidate m (provider p) reported an error in its stream.')
}

async function* cut(): AsyncGenerator<Frame> {
  yield { bytes: encode('data: {"text":"hal"}\n\n'), parts: [{ type: 'text', text: 'hal' }] }
  throw new SwitchyardError('upstream_truncated', 'Candidate m (provider p) ended its answer before it was complete.')
}

it("passes an upstream's own error event through and adds none", async () => {
  const { text, outcome } = await deliverTo('openai', 'openai', failing())
  expect(text.match(/"error"/g)).toHaveLength(1)
  expect(text).toContain('own words')
  expect(outcome?.status).toBe('upstream_error')
})

it('translates it into one error event of the other dialect', async () => {
  const { text } = await deliverTo('anthropic', 'openai', failing())
  expect(text.match(/^event: error$/gm)).toHaveLength(1)
  expect(text).not.toContain('message_stop')
})

it('says so itself when an event of the upstream cannot be read', async () => {
  async function* malformed(): AsyncGenerator<Frame> {
    const parts = [{ type: 'error', code: 'upstream_malformed', message: 'no JSON' }] as const
    yield { bytes: encode('event: content_block_delta\ndata: {"ty\n\n'), parts }
    throw new SwitchyardError('upstream_malformed', 'Candidate m (provider p) sent an event that is no JSON.')
  }
  for (const from of ['anthropic', 'openai'] as const) {
    const { text } = await deliverTo('anthropic', from, malformed())
    expect(text.match(/^event: error$/gm)).toHaveLength(1)
  }
})

it('ends a cut answer in one error event of its own', async () => {
  for (const to of ['openai', 'anthropic'] as const) {
    const { text, outcome } = await deliverTo(to, 'openai', cut())
    expect(text.match(to === 'openai' ? /"error"/g : /^event: error$/gm)).toHaveLength(1)
    expect(outcome).toMatchObject({ status: 'upstream_truncated', usageSource: 'estimated' })
  }
})

it('hands over an answer whose text cannot be read for the log', async () => {
  const { text, outcome } = await deliverTo('openai', 'openai', encode('{"choices":"of another kind"}'), true)
  expect(text).toBe('{"choices":"of another kind"}')
  expect(outcome?.status).toBe('ok')
  expect(outcome).not.toHaveProperty('answer')
})
