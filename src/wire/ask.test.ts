import { describe, expect, it } from 'vitest'
import { type Json, refusal, textBlock, user } from '../../test/wire.ts'
import { anthropicAskForCount } from './anthropic.ask.ts'
import { anthropic } from './anthropic.ts'
import { openai } from './openai.ts'

const fromOpenai = (body: Json) => openai.ask({ model: 'auto', messages: [user], ...body })
const fromAnthropic = (body: Json) => anthropic.ask({ model: 'auto', max_tokens: 9, messages: [user], ...body })

describe('OpenAI', () => {
  it('a small request', () => {
    expect(fromOpenai({ stream: null })).toEqual({
      wire: 'openai',
      asked: 'auto',
      stream: false,
      turns: [{ role: 'user', text: 'Hi' }],
      requires: new Set(),
      tools: 0,
      images: 0,
    })
  })

  it('turns: roles, joined parts, nothing stripped', () => {
    const image = { type: 'image_url', image_url: { url: 'https://x.test' } }
    const ask = fromOpenai({
      messages: [
        { role: 'developer', content: ' d ' },
        { role: 'user', content: [textBlock('a'), image, textBlock('b'), image] },
        { role: 'assistant', content: null, tool_calls: [] },
        { role: 'tool', tool_call_id: 't', content: 'r' },
        { role: 'critic', content: 'c' },
      ],
    })
    expect(ask.turns).toEqual([
      { role: 'system', text: ' d ' },
      { role: 'user', text: 'a\nb' },
      { role: 'assistant', text: '' },
      { role: 'tool', text: 'r' },
      { role: 'user', text: 'c' },
    ])
    expect(ask.images).toBe(2)
    expect([...ask.requires]).toEqual(['vision'])
  })

  it.each<[Json, string[]]>([
    [{ tools: [{}] }, ['tools']],
    [{ tools: [] }, []],
    [{ messages: [{ role: 'user', content: [{ type: 'file' }, { type: 'input_audio' }] }] }, ['documents', 'audio']],
    [{ modalities: ['text', 'audio'] }, ['audio']],
    [{ response_format: { type: 'json_schema' } }, ['json_schema']],
    [{ response_format: { type: 'json_object' } }, []],
    [{ logprobs: true }, ['logprobs']],
    [{ n: 2 }, ['n']],
    [{ n: 1, logprobs: false, reasoning_effort: 'none' }, []],
    [{ reasoning_effort: 'low' }, ['reasoning']],
  ])('%j requires %j', (body, requires) => {
    expect([...fromOpenai(body).requires]).toEqual(requires)
  })

  it.each<[Json, ReturnType<typeof fromOpenai>['json']]>([
    [{}, undefined],
    [{ response_format: { type: 'text' } }, undefined],
    [{ response_format: { type: 'json_object' } }, {}],
    [
      { response_format: { type: 'json_schema', json_schema: { schema: { type: 'array' } } } },
      { schema: { type: 'array' } },
    ],
  ])('%j asks for JSON as %j', (body, json) => {
    expect(fromOpenai(body).json).toEqual(json)
  })

  it('the limit on the answer', () => {
    expect(fromOpenai({ max_tokens: 5 }).maxOutputTokens).toBe(5)
    expect(fromOpenai({ max_tokens: 5, max_completion_tokens: 6 }).maxOutputTokens).toBe(6)
  })

  it.each<[Json, string]>([
    [{ messages: undefined }, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: ['x'] }, 'messages[0]'],
    [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 3 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [textBlock('a'), 'b'] }] }, 'messages[0].content[1]'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [{ stream: 'true' }, 'stream'],
    [{ tools: {} }, 'tools'],
    [{ max_tokens: -1 }, 'max_tokens'],
    [{ max_completion_tokens: 1.5 }, 'max_completion_tokens'],
    [{ n: '2' }, 'n'],
    [{ response_format: 'json' }, 'response_format'],
  ])('%j is refused, naming %s', (body, param) => {
    const error = refusal(() => fromOpenai(body))
    expect(error).toMatchObject({ code: 'invalid_request', param })
    expect(error.message).toContain(param)
  })
})

describe('Anthropic', () => {
  it('system first, tool results as turns of their own', () => {
    const image = { type: 'image', source: {} }
    const ask = fromAnthropic({
      stream: true,
      system: [textBlock('s1'), { ...textBlock('s2'), cache_control: { type: 'ephemeral' } }],
      tools: [{ name: 'w', input_schema: {} }],
      messages: [
        user,
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'h' }, textBlock('a'), { type: 'tool_use' }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't', content: [textBlock('r'), image] },
            { type: 'tool_result', tool_use_id: 'u' },
            textBlock('q'),
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'v', content: 'only' }] },
        { role: 'system', content: 'mid' },
      ],
    })
    expect(ask).toEqual({
      wire: 'anthropic',
      asked: 'auto',
      stream: true,
      turns: [
        { role: 'system', text: 's1\ns2' },
        { role: 'user', text: 'Hi' },
        { role: 'assistant', text: 'a' },
        { role: 'tool', text: 'r' },
        { role: 'tool', text: '' },
        { role: 'user', text: 'q' },
        { role: 'tool', text: 'only' },
        { role: 'system', text: 'mid' },
      ],
      requires: new Set(['tools', 'vision']),
      tools: 1,
      images: 1,
      maxOutputTokens: 9,
    })
  })

  it.each<[Json, string[]]>([
    [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, ['reasoning']],
    [{ thinking: { type: 'adaptive' } }, ['reasoning']],
    [{ thinking: { type: 'disabled' } }, []],
    [{ output_config: { effort: 'low' } }, []],
    [{ output_config: { format: { type: 'json_schema', schema: {} } } }, ['json_schema']],
    [{ messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'base64' } }] }] }, ['documents']],
    [{ messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'text', data: 'd' } }] }] }, []],
  ])('%j requires %j', (body, requires) => {
    expect([...fromAnthropic(body).requires]).toEqual(requires)
  })

  it('the schema that the answer is to have', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    expect(fromAnthropic({ output_config: { format } }).json).toEqual({ schema: { type: 'object' } })
    expect(fromAnthropic({ output_config: { effort: 'low' } })).not.toHaveProperty('json')
  })

  it.each<[Json, string]>([
    [{ max_tokens: undefined }, 'max_tokens'],
    [{ max_tokens: '5' }, 'max_tokens'],
    [{ messages: [] }, 'messages'],
    [{ system: 3 }, 'system'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [
      { messages: [{ role: 'user', content: [{ type: 'tool_result', content: [null] }] }] },
      'messages[0].content[0].content[0]',
    ],
    [{ thinking: 'on' }, 'thinking'],
  ])('%j is refused, naming %s', (body, param) => {
    expect(refusal(() => fromAnthropic(body))).toMatchObject({ code: 'invalid_request', param })
  })

  it('max_tokens may be 0, and counting needs none', () => {
    expect(fromAnthropic({ max_tokens: 0 }).maxOutputTokens).toBe(0)
    expect(anthropicAskForCount({ model: 'auto', messages: [user] })).not.toHaveProperty('maxOutputTokens')
  })
})
