/** An OpenAI client at an Anthropic upstream: a case per row of the translation table. */
import { describe, expect, it } from 'vitest'
import { type Json, PLAIN, PNG, refusal, THINKS, textBlock, toAnthropic, user, weather } from '../../test/wire.ts'
import type { EncodeOptions } from './dialect.ts'

describe('OpenAI → Anthropic', () => {
  it('the whole of a small request', () => {
    expect(toAnthropic({})).toEqual({
      model: 'm',
      max_tokens: 4096,
      messages: [{ role: 'user', content: [textBlock('Hi')] }],
    })
  })

  it('leading system and developer messages become system blocks, in order and apart', () => {
    const out = toAnthropic({
      messages: [
        { role: 'system', content: 'a' },
        { role: 'developer', content: [textBlock('b'), textBlock('c')] },
        { role: 'system', content: '' },
        user,
      ],
    })
    expect(out.system).toEqual([textBlock('a'), textBlock('b'), textBlock('c')])
    expect(out.messages).toEqual([{ role: 'user', content: [textBlock('Hi')] }])
  })

  it('instructions in the middle move up, or stay where the version has a role for them', () => {
    const messages = [user, { role: 'assistant', content: 'Yes?' }, { role: 'system', content: 'Be brief.' }, user]
    expect(toAnthropic({ messages }).system).toEqual([textBlock('Be brief.')])
    const newer = toAnthropic({ messages }, { ...PLAIN, version: '2026-10-21' })
    expect(newer.system).toBeUndefined()
    expect((newer.messages as Json[]).map((message) => message.role)).toEqual(['user', 'assistant', 'system', 'user'])
  })

  it('instructions alone become what the user says', () => {
    const out = toAnthropic({ messages: [{ role: 'system', content: 'Write a haiku.' }] })
    expect(out.system).toBeUndefined()
    expect(out.messages).toEqual([{ role: 'user', content: [textBlock('Write a haiku.')] }])
  })

  it('max_tokens: the client, then the candidate, then 4096; never above the candidate', () => {
    expect(toAnthropic({ max_tokens: 7 }).max_tokens).toBe(7)
    expect(toAnthropic({ max_tokens: 7, max_completion_tokens: 8 }).max_tokens).toBe(8)
    expect(toAnthropic({}, { reasoning: false, maxOutput: 900 }).max_tokens).toBe(900)
    expect(toAnthropic({ max_tokens: 5000 }, { reasoning: false, maxOutput: 900 }).max_tokens).toBe(900)
  })

  it('sampling parameters are clamped, and dropped where they are refused', () => {
    const sampling = { temperature: 1.7, top_p: 0.5 }
    expect(toAnthropic(sampling)).toMatchObject({ temperature: 1, top_p: 0.5 })
    const newer = toAnthropic(sampling, { reasoning: false, version: '2026-10-21' })
    const thinking = toAnthropic({ ...sampling, reasoning_effort: 'low' }, THINKS)
    for (const out of [newer, thinking]) {
      expect(out).not.toHaveProperty('temperature')
      expect(out).not.toHaveProperty('top_p')
    }
  })

  it('stop as a string or a list, without what is only white space', () => {
    expect(toAnthropic({ stop: 'END' }).stop_sequences).toEqual(['END'])
    expect(toAnthropic({ stop: ['a', '\n', '', 'b'] }).stop_sequences).toEqual(['a', 'b'])
    expect(toAnthropic({ stop: null })).not.toHaveProperty('stop_sequences')
  })

  it('tools, with an object schema where there is none', () => {
    const out = toAnthropic({
      tools: [
        { type: 'function', function: { name: 'w', description: 'd', parameters: weather, strict: true } },
        { type: 'function', function: { name: 'now' } },
      ],
    })
    expect(out.tools).toEqual([
      { name: 'w', description: 'd', input_schema: weather, strict: true },
      { name: 'now', input_schema: { type: 'object', properties: {} } },
    ])
    expect(out).not.toHaveProperty('tool_choice')
  })

  const tools = [{ type: 'function', function: { name: 'w', parameters: weather } }]
  it.each<[Json, unknown]>([
    [{ tool_choice: 'auto' }, { type: 'auto' }],
    [{ tool_choice: 'required' }, { type: 'any' }],
    [{ tool_choice: 'none', parallel_tool_calls: false }, { type: 'none' }],
    [{ tool_choice: { type: 'function', function: { name: 'w' } } }, { type: 'tool', name: 'w' }],
    [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [{ parallel_tool_calls: true }, undefined],
    [
      { tool_choice: 'required', parallel_tool_calls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
  ])('tool choice %j', (body, choice) => {
    expect(toAnthropic({ tools, ...body }).tool_choice).toEqual(choice)
  })

  const call = (id: string, args: string) => ({ id, type: 'function', function: { name: 'w', arguments: args } })
  it('a round of tools: results in one user message, before the text', () => {
    const out = toAnthropic({
      messages: [
        user,
        { role: 'assistant', content: null, refusal: null, tool_calls: [call('a', '{"city":"Bern"}'), call('b', '')] },
        { role: 'tool', tool_call_id: 'a', content: 'sunny' },
        { role: 'tool', tool_call_id: 'b', content: [textBlock('rain')] },
        { role: 'user', content: 'And?' },
      ],
    })
    expect(out.messages).toEqual([
      { role: 'user', content: [textBlock('Hi')] },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'w', input: { city: 'Bern' } },
          { type: 'tool_use', id: 'b', name: 'w', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [textBlock('sunny')] },
          { type: 'tool_result', tool_use_id: 'b', content: [textBlock('rain')] },
          textBlock('And?'),
        ],
      },
    ])
  })

  it('results come first even after text of the user', () => {
    const out = toAnthropic({
      messages: [
        { role: 'assistant', tool_calls: [call('a', '{}')] },
        { role: 'user', content: 'wait' },
        { role: 'tool', tool_call_id: 'a', content: '' },
      ],
    })
    const last = (out.messages as { content: Json[] }[]).at(-1)!
    expect(last.content).toEqual([{ type: 'tool_result', tool_use_id: 'a' }, textBlock('wait')])
  })

  it.each(['{"city":', '[1]', '"x"', '3'])('arguments %s are the client’s to repair', (args) => {
    const messages = [user, { role: 'assistant', tool_calls: [call('a', args)] }]
    const error = refusal(() => toAnthropic({ messages }))
    expect(error.code).toBe('invalid_request')
    expect(error.param).toBe('messages[1].tool_calls[0].function.arguments')
  })

  it('ids that Anthropic refuses are mapped, call and result alike', () => {
    const id = 'call:1/é'
    const out = toAnthropic({
      messages: [
        user,
        { role: 'assistant', tool_calls: [call(id, '{}')] },
        { role: 'tool', tool_call_id: id, content: 'x' },
      ],
    })
    const [, use, result] = out.messages as { content: Json[] }[]
    expect(use!.content[0]!.id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(result!.content[0]!.tool_use_id).toBe(use!.content[0]!.id)
  })

  it('images from data URLs and URLs', () => {
    const image = (url: string) => ({ type: 'image_url', image_url: { url, detail: 'low' } })
    const content = [image(`data:image/jpg;base64,${PNG}`), image('https://x.test/a.png')]
    expect(toAnthropic({ messages: [{ role: 'user', content }] }).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: PNG } },
          { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
        ],
      },
    ])
    const error = refusal(() => toAnthropic({ messages: [{ role: 'user', content: [image('ftp://x')] }] }))
    expect(error.param).toBe('messages[0].content[0].image_url.url')
  })

  it('a PDF', () => {
    const file = { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } }
    expect(toAnthropic({ messages: [{ role: 'user', content: [file] }] }).messages).toEqual([
      {
        role: 'user',
        content: [
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
            title: 'a.pdf',
          },
        ],
      },
    ])
  })

  it('structured output; without a schema, an instruction', () => {
    const format = { type: 'json_schema', json_schema: { name: 'w', schema: weather, strict: true } }
    expect(toAnthropic({ response_format: format }).output_config).toEqual({
      format: { type: 'json_schema', schema: weather },
    })
    const loose = toAnthropic({ response_format: { type: 'json_object' } })
    expect(loose).not.toHaveProperty('output_config')
    expect(JSON.stringify(loose.system)).toContain('one JSON object')
    expect(toAnthropic({ response_format: { type: 'text' } })).not.toHaveProperty('system')
  })

  it.each<[string, EncodeOptions, unknown, unknown]>([
    ['high', THINKS, { type: 'adaptive' }, { effort: 'high' }],
    ['minimal', THINKS, { type: 'adaptive' }, { effort: 'low' }],
    ['none', THINKS, { type: 'disabled' }, undefined],
    ['high', PLAIN, undefined, undefined],
  ])('reasoning_effort %s', (effort, options, thinking, config) => {
    const out = toAnthropic({ reasoning_effort: effort }, options)
    expect(out.thinking).toEqual(thinking)
    expect(out.output_config).toEqual(config)
  })

  it('no thinking with a forced tool, nor inside a round of tools whose thinking was lost', () => {
    const effort = { reasoning_effort: 'low', tools }
    expect(toAnthropic({ ...effort, tool_choice: 'required' }, THINKS)).not.toHaveProperty('thinking')
    const round = [
      user,
      { role: 'assistant', tool_calls: [call('a', '')] },
      { role: 'tool', tool_call_id: 'a', content: '' },
    ]
    expect(toAnthropic({ ...effort, messages: round }, THINKS)).not.toHaveProperty('thinking')
    const after = [...round, { role: 'assistant', content: 'Done.' }, user]
    expect(toAnthropic({ ...effort, messages: after }, THINKS)).toHaveProperty('thinking')
  })

  it('user', () => {
    expect(toAnthropic({ user: 'u' }).metadata).toEqual({ user_id: 'u' })
    expect(toAnthropic({ safety_identifier: 's', metadata: { a: 'b' } }).metadata).toEqual({ user_id: 's' })
  })

  it.each<[string, Json]>([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['functions', { functions: [{ name: 'f' }] }],
    ['web_search_options', { web_search_options: {} }],
    ['tools[0].type', { tools: [{ type: 'custom', custom: { name: 'c' } }] }],
    ['tool_choice', { tool_choice: { type: 'allowed_tools', allowed_tools: {} } }],
    [
      'messages[0].content[0].type',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
    ],
    [
      'messages[0].content[0].file.file_id',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
    ],
  ])('%s is refused by name', (param, body) => {
    const error = refusal(() => toAnthropic(body))
    expect(error.code).toBe('unsupported')
    expect(error.status).toBe(400)
    expect(error.param).toBe(param)
    expect(error.message).toContain(param)
  })

  it('what only tunes is ignored', () => {
    const tuning = {
      seed: 1,
      logit_bias: {},
      presence_penalty: 1,
      frequency_penalty: 1,
      prediction: {},
      n: 1,
      store: false,
    }
    expect(toAnthropic({ ...tuning, logprobs: false, verbosity: 'low' })).toEqual(toAnthropic({}))
  })

  it('no empty text blocks, no trailing white space at the end, one message per run of a role', () => {
    const out = toAnthropic({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'user', content: [textBlock(''), textBlock('b')] },
        { role: 'assistant', content: '' },
        { role: 'assistant', content: 'Sure: \n' },
      ],
    })
    expect(out.messages).toEqual([
      { role: 'user', content: [textBlock('a'), textBlock('b')] },
      { role: 'assistant', content: [textBlock('Sure:')] },
    ])
    expect(refusal(() => toAnthropic({ messages: [{ role: 'user', content: '' }] })).param).toBe('messages')
  })

  it('streams', () => {
    const out = toAnthropic({ stream: true, stream_options: { include_usage: true } })
    expect(out.stream).toBe(true)
    expect(out).not.toHaveProperty('stream_options')
  })
})
