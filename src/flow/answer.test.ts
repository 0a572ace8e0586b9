import { expect, it } from 'vitest'
import { createGate } from '../admit/concurrency.ts'
import { ANONYMOUS } from '../admit/keys.ts'
import { createBreakers } from '../call/breaker.ts'
import { providerOf } from '../call/fixture.ts'
import { createHealth } from '../call/health.ts'
import { sleep } from '../call/retry.ts'
import { SwitchyardError } from '../errors.ts'
import { createExplored, type Explored } from '../learn/explored.ts'
import { createMemoryStore } from '../log/memory.ts'
import { PRIORS_ALONE } from '../route/guard.ts'
import type { Candidate, Estimator, Planner, Transport } from '../spec.ts'
import { dialects } from '../wire/index.ts'
import { answer } from './answer.ts'
import type { Deps } from './deps.ts'
import type { World } from './world.ts'

const clock = { now: () => 1_700_000_000_000, monotonic: () => performance.now() }
const encode = (text: string) => new TextEncoder().encode(text)
/** USD per token of output, and of an answer: each is one token long. */
const PRICES = [1, 2, 4]

const candidates = PRICES.map(
  (price, m): Candidate => ({
    id: `m${m}`,
    provider: 'p',
    model: `m${m}`,
    wire: 'openai',
    price: { inputPerMTok: 0, outputPerMTok: price * 1e6 },
    contextWindow: 10_000,
    capabilities: new Set(),
    tags: [],
    priors: { quality: 0.5, outputTokens: 1 },
  }),
)
const estimator: Estimator = {
  name: 'even',
  estimate: (_query, { length }) => ({
    quality: new Float64Array(length).fill(0.5),
    qualityStd: new Float64Array(length),
    outputTokens: new Float64Array(length).fill(1),
    support: 1,
  }),
}
/** Asks all, and takes the last. */
const planner: Planner = {
  name: 'onward',
  plan: (_query, { length }) => ({
    kind: 'cascade',
    arm: 0,
    alternates: Array.from({ length: length - 1 }, (_, k) => k + 1),
    propensity: 1,
    chances: Array.from({ length }, (_, m) => (m === 0 ? 1 : 0)),
    explored: false,
    reason: 'm0 is asked first',
    maxLatencyMs: 60_000,
    judge: (answers, [next]) =>
      next === undefined
        ? { kind: 'accept', arm: answers.at(-1)!.arm, chance: 1, reason: 'it is the last' }
        : { kind: 'ask', arm: next, reason: 'there is another' },
  }),
}

const exploring: Planner = { ...planner, plan: (...given) => ({ ...planner.plan(...given), explored: true }) }

interface Given {
  /** The log takes no decision. */
  readonly broken?: boolean
  readonly required?: boolean
  readonly maxCostUsd?: number
  /** The first model says nothing. */
  readonly silent?: boolean
  /** The request explores, as is told here, and its key has a budget that is spent. */
  readonly explored?: Explored
}

async function ask({ broken = false, required = true, maxCostUsd, silent = false, explored }: Given) {
  const asked: string[] = []
  const left: string[] = []
  const transport: Transport = async ({ body, signal }) => {
    const { model } = JSON.parse(new TextDecoder().decode(body))
    asked.push(model)
    if (silent) {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          left.push(model)
          reject(signal.reason)
        })
      })
    }
    const choices = [{ index: 0, message: { role: 'assistant', content: model }, finish_reason: 'stop' }]
    const usage = { prompt_tokens: 0, completion_tokens: 1, total_tokens: 1 }
    const reply = encode(JSON.stringify({ id: 'c', model, choices, usage }))
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: (async function* () {
        yield reply
      })(),
    }
  }
  const provider = providerOf(transport)
  const route = {
    name: 'auto',
    levels: { best: 0, auto: 1, cheap: 2 },
    lambda: 1,
    candidates,
    limits: maxCostUsd === undefined ? {} : { maxCostUsd },
    exploration: {},
    policy: { estimator, planner: explored ? exploring : planner, guard: PRIORS_ALONE, candidates: [] },
    policyId: null,
    canary: null,
  }
  const world: World = {
    generation: 1,
    providers: new Map([['p', provider]]),
    routes: new Map([['auto', route]]),
    names: { routes: [route], candidates, patterns: [] },
    unlisted: () => candidates[0]!,
    keys: [],
    maxBodyBytes: 10_000,
    log: { text: false, required },
  }
  const memory = createMemoryStore()
  const store = broken
    ? { ...memory, append: () => Promise.reject(new SwitchyardError('log_failed', 'The disk is full.')) }
    : memory
  const gate = createGate(10)
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const learning = { notice() {}, reserveExplored: explored?.reserve }
  const allowances = { reserve: () => Promise.reject(new SwitchyardError('budget_exceeded', 'Nothing is left.')) }
  const deps = {
    ...{
      store,
      clock,
      sleep,
      gate,
      logger,
      learning,
      allowances,
      embedding: null,
      salt: 's',
      sha256: (text: string) => text,
    },
    ...{ world: () => world, random: () => 0.5, breakers: createBreakers(clock), health: createHealth(clock) },
  } as unknown as Deps
  const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hi' }] })
  const request = new Request('http://gateway/v1/chat/completions', { method: 'POST', body })
  const principal = explored ? { ...ANONYMOUS, usdPerDay: 9 } : ANONYMOUS
  const incoming = { request, requestId: 'r', principal, headers: {} }
  const response = await answer(deps, dialects.openai, incoming)
  const text = await response.text()
  await new Promise((done) => setTimeout(done, 20))
  return { response, text, asked, left, inFlight: gate.inFlight, store: memory }
}

const header = (response: Response, name: string) => response.headers.get(`x-switchyard-${name}`)

it('a cascade sends its last answer, with who gave it, how many were asked and what that came to', async () => {
  const { response, text, asked, store, inFlight } = await ask({})
  expect(asked).toEqual(['m0', 'm1', 'm2'])
  expect(JSON.parse(text).choices[0].message.content).toBe('m2')
  expect(['model', 'steps', 'cost-usd'].map((name) => header(response, name))).toEqual(['m2', '3', '7.000000000'])
  const record = await store.decision(header(response, 'decision')!)
  expect(record).toMatchObject({
    decision: { candidate: 'm0', alternates: ['m1', 'm2'], considered: { cascade: true } },
    attempts: [{ costUsd: 1 }, { costUsd: 2 }, { costUsd: 4 }],
    outcome: { status: 'ok', candidate: 'm2', costUsd: 7, attempts: 3, usage: { output: 1 } },
  })
  expect(inFlight).toBe(0)
})

it("keeps to the route's limit with all of its steps together", async () => {
  expect((await ask({ maxCostUsd: 6 })).asked).toEqual(['m0', 'm1'])
})

it('asks nobody else where the decision cannot be logged and must be', async () => {
  const { response, asked, inFlight } = await ask({ broken: true })
  expect(response.status).toBe(503)
  expect(header(response, 'decision')).toBeNull()
  expect(asked.length).toBeLessThan(2)
  expect(inFlight).toBe(0)
})

it('lets go of whoever is being asked then', async () => {
  const { response, asked, left } = await ask({ broken: true, silent: true })
  expect(response.status).toBe(503)
  expect(left).toEqual(asked)
})

it('serves all the same where the log may fail, and names no decision', async () => {
  const { response, asked } = await ask({ broken: true, required: false })
  expect(asked).toEqual(['m0', 'm1', 'm2'])
  expect(header(response, 'decision')).toBeNull()
  expect(['model', 'steps', 'cost-usd'].map((name) => header(response, name))).toEqual(['m2', '3', '7.000000000'])
})

it('sets nothing aside any more for an explored request whose key has no money left', async () => {
  const explored = createExplored({ explored: async () => new Map() }, clock.now)
  await explored.refresh()
  await expect(ask({ explored })).rejects.toMatchObject({ code: 'budget_exceeded' })
  expect(explored.usd('auto')).toBe(0)
})
