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

it('charges a cascade by its steps: the outcome costs all of them, and uses what the accepted answer used', async () => {
  const store = createMemoryStore()
  const clock = { now: () => 1000, monotonic: () => 0 }
  const decision = sampleDecision('d1')
  await store.append([{ table: 'decisions', row: decision }])
  const costs: (number | null)[] = []
  const deps = { store, clock } as unknown as Deps
  const account = openAccount(deps, decision, { started: 0, onSettled: (cost) => costs.push(cost) })
  account.logged = true
  expect(account.steps).toBeNull()
  account.attempt(sampleAttempt('d1'))
  account.charge({ status: 'ok', candidate, usage, outputChars: 4 })
  account.note('The second is asked.')
  expect(account.steps).toMatchObject({ asked: 1, costUsd: 21 })
  // Every call counts its tries from nought.
  account.attempt(sampleAttempt('d1', { error: 'upstream_unreachable', candidate: 'n', costUsd: null }))
  account.attempt(sampleAttempt('d1', { index: 1, error: 'upstream_truncated', candidate: 'n' }))
  account.charge({ status: 'upstream_truncated', candidate, usage: null, outputChars: 40 })
  account.note('It gave no answer.')
  account.note('The first is accepted.')
  expect(account.steps).toMatchObject({ asked: 2, costUsd: 21 + INPUT + 10, last: { outputChars: 40 } })
  account.settle({ status: 'ok', candidate, usage, outputChars: 4, ttftMs: 5, finish: null })
  await new Promise((done) => setTimeout(done, 0))
  const { attempts, outcome } = (await store.decision('d1'))!
  expect(outcome).toMatchObject({ usage, usageSource: 'provider', costUsd: 21 + INPUT + 10, attempts: 3 })
  expect(costs).toEqual([21 + INPUT + 10])
  expect(attempts.map(({ index, costUsd, verdict }) => ({ index, costUsd, verdict }))).toEqual([
    { index: 0, costUsd: 21, verdict: 'The second is asked.' },
    { index: 1, costUsd: null, verdict: undefined },
    { index: 2, costUsd: INPUT + 10, verdict: 'It gave no answer. The first is accepted.' },
  ])
})

it('a step of unknown price makes the total unknown', async () => {
  const { cost } = await settleSteps(candidate, { ...candidate, price: null })
  expect(cost).toBeNull()
  expect((await settleSteps(candidate, candidate)).cost).toBe(42)
})

/** One step each. */
async function settleSteps(...candidates: Candidate[]) {
  let cost: number | null = -1
  const clock = { now: () => 1000, monotonic: () => 0 }
  const deps = { store: createMemoryStore(), clock } as unknown as Deps
  const onSettled = (usd: number | null) => {
    cost = usd
  }
  const account = openAccount(deps, sampleDecision('d1'), { started: 0, onSettled })
  for (const one of candidates) {
    account.attempt(sampleAttempt('d1'))
    account.charge({ status: 'ok', candidate: one, usage, outputChars: 0 })
  }
  account.settle({ status: 'ok', candidate, usage, outputChars: 0, ttftMs: null, finish: null })
  return { cost }
}
