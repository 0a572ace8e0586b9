import { describe, expect, it } from 'vitest'
import { ANTHROPIC_ANSWERS, answerOf, events, fixture, readParts } from '../../test/streams.ts'
import type { StreamPart } from '../spec.ts'
import { anthropicStreamReader, anthropicStreamWriter } from './anthropic.stream.ts'

const message = (usage: object) => ({ type: 'message_start', message: { id: 'msg_1', model: 'm', content: [], usage } })
const blockStart = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block })
const delta = (index: number, delta: object) => ({ type: 'content_block_delta', index, delta })
const blockStop = (index: number) => ({ type: 'content_block_stop', index })
const ending = (usage: object) => [
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
  { type: 'message_stop' },
]
const read = (...data: readonly (object | string)[]) => readParts(anthropicStreamReader(), [events(...data)])

describe('reading a message stream', () => {
  it('reads text, with cached tokens among the input', () => {
    const parts = readParts(anthropicStreamReader(), [fixture('anthropic.text')])
    expect(parts[0]).toEqual({
      type: 'start',
      id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
      model: 'claude-sonnet-5',
      inputTokens: 1337,
    })
    expect(answerOf(parts)).toMatchObject({
      text: 'Grüße aus 東京: 🙂 "quoted" back\\slash\ndone.',
      finish: { unified: 'stop', raw: 'end_turn' },
      usage: { input: 1337, cachedInput: 1024, cacheWrite: 16, output: 24, reasoning: 0 },
      error: null,
    })
  })

  it('numbers tool calls by themselves: text and thinking take block indexes too', () => {
    const parts = readParts(anthropicStreamReader(), [fixture('anthropic.tools')])
    expect(parts.flatMap((part) => ('index' in part ? [part.index] : []))).toEqual([0, 0, 0, 0, 1, 1, 1])
    expect(answerOf(parts)).toMatchObject({
      text: 'I will look both up.',
      tools: [
        { id: 'toolu_01T1x8fJ34qAma2tNTrN7Up6', name: 'get_weather', arguments: '{"city": "Paris", "unit": "°C"}' },
        { id: 'toolu_01VhRq', name: 'get_time', arguments: '{"zone": "Europe/Paris"}' },
      ],
      finish: { unified: 'tool_calls', raw: 'tool_use' },
    })
  })

  it('does not put the empty input of the block start before the arguments', () => {
    const { tools } = answerOf(readParts(anthropicStreamReader(), [fixture('anthropic.tools')]))
    for (const tool of tools) expect(tool.arguments).not.toMatch(/^\{\}/)
  })

  it('gives {} to a call without arguments, and the block start its input where nothing else comes', () => {
    expect(answerOf(readParts(anthropicStreamReader(), [fixture('anthropic.noargs')])).tools).toEqual([
      { id: 'toolu_01NoArgs', name: 'list_files', arguments: '{}' },
    ])
    const whole = blockStart(0, { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } })
    expect(answerOf(read(message({}), whole, blockStop(0), ...ending({}))).tools[0]?.arguments).toBe('{"a":1}')
  })

  it('joins text blocks and keeps thinking, signature and redacted thinking out of them', () => {
    const parts = readParts(anthropicStreamReader(), [fixture('anthropic.thinking')])
    expect(answerOf(parts)).toMatchObject({
      text: 'The answer is 4. Sure.',
      reasoning: 'Two plus two is four.',
      usage: { output: 33, reasoning: 18 },
    })
    expect(parts.filter((part) => part.type === 'reasoning_signature')).toEqual([
      { type: 'reasoning_signature', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk=' },
    ])
  })

  it('ignores what the tools of the vendor itself are called with', () => {
    const parts = read(
      message({}),
      blockStart(0, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      delta(0, { type: 'input_json_delta', partial_json: '{"query":"x"}' }),
      blockStop(0),
      ...ending({ output_tokens: 1 }),
    )
    expect(parts.map((part) => part.type)).toEqual(['start', 'finish'])
  })

  it('reads a refusal with its explanation', () => {
    expect(answerOf(readParts(anthropicStreamReader(), [fixture('anthropic.refusal')]))).toMatchObject({
      refusal: 'This request was declined.',
      finish: { unified: 'refusal', raw: 'refusal' },
    })
  })

  it('overwrites counts, never adds them, and keeps those that are missing or null later', () => {
    const start = message({ input_tokens: 100, output_tokens: 7, cache_read_input_tokens: 0 })
    const usageOf = (usage: object) => answerOf(read(start, ...ending(usage))).usage
    expect(usageOf({ output_tokens: 9 })).toMatchObject({ input: 100, output: 9 })
    expect(usageOf({ output_tokens: 9, input_tokens: null })).toMatchObject({ input: 100, output: 9 })
    // Cache reads that are named only at the end, together with the rest of the input.
    expect(usageOf({ output_tokens: 9, input_tokens: 20, cache_read_input_tokens: 80 })).toMatchObject({
      input: 100,
      cachedInput: 80,
      output: 9,
    })
  })

  it('begins once, whatever number of message_start comes', () => {
    const start = message({ input_tokens: 5 })
    expect(read(start, start, ...ending({ output_tokens: 1 })).map((part) => part.type)).toEqual(['start', 'finish'])
  })

  it('is complete at message_stop and not before', () => {
    const reader = anthropicStreamReader()
    reader.push(events(message({ input_tokens: 5, output_tokens: 1 }), ending({ output_tokens: 2 })[0]!))
    expect(reader.finish).toBeNull()
    expect(answerOf(reader.end()).error).toBe('upstream_truncated')
    expect(reader.progress).toBe('failed')
    expect(reader.usage).toMatchObject({ input: 5, output: 2 })
  })

  it('reads an error event by its type', () => {
    const parts = readParts(anthropicStreamReader(), [fixture('anthropic.error')])
    expect(parts.at(-1)).toEqual({ type: 'error', code: 'overloaded_error', message: 'Overloaded' })
    expect(answerOf(parts).finish).toBeNull()
  })

  it('waits through pings and empty blocks before it calls the stream visible', () => {
    const reader = anthropicStreamReader()
    reader.push(events(message({}), blockStart(0, { type: 'text', text: '' }), { type: 'ping' }))
    expect(reader.progress).toBe('pending')
    reader.push(events(delta(0, { type: 'text_delta', text: 'a' })))
    expect(reader.progress).toBe('output')
  })
})

const options = { model: 'auto', created: 1, id: 'abc', includeUsage: true, inputTokens: 9 }
const start: StreamPart = { type: 'start', id: 'chatcmpl-1', model: 'm', inputTokens: null }
const text: StreamPart = { type: 'text', text: 'Hi' }
const called = (index: number): StreamPart => ({ type: 'tool_start', index, id: `call_${index}`, name: 'f' })
const json = (index: number, piece: string): StreamPart => ({ type: 'tool_arguments', index, json: piece })
const finish: StreamPart = {
  type: 'finish',
  finish: { unified: 'stop', raw: 'stop' },
  usage: { input: 10, cachedInput: 4, cacheWrite: 1, output: 3, reasoning: 2 },
}

function write(...parts: readonly StreamPart[]) {
  const writer = anthropicStreamWriter(options)
  const frames = parts.map((part) => writer.write(part)).join('')
  return frames
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? []
      const event = JSON.parse(data ?? '')
      expect(name).toBe(event.type)
      return event
    })
}

describe('writing a message stream', () => {
  it('begins with the estimated input tokens and ends with the counts of the upstream', () => {
    const frames = write(start, text, text, finish)
    expect(frames.map((event) => event.type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(frames[0].message).toMatchObject({ id: 'msg_abc', model: 'auto', content: [], usage: { input_tokens: 9 } })
    expect(frames[1]).toEqual({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
    expect(frames.at(-2)).toMatchObject({
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: 5, cache_read_input_tokens: 4, cache_creation_input_tokens: 1, output_tokens: 3 },
    })
  })

  it('writes one message_start, opens no empty block, and sends no citations', () => {
    const frames = write(start, start, { type: 'text', text: '' }, text, start, finish)
    expect(frames.filter((event) => event.type === 'message_start')).toHaveLength(1)
    expect(frames.filter((event) => event.type === 'content_block_start')).toHaveLength(1)
    const silent = write({ type: 'text', text: '' }, { type: 'refusal', text: '' }, finish)
    expect(silent.map((event) => event.type)).toEqual(['message_start', 'message_delta', 'message_stop'])
    expect(write(finish).map((event) => event.type)).toEqual(['message_start', 'message_delta', 'message_stop'])
    expect(JSON.stringify(frames)).not.toContain('citations')
  })

  it('puts no reasoning into a text block', () => {
    const frames = write(
      start,
      { type: 'reasoning', text: 'hm' },
      text,
      { type: 'reasoning', text: 'hm' },
      text,
      finish,
    )
    expect(frames.flatMap((event) => event.delta?.type ?? [])).toEqual(['text_delta', 'text_delta'])
  })

  it('streams a call and closes it when the next begins', () => {
    const frames = write(text, called(0), json(0, '{"a"'), json(0, ':1}'), called(1), json(1, '{}'), finish)
    const seen = frames.flatMap((event) => ('index' in event ? [`${event.type.slice(14)} ${event.index}`] : []))
    expect(seen).toEqual([
      'start 0',
      'delta 0',
      'stop 0',
      'start 1',
      'delta 1',
      'delta 1',
      'stop 1',
      'start 2',
      'delta 2',
      'stop 2',
    ])
  })

  it('does not make a call wait for the end when the one before it is whole', () => {
    const frames = write(called(0), json(0, '{"a":{"b":"}"}}'), called(1), json(1, '{"c'))
    expect(frames.at(-1)).toEqual({
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'input_json_delta', partial_json: '{"c' },
    })
  })

  it('holds back interleaved calls until their turn, byte for byte', () => {
    const frames = write(called(0), json(0, '{"a'), called(1), json(1, '{"b'), json(0, '":1}'), json(1, '":2}'), finish)
    const pieces = frames.filter((event) => event.type === 'content_block_delta')
    expect(pieces.map((event) => [event.index, event.delta.partial_json])).toEqual([
      [0, '{"a'],
      [0, '":1}'],
      [1, '{"b'],
      [1, '":2}'],
    ])
  })

  it('shows a refusal and says that it is one', () => {
    const refused: StreamPart = { type: 'finish', finish: { unified: 'refusal', raw: 'stop' }, usage: null }
    const frames = write({ type: 'refusal', text: "I can't." }, refused)
    expect(frames.find((event) => event.type === 'content_block_delta').delta.text).toBe("I can't.")
    expect(frames.at(-2)).toMatchObject({
      delta: { stop_reason: 'refusal', stop_details: { type: 'refusal', category: null, explanation: "I can't." } },
      usage: { output_tokens: 2 },
    })
  })

  it('never ends an answer that failed', () => {
    const error: StreamPart = { type: 'error', code: 'upstream_truncated', message: 'cut' }
    const types = write(text, error, text, finish).map((event) => event.type)
    expect(types).toEqual(['message_start', 'content_block_start', 'content_block_delta', 'error'])
    expect(write(error)).toMatchObject([{ type: 'error', error: { type: 'api_error', message: 'cut' } }])
  })
})

it.each(ANTHROPIC_ANSWERS)('reads back the %s it wrote', (name) => {
  const parts = readParts(anthropicStreamReader(), [fixture(`anthropic.${name}`)])
  const writer = anthropicStreamWriter(options)
  const bytes = new TextEncoder().encode(parts.map((part) => writer.write(part)).join(''))
  const again = answerOf(readParts(anthropicStreamReader(), [bytes]))
  const { reasoning: _, ...answer } = answerOf(parts)
  // A refusal is shown as text, too.
  expect(again).toMatchObject({
    ...answer,
    text: answer.text + answer.refusal,
    finish: { unified: answer.finish?.unified },
  })
})
