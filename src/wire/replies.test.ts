/** Complete answers across dialects, from what the vendors really send. */
import { describe, expect, it } from 'vitest'
import { type Json, refusal } from '../../test/wire.ts'
import { anthropic } from './anthropic.ts'
import { dialects, translateReply } from './index.ts'
import { openai } from './openai.ts'

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const OPTIONS = { id: '1', created: 1_700_000_000, model: 'served' }

function translate(from: 'openai' | 'anthropic', reply: unknown): Json {
  const to = from === 'openai' ? 'anthropic' : 'openai'
  return JSON.parse(new TextDecoder().decode(translateReply(dialects[from], dialects[to], bytes(reply), OPTIONS)))
}

const MESSAGE = {
  model: 'claude-x',
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'Hello' }],
  container: null,
  diagnostics: null,
  stop_reason: 'end_turn',
  stop_sequence: null,
  stop_details: null,
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 5,
    cache_read_input_tokens: 100,
    cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 0 },
    output_tokens: 20,
    output_tokens_details: { thinking_tokens: 8 },
    service_tier: 'standard',
    inference_geo: 'not_available',
  },
}

const COMPLETION = {
  id: 'chatcmpl-9',
  object: 'chat.completion',
  created: 1_699_999_999,
  model: 'gpt-x-2026-01-01',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hello', refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 115,
    completion_tokens: 20,
    total_tokens: 135,
    prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 5, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 8,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  },
  service_tier: 'default',
  system_fingerprint: null,
}

const completion = (message: Json, finish: string | null) => ({
  ...COMPLETION,
  choices: [
    {
      ...COMPLETION.choices[0],
      message: { role: 'assistant', content: null, refusal: null, ...message },
      finish_reason: finish,
    },
  ],
})
const call = (args: string, id = 'call_1') => ({ id, type: 'function', function: { name: 'w', arguments: args } })

describe('Anthropic → OpenAI', () => {
  it('a text answer, to the last key', () => {
    expect(translate('anthropic', MESSAGE)).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'served',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 115,
        completion_tokens: 20,
        total_tokens: 135,
        prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 5 },
        completion_tokens_details: { reasoning_tokens: 8 },
      },
      system_fingerprint: null,
    })
  })

  it('tool calls, thinking beside the content, and null content', () => {
    const content = [
      { type: 'thinking', thinking: 'Hm.', signature: 's' },
      { type: 'tool_use', id: 'toolu_1', name: 'w', input: { city: 'Bern' }, caller: { type: 'direct' } },
    ]
    const out = translate('anthropic', { ...MESSAGE, content, stop_reason: 'tool_use' })
    expect((out.choices as Json[])[0]).toEqual({
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        refusal: null,
        reasoning_content: 'Hm.',
        tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'w', arguments: '{"city":"Bern"}' } }],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    })
  })

  it('text blocks are joined', () => {
    const content = [
      { type: 'text', text: 'a ' },
      { type: 'server_tool_use' },
      { type: 'text', text: 'b', citations: [] },
    ]
    expect(JSON.stringify(translate('anthropic', { ...MESSAGE, content }))).toContain('"content":"a b"')
  })

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['new_word', 'stop'],
  ])('%s is %s', (raw, finish) => {
    const out = translate('anthropic', { ...MESSAGE, stop_reason: raw })
    expect((out.choices as Json[])[0]!.finish_reason).toBe(finish)
    expect(anthropic.readReply(bytes({ ...MESSAGE, stop_reason: raw })).finish?.raw).toBe(raw)
  })

  it('the explanation of a refusal', () => {
    const details = { type: 'refusal', category: 'cyber', explanation: 'No.' }
    const out = translate('anthropic', { ...MESSAGE, content: [], stop_reason: 'refusal', stop_details: details })
    expect((out.choices as Json[])[0]).toMatchObject({
      message: { content: null, refusal: 'No.' },
      finish_reason: 'content_filter',
    })
  })
})

describe('OpenAI → Anthropic', () => {
  it('a text answer, to the last key', () => {
    expect(translate('openai', COMPLETION)).toEqual({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'served',
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: 5,
        cache_read_input_tokens: 100,
        output_tokens: 20,
        output_tokens_details: { thinking_tokens: 8 },
      },
    })
  })

  it('tool calls, without arguments too', () => {
    const out = translate(
      'openai',
      completion({ tool_calls: [call('{"city":"Bern"}'), call('', 'call_2')] }, 'tool_calls'),
    )
    expect(out.stop_reason).toBe('tool_use')
    expect(out.content).toEqual([
      { type: 'tool_use', id: 'call_1', name: 'w', input: { city: 'Bern' }, caller: { type: 'direct' } },
      { type: 'tool_use', id: 'call_2', name: 'w', input: {}, caller: { type: 'direct' } },
    ])
  })

  it('a forced tool is reported as stop, and is a call all the same', () => {
    const reply = completion({ tool_calls: [call('{}')] }, 'stop')
    expect(translate('openai', reply).stop_reason).toBe('tool_use')
    expect(openai.decodeReply(bytes(reply)).finish).toEqual({ unified: 'tool_calls', raw: 'stop' })
  })

  it('broken arguments are an error, unless the token limit cut them', () => {
    const cut = [call('{"city":"Be')]
    expect(translate('openai', completion({ content: 'So', tool_calls: cut }, 'length'))).toMatchObject({
      content: [{ type: 'text', text: 'So' }],
      stop_reason: 'max_tokens',
    })
    expect(refusal(() => translate('openai', completion({ tool_calls: cut }, 'tool_calls'))).code).toBe(
      'upstream_malformed',
    )
  })

  it.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['tool_calls', 'tool_use'],
    ['function_call', 'tool_use'],
    ['content_filter', 'refusal'],
    [null, 'end_turn'],
  ])('%s is %s', (raw, reason) => {
    expect(translate('openai', completion({ content: 'x' }, raw)).stop_reason).toBe(reason)
  })

  it('a refusal', () => {
    expect(translate('openai', completion({ refusal: 'No.' }, 'stop'))).toMatchObject({
      content: [{ type: 'text', text: 'No.' }],
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', explanation: 'No.' },
    })
  })

  it('reasoning without a signature is left out; usage that never came is zero', () => {
    const { usage: _, ...rest } = completion({ content: 'x', reasoning_content: 'Hm.' }, 'stop')
    const out = translate('openai', rest)
    expect(out.content).toEqual([{ type: 'text', text: 'x' }])
    expect(out.usage).toMatchObject({ input_tokens: 0, output_tokens: 0 })
    expect(openai.readReply(bytes(rest)).usage).toBeNull()
  })
})

describe('the finish of a whole answer', () => {
  const toolCalls = [{ id: 'c', type: 'function', function: { name: 'weather', arguments: '{}' } }]
  it.each([
    [{ tool_calls: toolCalls }, 'stop', 'tool_calls'],
    [{ function_call: { name: 'weather', arguments: '{}' } }, 'stop', 'tool_calls'],
    [{ refusal: 'No.' }, 'stop', 'refusal'],
    [{ content: 'Hello', tool_calls: [], refusal: '' }, 'stop', 'stop'],
    [{ tool_calls: toolCalls }, 'length', 'length'],
  ])('OpenAI: %j ended by %s is %s, for the log as for a translation', (message, raw, unified) => {
    const body = bytes(completion(message, raw))
    expect(openai.readReply(body).finish).toEqual({ unified, raw })
    expect(openai.decodeReply(body).finish).toEqual({ unified, raw })
  })
})

describe('what is no answer', () => {
  it.each(['', '<html>', 'null', '[]', '{}', '{"choices":[]}', '{"content":"x"}'])('%s', (body) => {
    for (const dialect of [openai, anthropic]) {
      expect(refusal(() => dialect.readReply(bytes(body))).code).toBe('upstream_malformed')
      expect(refusal(() => dialect.decodeReply(bytes(body))).code).toBe('upstream_malformed')
    }
  })

  it('an error under a success status keeps its message', () => {
    const body = bytes({ error: { message: 'model is loading' } })
    expect(refusal(() => openai.readReply(body)).message).toContain('model is loading')
  })
})
