/** Anthropic messages as a provider writes them. */
import * as z from 'zod'
import type { Json, JsonObject } from '../spec.ts'
import { pieces, type ReadRequest, type SimulatedAnswer, SimulatedRefusal } from './behaviour.ts'

const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json())
const block = z.looseObject({ type: z.string(), text: z.string().optional(), content: z.unknown().optional() })
const content = z.union([z.string(), z.array(block)])
const body = z.looseObject({
  model: z.string(),
  max_tokens: z.number(),
  system: content.optional(),
  messages: z.array(z.looseObject({ role: z.string(), content })).min(1),
  stream: z.boolean().optional(),
  tools: z.array(z.looseObject({ name: z.string(), input_schema: jsonObject.optional() })).optional(),
  tool_choice: z.looseObject({ type: z.string(), name: z.string().optional() }).optional(),
  output_config: z.looseObject({ format: z.looseObject({ schema: jsonObject.optional() }).optional() }).optional(),
})

type Content = z.infer<typeof content>

function textOf(value: Content): string {
  if (typeof value === 'string') return value
  return value.flatMap((part) => (part.type === 'text' ? [part.text ?? ''] : [])).join('\n')
}

function toolResultsOf(value: Content): string[] {
  if (typeof value === 'string') return []
  return value.flatMap((part) => {
    if (part.type !== 'tool_result') return []
    const inner = content.safeParse(part.content ?? '')
    return [inner.success ? textOf(inner.data) : '']
  })
}

export function readAnthropic(value: unknown): ReadRequest {
  const parsed = body.safeParse(value)
  if (!parsed.success) throw new SimulatedRefusal(400, `Invalid request: ${z.prettifyError(parsed.error)}`)
  const b = parsed.data
  const lastUser = b.messages.findLastIndex((m) => m.role === 'user' && toolResultsOf(m.content).length === 0)
  const choice = b.tool_choice
  const texts = b.messages.map((message) => textOf(message.content))
  return {
    stream: b.stream === true,
    includeUsage: true,
    logprobs: false,
    request: {
      model: b.model,
      prompt: texts[lastUser] ?? '',
      chars: texts.reduce((sum, text) => sum + text.length, textOf(b.system ?? '').length),
      tools: (b.tools ?? []).map((tool) => ({ name: tool.name, schema: tool.input_schema ?? {} })),
      forceTool: choice?.type === 'any' ? true : choice?.type === 'tool' ? (choice.name ?? true) : false,
      toolResults: b.messages.slice(lastUser + 1).flatMap((message) => toolResultsOf(message.content)),
      json: b.output_config?.format ? { schema: b.output_config.format.schema ?? null } : null,
      maxOutputTokens: b.max_tokens,
    },
  }
}

const STOP = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const

function usage(answer: SimulatedAnswer, outputTokens: number) {
  return {
    input_tokens: answer.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    service_tier: 'standard',
  }
}

export function anthropicWhole(id: string, model: string, answer: SimulatedAnswer): Json {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content:
      answer.toolCalls.length > 0
        ? answer.toolCalls.map((call, i) => ({
            type: 'tool_use',
            id: `toolu_${id}${i}`,
            name: call.name,
            input: call.arguments,
          }))
        : [{ type: 'text', text: answer.text }],
    stop_reason: STOP[answer.finish],
    stop_sequence: null,
    usage: usage(answer, answer.outputTokens),
  }
}

export function* anthropicStream(id: string, model: string, answer: SimulatedAnswer): Generator<string> {
  const frame = (type: string, value: JsonObject) => `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`
  yield frame('message_start', {
    message: {
      id: `msg_${id}`,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: usage(answer, 1),
    },
  })
  yield frame('ping', {})
  if (answer.toolCalls.length === 0) {
    yield frame('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    for (const text of pieces(answer.text)) {
      yield frame('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
    }
    yield frame('content_block_stop', { index: 0 })
  }
  for (const [index, call] of answer.toolCalls.entries()) {
    const opening = { type: 'tool_use', id: `toolu_${id}${index}`, name: call.name, input: {} }
    yield frame('content_block_start', { index, content_block: opening })
    for (const piece of ['', ...(JSON.stringify(call.arguments).match(/.{1,12}/gsu) ?? [])]) {
      yield frame('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: piece } })
    }
    yield frame('content_block_stop', { index })
  }
  yield frame('message_delta', {
    delta: { stop_reason: STOP[answer.finish], stop_sequence: null },
    usage: usage(answer, answer.outputTokens),
  })
  yield frame('message_stop', {})
}
