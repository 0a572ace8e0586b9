import { expect, it } from 'vitest'
import { ANONYMOUS } from '../admit/keys.ts'
import { createExplored } from '../learn/explored.ts'
import { PRIORS_ALONE } from '../route/guard.ts'
import type { Candidate, JsonObject } from '../spec.ts'
import { dialects } from '../wire/index.ts'
import { choose } from './choose.ts'
import type { Deps } from './deps.ts'
import { explorationOf } from './exploration.ts'
import type { Route, World } from './world.ts'

function allowed(
  messages: readonly JsonObject[],
  { wire = 'openai' as 'openai' | 'anthropic', principal = ANONYMOUS, spent = 0, usdPerDay = 1 } = {},
) {
  const { turns } = dialects[wire].ask({ model: 'auto', max_tokens: 9, messages })
  const deps = { learning: { exploredUsd: () => spent } } as unknown as Pick<Deps, 'learning'>
  const route = { name: 'auto', exploration: { usdPerDay, maxLoss: 0.25 } } as unknown as Route
  return explorationOf(deps, route, { principal, turns }).allowed
}
const user: JsonObject = { role: 'user', content: 'Hi' }

it('may be explored but for keys that say no, and until the money of today is spent', () => {
  expect(allowed([user])).toBe(true)
  expect(allowed([user], { principal: { ...ANONYMOUS, exploration: false } })).toBe(false)
  expect(allowed([user], { spent: 0.99 })).toBe(true)
  expect(allowed([user], { spent: 1 })).toBe(false)
  expect(allowed([user], { spent: Number.POSITIVE_INFINITY })).toBe(false)
  expect(allowed([user], { usdPerDay: 0 })).toBe(false)
})

it('is not explored in a running tool loop: OpenAI, parallel tools, and a user who adds something', () => {
  const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })
  const calling = { role: 'assistant', content: null, tool_calls: [call('1'), call('2')] }
  const results = ['1', '2'].map((id) => ({ role: 'tool', tool_call_id: id, content: 'ok' }))
  expect(allowed([user, calling])).toBe(true)
  expect(allowed([user, calling, ...results])).toBe(false)
  expect(allowed([user, calling, ...results, user])).toBe(false)
  expect(allowed([user, calling, ...results, { role: 'system', content: 'Be brief.' }])).toBe(false)
  expect(allowed([user, calling, ...results, { role: 'assistant', content: 'Done.' }, user])).toBe(true)
})

it('is not explored in a running tool loop: Anthropic, parallel tools, and text beside the results', () => {
  const use = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} })
  const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' })
  const calling = { role: 'assistant', content: [use('1'), use('2')] }
  const wire = 'anthropic'
  expect(allowed([user, calling, { role: 'user', content: [result('1'), result('2')] }], { wire })).toBe(false)
  const beside = [result('1'), result('2'), { type: 'text', text: 'Go on.' }]
  expect(allowed([user, calling, { role: 'user', content: beside }], { wire })).toBe(false)
  const empty = { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1' }] }
  expect(allowed([user, calling, empty], { wire })).toBe(false)
  expect(allowed([user, calling, empty, { role: 'assistant', content: 'Done.' }, user], { wire })).toBe(true)
})

/** Two candidates that are equally good, of which it always explores the dear one where it may: an answer is one token long and costs a dollar. */
function eager(usdPerDay: number) {
  const candidates = [0, 1e6].map(
    (outputPerMTok, m): Candidate => ({
      id: `m${m}`,
      provider: 'p',
      model: `m${m}`,
      wire: 'openai',
      price: { inputPerMTok: 0, outputPerMTok },
      contextWindow: 1000,
      capabilities: new Set(),
      tags: [],
      priors: { quality: 0.5, outputTokens: 1 },
    }),
  )
  const estimate = {
    quality: Float64Array.of(0.5, 0.5),
    qualityStd: new Float64Array(2),
    outputTokens: Float64Array.of(1, 1),
    support: 1,
  }
  const online = { id: 'o', encode: () => new Float64Array(0), correct: () => estimate, lessons: 0 }
  const planner: Route['policy']['planner'] = {
    name: 'eager',
    plan(_query, _candidates, _priced, { exploration }) {
      const arm = exploration?.allowed ? 1 : 0
      const chances = [1 - arm, arm]
      return { kind: 'single', arm, alternates: [], propensity: 1, chances, explored: arm === 1, reason: '' }
    },
  }
  const route: Route = {
    name: 'auto',
    levels: { best: 0, auto: 0, cheap: 0 },
    lambda: 0,
    candidates,
    limits: {},
    exploration: { usdPerDay },
    policy: {
      estimator: { name: 'even', estimate: () => estimate },
      planner,
      online,
      guard: PRIORS_ALONE,
      candidates: [],
    },
    policyId: null,
    canary: null,
  }
  return {
    routes: new Map([['auto', route]]),
    names: { routes: [route], candidates, patterns: [] },
  } as unknown as World
}

it('counts what is under way: many at once do not pass the money of the day', async () => {
  const explored = createExplored({ explored: async () => new Map() }, () => 0)
  await explored.refresh()
  const learning = { exploredUsd: explored.usd, reserveExplored: explored.reserve }
  // All wait for their vectors, and go on together.
  const embedding = { peek: () => undefined, embed: async () => ({ vector: null, reason: null }) }
  const deps = { learning, embedding, random: () => 0.5 } as unknown as Deps
  const world = eager(3)
  const ask = dialects.openai.ask({ model: 'auto', messages: [user] })
  const drawn = async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, () => choose(deps, world, ask, { principal: ANONYMOUS, headers: {} })),
    )
    return all.flatMap(({ exploring }) => exploring ?? [])
  }
  const first = await drawn()
  expect(first).toHaveLength(3)
  // They come to less: there is money for two more, and one that may go beyond.
  for (const exploring of first) exploring.settle(0.25)
  expect(explored.usd('auto')).toBe(0.75)
  expect(await drawn()).toHaveLength(3)
})
