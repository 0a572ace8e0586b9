import { describe, expect, it } from 'vitest'
import { refusal } from '../../test/wire.ts'
import type { Candidate } from '../spec.ts'
import { buildExchange, readBody, renderModel, renderModels } from './index.ts'
import { toolId } from './toolId.ts'

const candidate: Candidate = {
  id: 'c',
  provider: 'p',
  model: 'real-name',
  wire: 'openai',
  price: null,
  contextWindow: 1000,
  maxOutput: 50,
  capabilities: new Set(),
  tags: [],
}
const HEADERS = {
  accept: 'application/json',
  'user-agent': 'app/1',
  authorization: 'Bearer client-key',
  'x-api-key': 'client-key',
  cookie: 'c',
  'x-stainless-lang': 'js',
  'anthropic-version': '2026-10-21',
  'anthropic-beta': 'b1',
  'openai-beta': 'b2',
}
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array) => new TextDecoder().decode(value)
const RAW =
  '{ "model" : "auto",\n "messages":[{"role":"user","content":"Hi"}], "stream":true, "max_tokens":1e2, "x_new":[1.0] }'

describe('buildExchange', () => {
  it('same dialect: the client’s bytes but for the model, and no header that is not on the list', () => {
    const exchange = buildExchange('openai', readBody(bytes(RAW)), candidate, HEADERS)
    expect(text(exchange.body)).toBe(RAW.replace('"auto"', '"real-name"'))
    expect(exchange.path).toBe('/chat/completions')
    expect(exchange.stream).toBe(true)
    expect(exchange.headers).toEqual({
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'app/1',
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'b1',
      'openai-beta': 'b2',
    })
  })

  it('other dialect: translated, with that dialect’s version and none of the client’s vendor headers', () => {
    const exchange = buildExchange('openai', readBody(bytes(RAW)), { ...candidate, wire: 'anthropic' }, HEADERS)
    expect(exchange.path).toBe('/messages')
    expect(exchange.headers).toEqual({
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'app/1',
      'anthropic-version': '2023-06-01',
    })
    expect(JSON.parse(text(exchange.body))).toEqual({
      model: 'real-name',
      max_tokens: 50,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      stream: true,
    })
  })

  it('reads the upstream’s dialect, whatever the client’s', () => {
    const exchange = buildExchange('anthropic', readBody(bytes(RAW)), candidate, {})
    const reply = { choices: [{ message: { content: 'x' }, finish_reason: 'length' }], usage: { prompt_tokens: 3 } }
    expect(exchange.readReply(bytes(JSON.stringify(reply)))).toMatchObject({
      usage: { input: 3 },
      finish: { unified: 'length', raw: 'length' },
    })
    expect(JSON.parse(text(exchange.body)).stream_options).toEqual({ include_usage: true })
  })

  it('keeps the version of an Anthropic client, and adds one where it is missing', () => {
    const anthropic = { ...candidate, wire: 'anthropic' } as const
    const version = (headers: Record<string, string>) =>
      buildExchange('anthropic', readBody(bytes(RAW)), anthropic, headers).headers['anthropic-version']
    expect(version(HEADERS)).toBe('2026-10-21')
    expect(version({})).toBe('2023-06-01')
  })

  it('refuses what a translation would lose', () => {
    const body = readBody(bytes('{"model":"auto","n":2,"messages":[{"role":"user","content":"Hi"}]}'))
    expect(refusal(() => buildExchange('openai', body, { ...candidate, wire: 'anthropic' }, {})).param).toBe('n')
    expect(() => buildExchange('openai', body, candidate, {})).not.toThrow()
  })
})

describe('renderModels', () => {
  const models = [
    { id: 'a', created: 1_700_000_000, contextWindow: 1000, maxOutput: 50 },
    { id: 'b', created: 1_700_000_001 },
  ]
  it('OpenAI', () => {
    expect(renderModels(models, 'openai')).toEqual({
      object: 'list',
      data: [
        { id: 'a', object: 'model', created: 1_700_000_000, owned_by: 'switchyard' },
        { id: 'b', object: 'model', created: 1_700_000_001, owned_by: 'switchyard' },
      ],
    })
  })
  it('Anthropic', () => {
    expect(renderModels(models, 'anthropic')).toMatchObject({ has_more: false, first_id: 'a', last_id: 'b' })
    expect(renderModels([], 'anthropic')).toEqual({ data: [], has_more: false, first_id: null, last_id: null })
    expect(renderModel(models[0]!, 'anthropic')).toMatchObject({
      type: 'model',
      id: 'a',
      display_name: 'a',
      created_at: '2023-11-14T22:13:20Z',
      max_input_tokens: 1000,
      max_tokens: 50,
    })
    expect(renderModel(models[1]!, 'anthropic')).toMatchObject({ max_input_tokens: null, max_tokens: null })
  })
})

describe('toolId', () => {
  it.each(['call_1', 'toolu_01A09q90qw90lq917835lq9', 'a-B_9'])('leaves %s', (id) => {
    expect(toolId(id)).toBe(id)
  })
  it.each(['', 'a.b', 'é', 'functions.get:0', 'x'.repeat(41)])('maps %j once and for all', (id) => {
    expect(toolId(id)).toMatch(/^[a-zA-Z0-9_-]{1,40}$/)
    expect(toolId(toolId(id))).toBe(toolId(id))
  })
  it('keeps ids apart that differ only in what is replaced or cut', () => {
    expect(new Set(['a.b', 'a:b', 'a_b', `${'x'.repeat(50)}1`, `${'x'.repeat(50)}2`].map(toolId)).size).toBe(5)
  })
})
