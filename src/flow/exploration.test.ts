import { expect, it } from 'vitest'
import { ANONYMOUS } from '../admit/keys.ts'
import type { JsonObject } from '../spec.ts'
import { dialects } from '../wire/index.ts'
import type { Deps } from './deps.ts'
import { explorationOf } from './exploration.ts'
import type { Route } from './world.ts'

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
