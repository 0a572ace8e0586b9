import { expect, it } from 'vitest'
import { sampleAttempt, sampleDecision } from '../log/contract.ts'
import { createMemoryStore } from '../log/memory.ts'
import type { Attempt, Candidate, Usage } from '../spec.ts'
import { openAccount, type Settlement } from './account.ts'
import type { Deps } from './deps.ts'

const candidate: Candidate = {
  id: 'm',
  provider: 'p',
  model: 'm',
  wire: 'openai',
  price: { inputPerMTok: 1e6, outputPerMTok: 1e6 },
  contextWindow: 1000,
  capabilities: new Set(),
  tags: [],
}
/** The sample's. */
const INPUT = 31
const usage: Usage = { input: 20, cachedInput: 0, cacheWrite: 0, output: 1, reasoning: 0 }
const left = { error: 'client_abort', status: null } as const

async function settle(settlement: Partial<Settlement>, attempt: Partial<Attempt> | null = {}, logged = true) {
  const store = createMemoryStore()
  const clock = { now: () => 1000, monotonic: () => 0 }
  const deps = { store, clock } as unknown as Deps
  const decision = sampleDecision('d1')
  await store.append([{ table: 'decisions', row: decision }])
  const costs: (number | null)[] = []
  const account = openAccount(deps, decision, { started: 0, onSettled: (cost) => costs.push(cost) })
  account.logged = logged
  if (attempt) account.attempt(sampleAttempt('d1', attempt))
  const whole = { status: 'ok', candidate, usage: null, outputChars: 0, ttftMs: null, finish: null, ...settlement }
  account.settle(whole as Settlement)
  account.settle({ ...whole, status: 'client_abort', usage } as Settlement)
  await new Promise((done) => setTimeout(done, 0))
  expect(costs).toHaveLength(1)
  return { cost: costs[0], outcome: (await store.decision('d1'))!.outcome }
}

it.each<[string, Partial<Settlement>, Partial<Attempt> | null, number | null, 'provider' | 'estimated' | null]>([
  ['a whole answer costs what the provider says', { usage }, {}, 21, 'provider'],
  ['also where it wrote more than it charges', { usage, outputChars: 400 }, {}, 21, 'provider'],
  ['without a word from it, by its length', { outputChars: 40 }, {}, INPUT + 10, 'estimated'],
  ['a failure costs nothing', { status: 'upstream_error' }, { error: 'upstream_error' }, null, null],
  ['a timeout neither', { status: 'timeout' }, { error: 'upstream_timeout' }, null, null],
  [
    'half an answer costs what was written',
    { status: 'upstream_truncated', usage, outputChars: 40 },
    {},
    30,
    'estimated',
  ],
  ['one that the client left too', { status: 'client_abort', usage, outputChars: 40 }, left, 30, 'estimated'],
  ['unless the provider counts more', { status: 'client_abort', usage, outputChars: 2 }, left, 21, 'provider'],
  ['left before a word came, it costs its prompt', { status: 'client_abort' }, left, INPUT, 'estimated'],
  ['left before anybody was asked, nothing', { status: 'client_abort' }, null, null, null],
  ['an unknown price is an unknown cost', { usage, candidate: { ...candidate, price: null } }, {}, null, 'provider'],
])('%s', async (_, settlement, attempt, cost, source) => {
  const settled = await settle(settlement, attempt)
  expect(settled.cost).toBe(cost)
  expect(settled.outcome).toMatchObject({ costUsd: cost, usageSource: source })
})

it('a decision that could not be logged costs all the same', async () => {
  expect(await settle({ usage }, {}, false)).toEqual({ cost: 21, outcome: null })
})
