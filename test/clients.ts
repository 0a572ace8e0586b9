/** The vendors' official clients as applications use them: one question, one answer, whatever the vendor. */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import type { JsonObject, Wire } from '../src/spec.ts'

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly input: JsonObject
}

export type Turn =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly call: ToolCall }
  | { readonly role: 'tool'; readonly call: ToolCall; readonly text: string }

export interface Question {
  readonly model: string
  readonly turns: readonly Turn[]
  readonly stream: boolean
  readonly tools?: readonly { readonly name: string; readonly schema: JsonObject & { type: 'object' } }[]
  readonly signal?: AbortSignal
  /** Told of each piece of text as it arrives. */
  readonly onText?: (text: string) => void
}

export interface Answer {
  readonly text: string
  readonly calls: readonly ToolCall[]
  /** In the vendor's own words. */
  readonly finish: string | null
  readonly usage: { readonly input: number; readonly output: number } | null
  readonly headers: Headers
}

export function openaiAt(url: string, apiKey = 'none'): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
}

export function anthropicAt(url: string, apiKey = 'none'): Anthropic {
  return new Anthropic({ baseURL: url, apiKey, maxRetries: 0 })
}

/** Asks through the official client of `wire`. Throws what the client throws. */
export function ask(wire: Wire, url: string, question: Question): Promise<Answer> {
  return wire === 'openai' ? askOpenai(openaiAt(url), question) : askAnthropic(anthropicAt(url), question)
}

export function user(text: string): Turn {
  return { role: 'user', text }
}

async function askOpenai(client: OpenAI, question: Question): Promise<Answer> {
  const { model, turns, stream, tools, signal, onText = () => {} } = question
  const body: OpenAI.ChatCompletionCreateParamsNonStreaming = {
    model,
    messages: turns.map(openaiMessage),
    ...(tools && {
      tools: tools.map(({ name, schema }) => ({ type: 'function', function: { name, parameters: schema } })),
    }),
  }
  const options = signal ? { signal } : {}
  if (!stream) {
    const { data, response } = await client.chat.completions.create(body, options).withResponse()
    const choice = data.choices[0]!
    const calls = (choice.message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function' ? [{ id: call.id, name: call.function.name, json: call.function.arguments }] : [],
    )
    const text = choice.message.content ?? ''
    return answered({ text, calls, finish: choice.finish_reason, usage: openaiUsage(data.usage), response })
  }
  const streaming = { ...body, stream: true as const, stream_options: { include_usage: true } }
  const { data, response } = await client.chat.completions.create(streaming, options).withResponse()
  const calls: Piece[] = []
  let [text, finish, usage]: [string, string | null, Answer['usage']] = ['', null, null]
  for await (const chunk of data) {
    usage = openaiUsage(chunk.usage) ?? usage
    const choice = chunk.choices[0]
    if (!choice) continue
    finish = choice.finish_reason ?? finish
    if (choice.delta.content) onText(choice.delta.content)
    text += choice.delta.content ?? ''
    for (const { index, id, function: called } of choice.delta.tool_calls ?? []) {
      const call = calls[index] ?? { id: '', name: '', json: '' }
      calls[index] = {
        id: call.id + (id ?? ''),
        name: call.name + (called?.name ?? ''),
        json: call.json + (called?.arguments ?? ''),
      }
    }
  }
  return answered({ text, calls, finish, usage, response })
}

async function askAnthropic(client: Anthropic, question: Question): Promise<Answer> {
  const { model, turns, stream, tools, signal, onText = () => {} } = question
  const body: Anthropic.MessageCreateParamsNonStreaming = {
    model,
    max_tokens: 1000,
    messages: turns.map(anthropicMessage),
    ...(tools && { tools: tools.map(({ name, schema }) => ({ name, input_schema: schema })) }),
  }
  const options = signal ? { signal } : {}
  if (!stream) {
    const { data, response } = await client.messages.create(body, options).withResponse()
    const text = data.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
    const calls = data.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, json: JSON.stringify(block.input) }] : [],
    )
    const usage = { input: data.usage.input_tokens, output: data.usage.output_tokens }
    return answered({ text, calls, finish: data.stop_reason, usage, response })
  }
  const { data, response } = await client.messages.create({ ...body, stream: true }, options).withResponse()
  const calls: Piece[] = []
  let [text, finish, input, output]: [string, string | null, number, number] = ['', null, 0, 0]
  for await (const event of data) {
    if (event.type === 'message_start') input = event.message.usage.input_tokens
    else if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
      calls.push({ id: event.content_block.id, name: event.content_block.name, json: '' })
    } else if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
      onText(event.delta.text)
      text += event.delta.text
    } else if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta') {
      calls.at(-1)!.json += event.delta.partial_json
    } else if (event.type === 'message_delta') {
      finish = event.delta.stop_reason
      input = event.usage.input_tokens ?? input
      output = event.usage.output_tokens
    }
  }
  return answered({ text, calls, finish, usage: { input, output }, response })
}

interface Piece {
  id: string
  name: string
  /** The arguments' text. */
  json: string
}

function answered({
  calls,
  response,
  ...rest
}: Omit<Answer, 'calls' | 'headers'> & { calls: readonly Piece[]; response: Response }): Answer {
  const parsed = calls.map(({ id, name, json }) => ({ id, name, input: JSON.parse(json || '{}') as JsonObject }))
  return { ...rest, calls: parsed, headers: response.headers }
}

function openaiUsage(usage: OpenAI.CompletionUsage | null | undefined): Answer['usage'] {
  return usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null
}

function openaiMessage(turn: Turn): OpenAI.ChatCompletionMessageParam {
  if (turn.role === 'user') return { role: 'user', content: turn.text }
  if (turn.role === 'tool') return { role: 'tool', tool_call_id: turn.call.id, content: turn.text }
  const { id, name, input } = turn.call
  return {
    role: 'assistant',
    tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(input) } }],
  }
}

function anthropicMessage(turn: Turn): Anthropic.MessageParam {
  if (turn.role === 'user') return { role: 'user', content: turn.text }
  if (turn.role === 'assistant') return { role: 'assistant', content: [{ type: 'tool_use', ...turn.call }] }
  return { role: 'user', content: [{ type: 'tool_result', tool_use_id: turn.call.id, content: turn.text }] }
}
