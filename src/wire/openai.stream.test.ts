import { describe, expect, it } from 'vitest'
import { answerOf, events, fixture, readParts } from '../../test/streams.ts'
import type { StreamPart } from '../spec.ts'
import { openaiStreamReader, openaiStreamWriter } from './openai.stream.ts'

const chunk = (delta: object, finish: string | null = null, index = 0) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index, delta, logprobs: null, finish_reason: finish }],
})
const tool = (call: object) => chunk({ tool_calls: [call] })
const read = (...data: readonly (object | string)[]) => readParts(openaiStreamReader(), [events(...data)])

describe('reading a chat completion stream', () => {
  it('reads text, usage after the finish reason, and the beginning', () => {
    const parts = readParts(openaiStreamReader(), [fixture('openai.text')])
    expect(parts[0]).toEqual({
      type: 'start',
      id: 'chatcmpl-CzQ1rXb0mVn3aTq8',
      model: 'gpt-4.1-mini-2025-04-14',
      inputTokens: null,
    })
    expect(answerOf(parts)).toMatchObject({
      text: 'Grüße aus 東京: 🙂 "quoted" back\\slash\nline.',
      finish: { unified: 'stop', raw: 'stop' },
      usage: { input: 1321, cachedInput: 1024, cacheWrite: 0, output: 14, reasoning: 0 },
      error: null,
    })
  })

  it('reads parallel tool calls', () => {
    expect(answerOf(readParts(openaiStreamReader(), [fixture('openai.tools')]))).toMatchObject({
      text: '',
      tools: [
        { id: 'call_9nUjQ3', name: 'get_weather', arguments: '{"city": "Paris", "unit": "°C"}' },
        { id: 'call_Zk0sd1', name: 'get_time', arguments: '{"zone": "Europe/Paris"}' },
      ],
      finish: { unified: 'tool_calls', raw: 'tool_calls' },
    })
  })

  it('reads a refusal, which is reported as a stop, as a refusal', () => {
    expect(answerOf(readParts(openaiStreamReader(), [fixture('openai.refusal')]))).toMatchObject({
      text: '',
      refusal: "I'm sorry, I can't help with that.",
      finish: { unified: 'refusal', raw: 'stop' },
    })
  })

  it('reads the reasoning of compatible servers, and usage on the finish chunk', () => {
    expect(answerOf(readParts(openaiStreamReader(), [fixture('openai.reasoning')]))).toMatchObject({
      text: 'The answer is 4.',
      reasoning: 'Two plus two is four.',
      usage: { input: 14, output: 21, reasoning: 9 },
    })
    const both = chunk({ reasoning: 'once', reasoning_content: 'once' })
    expect(answerOf(read(both, chunk({}, 'stop'))).reasoning).toBe('once')
  })

  it('reports a forced tool, which is reported as a stop, as tool calls', () => {
    const call = tool({ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } })
    expect(answerOf(read(call, chunk({}, 'stop'), '[DONE]')).finish).toEqual({ unified: 'tool_calls', raw: 'stop' })
  })

  it('keeps parallel calls apart that come with one index or none', () => {
    for (const index of [{ index: 0 }, {}]) {
      const answer = answerOf(
        read(
          tool({ ...index, id: 'call_a', function: { name: 'f', arguments: '{"a"' } }),
          tool({ ...index, id: 'call_a', function: { arguments: ':1}' } }),
          tool({ ...index, id: 'call_b', function: { name: 'g', arguments: '{}' } }),
          chunk({}, 'tool_calls'),
        ),
      )
      expect(answer.tools).toEqual([
        { id: 'call_a', name: 'f', arguments: '{"a":1}' },
        { id: 'call_b', name: 'g', arguments: '{}' },
      ])
    }
  })

  it('gives {} to a call without arguments', () => {
    const call = tool({ index: 0, id: 'call_1', function: { name: 'f', arguments: '' } })
    expect(answerOf(read(call, chunk({}, 'tool_calls'))).tools[0]?.arguments).toBe('{}')
  })

  it('is complete without [DONE] once a finish reason came, and not before every choice has one', () => {
    const reader = openaiStreamReader()
    const parts = reader.push(events(chunk({ content: 'a' }), chunk({ content: 'b' }, null, 1)))
    expect(answerOf(parts).text).toBe('a')
    reader.push(events(chunk({}, 'stop')))
    expect(reader.finish).toBeNull()
    reader.push(events(chunk({}, 'length', 1)))
    expect(reader.progress).toBe('output')
    expect(reader.finish).toEqual({ unified: 'stop', raw: 'stop' })
    expect(answerOf(reader.end())).toMatchObject({ finish: { unified: 'stop' }, error: null })
    expect(reader.progress).toBe('finished')
  })

  it('takes [DONE] without a finish reason for a truncated answer', () => {
    expect(answerOf(read(chunk({ content: 'a' }), '[DONE]'))).toMatchObject({
      text: 'a',
      finish: null,
      error: 'upstream_truncated',
    })
  })

  it('yields nothing after a finish or an error', () => {
    const reader = openaiStreamReader()
    const late = events(chunk({ content: 'late' }), '{broken')
    expect(reader.push(events(chunk({ content: 'a' }, 'stop'), '[DONE]', chunk({ content: 'late' })))).toHaveLength(3)
    expect([reader.push(late), reader.end()]).toEqual([[], []])
    const counted = openaiStreamReader()
    const count = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }
    counted.push(events(chunk({ content: 'a' }, 'stop'), '[DONE]', count))
    expect(counted.usage).toBeNull()
    const failed = openaiStreamReader()
    expect(failed.push(events('{broken', chunk({ content: 'late' })))).toEqual([
      { type: 'error', code: 'upstream_malformed', message: expect.any(String) },
    ])
    expect([failed.push(late), failed.end(), failed.progress]).toEqual([[], [], 'failed'])
  })

  it.each([
    [{ error: { message: 'boom', type: 'server_error', param: null, code: null } }, 'server_error', 'boom'],
    [
      { error: { message: 'slow down', type: 'tokens', code: 'rate_limit_exceeded' } },
      'rate_limit_exceeded',
      'slow down',
    ],
    [{ error: { message: 'down', code: 503 } }, '503', 'down'],
    [{ error: 'boom' }, 'upstream_error', 'boom'],
  ])('takes %j in the stream for an error', (event, code, message) => {
    expect(read(chunk({ content: 'a' }), event, chunk({}, 'stop')).at(-1)).toEqual({ type: 'error', code, message })
  })

  it('waits for content before it calls the stream visible, and knows content it has no part for', () => {
    const reader = openaiStreamReader()
    reader.push(events(chunk({ role: 'assistant', content: '', refusal: null }), { choices: [] }))
    expect(reader.progress).toBe('pending')
    reader.push(events(chunk({ audio: { data: 'AAAA' } })))
    expect(reader.progress).toBe('output')
  })
})

const options = { model: 'auto', created: 1790000000, id: 'abc', includeUsage: false, inputTokens: 9 }
const usage = { input: 10, cachedInput: 4, cacheWrite: 1, output: 3, reasoning: 2 }
const finish: StreamPart = { type: 'finish', finish: { unified: 'stop', raw: 'end_turn' }, usage }

function write(parts: readonly StreamPart[], includeUsage = false) {
  const writer = openaiStreamWriter({ ...options, includeUsage })
  return parts
    .map((part) => writer.write(part))
    .join('')
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => frame.replace(/^data: /, ''))
}

describe('writing a chat completion stream', () => {
  const start: StreamPart = { type: 'start', id: 'msg_1', model: 'm', inputTokens: 10 }
  const text: StreamPart = { type: 'text', text: 'Hi' }

  it('names the role once and first, and ends with an empty delta and [DONE]', () => {
    const frames = write([start, text, text, finish])
    expect(frames.at(-1)).toBe('[DONE]')
    const chunks = frames.slice(0, -1).map((frame) => JSON.parse(frame))
    expect(chunks[0]).toEqual({
      id: 'chatcmpl-abc',
      object: 'chat.completion.chunk',
      created: 1790000000,
      model: 'auto',
      system_fingerprint: null,
      choices: [
        { index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null },
      ],
    })
    expect(chunks.map((one) => one.choices[0].delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'Hi' },
      { content: 'Hi' },
      {},
    ])
    expect(chunks.at(-1).choices[0].finish_reason).toBe('stop')
  })

  it('sends usage only if asked, in a chunk of its own, and null on all others', () => {
    expect(write([text, finish]).some((frame) => frame.includes('"usage"'))).toBe(false)
    const chunks = write([text, finish], true)
      .slice(0, -1)
      .map((frame) => JSON.parse(frame))
    expect(chunks.slice(0, -1).map((one) => one.usage)).toEqual([null, null, null])
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13, prompt_tokens_details: { cached_tokens: 4 } },
    })
  })

  it('never ends an answer that failed', () => {
    const frames = write([text, { type: 'error', code: 'overloaded_error', message: 'Overloaded' }, text, finish])
    expect(JSON.parse(frames.at(-1)!)).toEqual({
      error: { message: 'Overloaded', type: 'server_error', param: null, code: 'upstream_overloaded' },
    })
    expect(frames.join()).not.toMatch(/DONE|"finish_reason":"/)
  })

  it('sends id, type and name once per call, the index always', () => {
    const chunks = write([
      { type: 'tool_start', index: 3, id: 'toolu_1', name: 'f' },
      { type: 'tool_start', index: 3, id: 'toolu_1', name: 'f' },
      { type: 'tool_arguments', index: 3, json: '{}' },
      { type: 'tool_start', index: 5, id: 'toolu_2', name: 'g' },
      { type: 'tool_arguments', index: 5, json: '{}' },
      { type: 'tool_arguments', index: 7, json: '{}' },
      { type: 'finish', finish: { unified: 'tool_calls', raw: 'tool_use' }, usage: null },
    ])
    const calls = chunks.slice(0, -1).flatMap((frame) => JSON.parse(frame).choices[0].delta.tool_calls ?? [])
    expect(calls).toEqual([
      { index: 0, id: 'toolu_1', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 0, function: { arguments: '{}' } },
      { index: 1, id: 'toolu_2', type: 'function', function: { name: 'g', arguments: '' } },
      { index: 1, function: { arguments: '{}' } },
    ])
  })
})
