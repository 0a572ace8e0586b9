/** An Anthropic client at an OpenAI upstream: a case per row of the translation table. */
import { describe, expect, it } from 'vitest'
import { type Json, PLAIN, PNG, refusal, THINKS, textBlock, toOpenai, user, weather } from '../../test/wire.ts'

describe('Anthropic → OpenAI', () => {
  it('the whole of a small request', () => {
    expect(toOpenai({})).toEqual({ model: 'm', messages: [user], max_completion_tokens: 100 })
  })

  it('system blocks become one system message, later ones a developer message in place', () => {
    const system = [{ ...textBlock('a'), cache_control: { type: 'ephemeral' } }, textBlock('b')]
    const out = toOpenai({ system, messages: [user, { role: 'system', content: 'Be brief.' }, user] })
    expect(out.messages).toEqual([
      { role: 'system', content: 'a\n\nb' },
      user,
      { role: 'developer', content: 'Be brief.' },
      user,
    ])
  })

  it('max_completion_tokens within what the candidate can', () => {
    expect(toOpenai({ max_tokens: 128_000 }, { reasoning: false, maxOutput: 16_384 }).max_completion_tokens).toBe(
      16_384,
    )
    expect(refusal(() => toOpenai({ max_tokens: 0 })).param).toBe('max_tokens')
  })

  it('sampling parameters, but not to reasoning models', () => {
    expect(toOpenai({ temperature: 0.3, top_p: 0.9, top_k: 5 })).toMatchObject({ temperature: 0.3, top_p: 0.9 })
    expect(toOpenai({ temperature: 0.3, top_k: 5 })).not.toHaveProperty('top_k')
    expect(toOpenai({ temperature: 0.3 }, THINKS)).not.toHaveProperty('temperature')
  })

  it('at most four stop sequences', () => {
    expect(toOpenai({ stop_sequences: ['a', 'b', 'c', 'd', 'e'] }).stop).toEqual(['a', 'b', 'c', 'd'])
  })

  const tools = [{ name: 'w', description: 'd', input_schema: weather, cache_control: { type: 'ephemeral' } }]
  it('tools', () => {
    expect(toOpenai({ tools }).tools).toEqual([
      { type: 'function', function: { name: 'w', description: 'd', parameters: weather } },
    ])
  })

  it.each<[Json, unknown, unknown]>([
    [{ type: 'auto' }, 'auto', undefined],
    [{ type: 'any' }, 'required', undefined],
    [{ type: 'none' }, 'none', undefined],
    [{ type: 'tool', name: 'w' }, { type: 'function', function: { name: 'w' } }, undefined],
    [{ type: 'auto', disable_parallel_tool_use: true }, 'auto', false],
  ])('tool choice %j', (choice, expected, parallel) => {
    const out = toOpenai({ tools, tool_choice: choice })
    expect(out.tool_choice).toEqual(expected)
    expect(out.parallel_tool_calls).toBe(parallel)
  })

  it('a round of tools: every result a message of its own before the text, images after, thinking dropped', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }
    const out = toOpenai({
      messages: [
        user,
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: '', signature: 'sig' },
            { type: 'redacted_thinking', data: 'x' },
            textBlock('Let me look.'),
            { type: 'tool_use', id: 'toolu_1', name: 'w', input: { city: 'Bern' }, caller: { type: 'direct' } },
            { type: 'tool_use', id: 'toolu_2', name: 'w', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            textBlock('Here.'),
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [textBlock('see'), image] },
            { type: 'tool_result', tool_use_id: 'toolu_2', content: 'no such city', is_error: true },
          ],
        },
      ],
    })
    expect(out.messages).toEqual([
      user,
      {
        role: 'assistant',
        content: 'Let me look.',
        tool_calls: [
          { id: 'toolu_1', type: 'function', function: { name: 'w', arguments: '{"city":"Bern"}' } },
          { id: 'toolu_2', type: 'function', function: { name: 'w', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'see' },
      { role: 'tool', tool_call_id: 'toolu_2', content: 'Error: no such city' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }] },
      { role: 'user', content: 'Here.' },
    ])
  })

  it('content is null where an assistant turn only calls tools', () => {
    const content = [{ type: 'tool_use', id: 't', name: 'w', input: {} }]
    expect((toOpenai({ messages: [user, { role: 'assistant', content }] }).messages as Json[])[1]!.content).toBeNull()
  })

  it('ids longer than OpenAI takes are mapped, call and result alike', () => {
    const id = `toolu_${'x'.repeat(60)}`
    const out = toOpenai({
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id, name: 'w', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: '' }] },
      ],
    })
    const [use, result] = out.messages as { tool_calls: Json[]; tool_call_id: string }[]
    expect(result!.tool_call_id.length).toBeLessThanOrEqual(40)
    expect(use!.tool_calls[0]!.id).toBe(result!.tool_call_id)
  })

  it('images and documents', () => {
    const content = [
      { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'a.pdf' },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } },
      { type: 'document', source: { type: 'content', content: [textBlock('inner')] } },
      { type: 'search_result', source: 's', title: 't', content: [textBlock('found')] },
    ]
    expect((toOpenai({ messages: [{ role: 'user', content }] }).messages as Json[])[0]!.content).toEqual([
      { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
      textBlock('plain'),
      textBlock('inner'),
      textBlock('found'),
    ])
  })

  it('structured output', () => {
    const out = toOpenai({ output_config: { format: { type: 'json_schema', schema: weather } } })
    expect(out.response_format).toEqual({ type: 'json_schema', json_schema: { name: 'response', schema: weather } })
  })

  it.each<[Json, unknown]>([
    [{ thinking: { type: 'disabled' } }, 'none'],
    [{ thinking: { type: 'adaptive', display: 'omitted' } }, 'high'],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'max'],
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'low'],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'medium'],
    [{ thinking: { type: 'enabled', budget_tokens: 32_000 } }, 'high'],
    [{}, undefined],
  ])('thinking %j', (body, effort) => {
    expect(toOpenai(body, THINKS).reasoning_effort).toBe(effort)
    expect(toOpenai(body, PLAIN)).not.toHaveProperty('reasoning_effort')
  })

  it('user, and a stream that always reports usage', () => {
    const out = toOpenai({ metadata: { user_id: 'u' }, stream: true })
    expect(out).toMatchObject({ user: 'u', stream: true, stream_options: { include_usage: true } })
  })

  it.each<[string, Json]>([
    ['thread', { thread: { type: 'create' } }],
    ['mcp_servers', { mcp_servers: [{}] }],
    ['tools[0].type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    [
      'messages[0].content[0].type',
      { messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'f' }] }] },
    ],
    [
      'messages[0].content[0].source.type',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] },
    ],
  ])('%s is refused by name', (param, body) => {
    const error = refusal(() => toOpenai(body))
    expect(error.code).toBe('unsupported')
    expect(error.param).toBe(param)
  })
})
