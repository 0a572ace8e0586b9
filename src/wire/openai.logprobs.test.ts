import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerOf, readParts } from '../../test/streams.ts'
import type { Candidate } from '../spec.ts'
import { anthropic } from './anthropic.ts'
import { buildExchange, readBody } from './index.ts'
import { lowLogprob, withLogprobs, withoutLogprobs } from './openai.logprobs.ts'
import { openai } from './openai.ts'

const read = (name: string) =>
  new Uint8Array(readFileSync(join(import.meta.dirname, 'fixtures', `openai.logprobs.${name}`)))
const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const whole = read('json')
const stream = read('sse')
const TEXT = 'Say: {"logprobs": {}} \\" in東京.'
/** Of thirteen tokens one may be lower: −2.61 is, −1.75 is the answer's. */
const LOW = -1.7541203

describe('one number for an answer', () => {
  it('is the lowest tenth by nearest rank', () => {
    expect(lowLogprob([])).toBeNull()
    expect(lowLogprob([-0.2])).toBe(-0.2)
    const tokens = (count: number) => Array.from({ length: count }, (_, i) => -i)
    expect([10, 11, 20, 21, 100].map((count) => lowLogprob(tokens(count)))).toEqual([-9, -9, -18, -18, -90])
  })

  it('is read from a whole answer', () => {
    expect(openai.readReply(whole)).toMatchObject({ logprob: LOW, finish: { raw: 'stop' }, usage: { output: 13 } })
    expect(openai.decodeReply(whole).text).toBe(TEXT)
  })

  it('is read from a stream, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 5 }), (offsets) => {
        const at = [0, ...offsets.sort((a, b) => a - b), stream.length]
        const reader = openai.streamReader()
        const parts = readParts(
          reader,
          at.slice(1).map((end, i) => stream.subarray(at[i], end)),
        )
        expect(answerOf(parts)).toMatchObject({ text: TEXT, finish: { raw: 'stop' } })
        expect(reader.logprob).toBe(LOW)
      }),
      { numRuns: 30 },
    )
  })

  it('is not known of answers without, or with what makes no sense', () => {
    const reply = JSON.parse(decode(whole))
    const logprobOf = (logprobs: unknown) =>
      openai.readReply(encode(JSON.stringify({ ...reply, choices: [{ ...reply.choices[0], logprobs }] }))).logprob
    for (const none of [undefined, null, {}, { content: null }, { content: [] }, { content: [{}, null, 'a'] }, 'x'])
      expect(logprobOf(none)).toBeNull()
    expect(logprobOf({ content: null, refusal: [{ token: 'No', logprob: -1 }] })).toBeNull()
    expect(logprobOf({ content: [{ logprob: 'high' }, { logprob: 2 }, { logprob: -9999 }, { logprob: -0.1 }] })).toBe(
      -9999,
    )
    const huge = decode(whole).replaceAll(/"logprob": [^,]+,/gu, '"logprob": -1e999,')
    expect(openai.readReply(encode(huge)).logprob).toBeNull()
    expect(openai.streamReader().logprob).toBeNull()
    expect(anthropic.streamReader().logprob).toBeNull()
  })
})

describe('log-probabilities that nobody asked for', () => {
  it('leave a whole answer with every other byte as it was', () => {
    const text = decode(whole)
    const from = text.indexOf('"logprobs": {\n')
    const to = text.indexOf(',\n      "finish_reason"')
    expect(decode(withoutLogprobs(whole))).toBe(`${text.slice(0, from)}"logprobs": null${text.slice(to)}`)
    expect(openai.readReply(withoutLogprobs(whole)).logprob).toBeNull()
  })

  it('leave a stream as it is where nobody asks', () => {
    const events = decode(stream).split('\n\n')
    const bare = events.map((event) => {
      if (!event.startsWith('data: {')) return event
      const { choices, ...rest } = JSON.parse(event.slice(6))
      return { ...rest, choices: choices.map((choice: object) => ({ ...choice, logprobs: null })) }
    })
    const stripped = decode(withoutLogprobs(stream)).split('\n\n')
    expect(stripped.map((event) => (event.startsWith('data: {') ? JSON.parse(event.slice(6)) : event))).toEqual(bare)
    expect(decode(withoutLogprobs(stream))).not.toContain('"token"')
  })

  it('are told from the words of the answer, whatever these are', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('"logprobs":{}', '\\', '{', '}', '"logprobs"', '\\"logprobs": {'),
    )
    const token = fc.record({
      token: word,
      logprob: fc.constant(-1),
      bytes: fc.constant(null),
      top_logprobs: fc.constant([]),
    })
    fc.assert(
      fc.property(word, fc.array(token), fc.nat(3), (content, tokens, indent) => {
        const reply = (logprobs: unknown) => ({
          choices: [
            {
              message: { content, tool_calls: [{ function: { arguments: JSON.stringify({ logprobs: {} }) } }] },
              logprobs,
            },
          ],
          last: content,
        })
        const bytes = (value: unknown) => encode(JSON.stringify(value, null, indent))
        expect(withoutLogprobs(bytes(reply({ content: tokens })))).toEqual(bytes(reply(null)))
        expect(withoutLogprobs(bytes(reply(null)))).toEqual(bytes(reply(null)))
      }),
    )
  })

  it('are left where the bytes break off', () => {
    const cut = whole.subarray(0, 900)
    expect(withoutLogprobs(cut)).toBe(cut)
  })
})

describe('asking for them', () => {
  const RAW = '\n { "model" : "auto", "messages":[{"role":"user","content":"Hi"}], "x_new":[1.0] }'
  const candidate: Candidate = {
    id: 'c',
    provider: 'p',
    model: 'gpt',
    wire: 'openai',
    price: null,
    contextWindow: 1000,
    capabilities: new Set(['logprobs']),
    tags: [],
  }
  const build = (raw: string, to: Partial<Candidate> = {}, client: 'openai' | 'anthropic' = 'openai') =>
    buildExchange(client, readBody(encode(raw)), { ...candidate, ...to }, {}, { logprobs: true })

  it('adds one member to the client’s bytes', () => {
    const { body, added } = build(RAW)
    expect(decode(body)).toBe(RAW.replace('{', '{"logprobs":true,').replace('"auto"', '"gpt"'))
    expect(decode(added!.without)).toBe(RAW.replace('"auto"', '"gpt"'))
    expect(added!.strip(whole)).toEqual(withoutLogprobs(whole))
    expect(JSON.parse(decode(withLogprobs(encode('{"a":1}'))))).toEqual({ logprobs: true, a: 1 })
  })

  it('of an Anthropic client’s request, once it is translated', () => {
    const { body, added } = build(
      '{"model":"auto","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}',
      {},
      'anthropic',
    )
    const asked = JSON.parse(decode(body))
    expect(asked).toMatchObject({ model: 'gpt', logprobs: true })
    expect(JSON.parse(decode(added!.without))).toEqual({ ...asked, logprobs: undefined })
  })

  it('not of who is not able, nor where the client has its own say, nor unless told to', () => {
    const plain = decode(build(RAW).added!.without)
    expect(build(RAW, { capabilities: new Set() })).toMatchObject({ body: encode(plain) })
    expect(build(RAW, { capabilities: new Set() })).not.toHaveProperty('added')
    expect(build(RAW, { wire: 'anthropic' })).not.toHaveProperty('added')
    for (const own of ['true', 'false', 'null']) {
      const raw = `{"model":"gpt","messages":[],"logprobs":${own}}`
      expect(decode(build(raw).body)).toBe(raw)
      expect(build(raw)).not.toHaveProperty('added')
    }
    expect(build('{"model":"gpt","messages":[],"\\u006cogprobs":true}')).not.toHaveProperty('added')
    // Refused alone, and so it stays.
    expect(build('{"model":"gpt","messages":[],"top_logprobs":2}')).not.toHaveProperty('added')
    expect(buildExchange('openai', readBody(encode(RAW)), candidate, {})).not.toHaveProperty('added')
  })
})
