import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { arithmetic, evaluate } from './demo.skills.ts'
import { demo, label } from './demo.ts'
import { createReplay, placeholderAnswer } from './replay.ts'
import { type SimulatedServer, serveSimulated } from './server.node.ts'
import { createSimulatedUpstream } from './upstream.ts'

let server: SimulatedServer
let openai: OpenAI
let anthropic: Anthropic
beforeAll(async () => {
  server = await serveSimulated(createSimulatedUpstream(demo, { sleep: async () => {}, paceMs: 0 }))
  openai = new OpenAI({ baseURL: server.baseUrl, apiKey: 'none', maxRetries: 0 })
  anthropic = new Anthropic({ baseURL: server.baseUrl.replace(/\/v1$/, ''), apiKey: 'none', maxRetries: 0 })
})
afterAll(() => server.close())

const weather = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }

describe('demo upstream through the official SDKs', () => {
  it('answers an OpenAI client, whole and streamed alike', async () => {
    const ask = { model: 'demo-math', messages: [{ role: 'user' as const, content: 'What is 12 * (3 + 4)?' }] }
    const whole = await openai.chat.completions.create(ask)
    expect(whole.choices[0]?.message.content).toContain('The answer is 84.')
    expect(whole.choices[0]?.message.content).toContain(label('demo-math'))
    const stream = openai.chat.completions.stream({ ...ask, stream_options: { include_usage: true } })
    expect(await stream.finalContent()).toBe(whole.choices[0]?.message.content)
    expect((await stream.finalChatCompletion()).usage?.completion_tokens).toBe(whole.usage?.completion_tokens)
  })

  it('answers an Anthropic client, whole and streamed alike', async () => {
    const ask = {
      model: 'demo-coder',
      max_tokens: 500,
      messages: [{ role: 'user' as const, content: 'Write a python function for the factorial' }],
    }
    const whole = await anthropic.messages.create(ask)
    const text = whole.content[0]?.type === 'text' ? whole.content[0].text : ''
    expect(text).toContain('n * factorial(n - 1)')
    const stream = anthropic.messages.stream(ask)
    expect(await stream.finalText()).toBe(text)
    expect((await stream.finalMessage()).usage.output_tokens).toBe(whole.usage.output_tokens)
  })

  it('plays a tool round trip in both formats', async () => {
    const question = 'Use the weather tool for Paris'
    const first = await openai.chat.completions.create({
      model: 'demo-sage',
      messages: [{ role: 'user', content: question }],
      tools: [{ type: 'function', function: { name: 'get_weather', parameters: weather } }],
    })
    const call = first.choices[0]?.message.tool_calls?.[0]
    if (call?.type !== 'function') throw new Error('no tool call')
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Paris' })
    const second = await openai.chat.completions.create({
      model: 'demo-sage',
      messages: [
        { role: 'user', content: question },
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: 'sunny' },
      ],
    })
    expect(second.choices[0]?.message.content).toContain('The tool says: sunny')

    const streamed = await anthropic.messages
      .stream({
        model: 'demo-sage',
        max_tokens: 100,
        messages: [{ role: 'user', content: question }],
        tools: [{ name: 'get_weather', input_schema: weather }],
      })
      .finalMessage()
    expect(streamed.stop_reason).toBe('tool_use')
    expect(streamed.content[0]).toMatchObject({ type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } })
  })

  it('gives JSON that fits the asked schema, cuts at the limit, and refuses an unknown model', async () => {
    const reply = await openai.chat.completions.create({
      model: 'demo-sage',
      messages: [{ role: 'user', content: 'What is 2+3? Answer as JSON.' }],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema: { type: 'object', properties: { value: { type: 'number' } } } },
      },
    })
    expect(JSON.parse(reply.choices[0]?.message.content ?? '')).toEqual({ value: 5 })
    const cut = await openai.chat.completions.create({
      model: 'demo-sage',
      max_tokens: 3,
      messages: [{ role: 'user', content: 'hello' }],
    })
    expect(cut.choices[0]?.finish_reason).toBe('length')
    expect(cut.usage?.completion_tokens).toBe(3)
    await expect(
      openai.chat.completions.create({ model: 'x', messages: [{ role: 'user', content: 'hello' }] }),
    ).rejects.toThrow(OpenAI.NotFoundError)
    await expect(
      anthropic.messages.create({ model: 'x', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }] }),
    ).rejects.toThrow(Anthropic.NotFoundError)
  })
})

describe('the demo models differ', () => {
  const say = (model: string, prompt: string) =>
    demo({
      model,
      prompt,
      chars: prompt.length,
      tools: [],
      forceTool: false,
      toolResults: [],
      json: null,
      maxOutputTokens: null,
    }).text
  it('each is right only on its own ground, the sage on all', () => {
    expect(say('demo-coder', 'write a javascript function to reverse a string')).toContain('.reverse()')
    expect(say('demo-math', 'write a javascript function to reverse a string')).not.toContain('.reverse()')
    expect(say('demo-chatty', 'What is the capital of Peru?')).toContain('Lima')
    expect(say('demo-coder', 'What is the capital of Peru?')).not.toContain('Lima')
    expect(say('demo-sage', 'What is 15 percent of 80?')).toContain('12')
  })
  it('computes', () => {
    expect(evaluate('2 * (3 - 10) / 7')).toBe(-2)
    expect(evaluate('2 * (3')).toBeNull()
    expect(arithmetic('Tom has 5 bags with 12 apples each. How many apples are there?')).toBe('The answer is 60.')
    expect(arithmetic('tell me about apples')).toBeNull()
  })
})

describe('replay', () => {
  const record = { text: 'B', inputTokens: 9, outputTokens: 1, latencyMs: 0 }
  const replay = createReplay([
    { id: 'q1', prompt: 'one?', answers: new Map([['m', record]]) },
    { id: 'q2', prompt: 'two?', answers: new Map([['m', { ...record, text: null }]]) },
  ])
  const ask = (prompt: string, model: string) =>
    replay({ model, prompt, chars: 0, tools: [], forceTool: false, toolResults: [], json: null, maxOutputTokens: null })
  it('serves the record to the letter and names what it does not have', () => {
    expect(ask('one?', 'm')).toMatchObject({ text: 'B', inputTokens: 9, outputTokens: 1 })
    expect(ask('two?', 'm').text).toBe(placeholderAnswer('q2', 'm'))
    expect(() => ask('three?', 'm')).toThrow('no prompt "three?"')
    expect(() => ask('one?', 'other')).toThrow('no outcome of model "other" on query q1')
  })
})

describe('log-probabilities', () => {
  const given = (logprob?: number) =>
    createSimulatedUpstream(
      () => ({
        text: 'Grüße aus Bern',
        toolCalls: [],
        inputTokens: 1,
        outputTokens: 3,
        finish: 'stop',
        latencyMs: 0,
        ...(logprob !== undefined && { logprob }),
      }),
      { sleep: async () => {}, paceMs: 0 },
    )
  const tokens = ['Grüße', ' aus', ' Bern'].map((token) => ({
    token,
    logprob: -0.5,
    bytes: [...Buffer.from(token)],
    top_logprobs: [],
  }))
  const messages = [{ role: 'user' as const, content: 'Hi' }]

  it('come with the answer of a model that has them, whole and streamed alike, when asked for', async () => {
    const able = await serveSimulated(given(-0.5))
    const client = new OpenAI({ baseURL: able.baseUrl, apiKey: 'none', maxRetries: 0 })
    try {
      const ask = { model: 'm', messages, logprobs: true }
      const whole = await client.chat.completions.create(ask)
      expect(whole.choices[0]?.logprobs).toEqual({ content: tokens, refusal: null })
      const streamed = await client.chat.completions.stream(ask).finalChatCompletion()
      expect(streamed.choices[0]?.logprobs?.content).toEqual(tokens)
      const plain = await client.chat.completions.create({ model: 'm', messages })
      expect(plain.choices[0]?.logprobs).toBeNull()
    } finally {
      await able.close()
    }
  })

  it('do not come from one that has none', async () => {
    const unable = await serveSimulated(given())
    try {
      const client = new OpenAI({ baseURL: unable.baseUrl, apiKey: 'none', maxRetries: 0 })
      const { choices } = await client.chat.completions.create({ model: 'm', messages, logprobs: true })
      expect(choices[0]?.logprobs).toBeNull()
    } finally {
      await unable.close()
    }
  })
})
