/** OpenAI chat completions as a provider writes them. */
import * as z from 'zod'
import type { Json, JsonObject } from '../spec.ts'
import { pieces, type ReadRequest, type SimulatedAnswer, SimulatedRefusal } from './behaviour.ts'

const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json())
const content = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  z.null(),
])
const body = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: content.optional() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  logprobs: z.boolean().nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  tools: z
    .array(
      z.looseObject({ function: z.looseObject({ name: z.string(), parameters: jsonObject.optional() }).optional() }),
    )
    .nullish(),
  tool_choice: z
    .union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })])
    .nullish(),
  response_format: z
    .looseObject({ type: z.string(), json_schema: z.looseObject({ schema: jsonObject.optional() }).optional() })
    .nullish(),
})

function textOf(value: z.infer<typeof content> | undefined): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : value.map((part) => part.text ?? '').join('\n')
}

export function readOpenai(value: unknown): ReadRequest {
  const parsed = body.safeParse(value)
  if (!parsed.success) throw new SimulatedRefusal(400, `Invalid request: ${z.prettifyError(parsed.error)}`)
  const b = parsed.data
  const lastUser = b.messages.findLastIndex((message) => message.role === 'user')
  const choice = b.tool_choice
  return {
    stream: b.stream === true,
    includeUsage: b.stream_options?.include_usage === true,
    logprobs: b.logprobs === true,
    request: {
      model: b.model,
      prompt: textOf(b.messages[lastUser]?.content),
      chars: b.messages.reduce((sum, message) => sum + textOf(message.content).length, 0),
      tools: (b.tools ?? []).flatMap((tool) =>
        tool.function ? [{ name: tool.function.name, schema: tool.function.parameters ?? {} }] : [],
      ),
      forceTool: choice === 'required' ? true : typeof choice === 'object' ? (choice?.function?.name ?? false) : false,
      toolResults: b.messages
        .slice(lastUser + 1)
        .filter((m) => m.role === 'tool')
        .map((m) => textOf(m.content)),
      json:
        b.response_format && b.response_format.type !== 'text'
          ? { schema: b.response_format.json_schema?.schema ?? null }
          : null,
      maxOutputTokens: b.max_completion_tokens ?? b.max_tokens ?? null,
    },
  }
}

const created = () => Math.floor(Date.now() / 1000)

function usage(answer: SimulatedAnswer) {
  return {
    prompt_tokens: answer.inputTokens,
    completion_tokens: answer.outputTokens,
    total_tokens: answer.inputTokens + answer.outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** Of tokens that make up `text`; `null` where the model gives none. */
function logprobsOf(text: string, logprob: number | undefined): Json {
  if (logprob === undefined) return null
  const content = pieces(text).map((token) => ({
    token,
    logprob,
    bytes: [...new TextEncoder().encode(token)],
    top_logprobs: [],
  }))
  return { content, refusal: null }
}

type Asked = Pick<ReadRequest, 'includeUsage' | 'logprobs'>

export function openaiWhole(id: string, model: string, answer: SimulatedAnswer, { logprobs }: Asked): Json {
  const calls = answer.toolCalls.map((call, i) => ({
    id: `call_${id}${i}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }))
  const message = { role: 'assistant', content: calls.length > 0 ? null : answer.text, refusal: null, annotations: [] }
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: created(),
    model,
    choices: [
      {
        index: 0,
        message: calls.length > 0 ? { ...message, tool_calls: calls } : message,
        logprobs: logprobs && calls.length === 0 ? logprobsOf(answer.text, answer.logprob) : null,
        finish_reason: answer.finish,
      },
    ],
    usage: usage(answer),
    service_tier: 'default',
    system_fingerprint: null,
  }
}

export function* openaiStream(
  id: string,
  model: string,
  answer: SimulatedAnswer,
  { includeUsage, logprobs }: Asked,
): Generator<string> {
  const head = {
    id: `chatcmpl-${id}`,
    object: 'chat.completion.chunk',
    created: created(),
    model,
    service_tier: 'default',
    system_fingerprint: null,
  }
  const frame = (delta: Json, finishReason: string | null, logprobs: Json = null) =>
    `data: ${JSON.stringify({
      ...head,
      choices: [{ index: 0, delta, logprobs, finish_reason: finishReason }],
      ...(includeUsage ? { usage: null } : {}),
    })}\n\n`
  if (answer.toolCalls.length === 0) {
    yield frame({ role: 'assistant', content: '', refusal: null }, null)
    for (const piece of pieces(answer.text))
      yield frame({ content: piece }, null, logprobs ? logprobsOf(piece, answer.logprob) : null)
  }
  for (const [index, call] of answer.toolCalls.entries()) {
    const opening = { index, id: `call_${id}${index}`, type: 'function', function: { name: call.name, arguments: '' } }
    yield frame(
      index === 0 ? { role: 'assistant', content: null, tool_calls: [opening] } : { tool_calls: [opening] },
      null,
    )
    for (const piece of JSON.stringify(call.arguments).match(/.{1,12}/gsu) ?? []) {
      yield frame({ tool_calls: [{ index, function: { arguments: piece } }] }, null)
    }
  }
  yield frame({}, answer.finish)
  if (includeUsage) yield `data: ${JSON.stringify({ ...head, choices: [], usage: usage(answer) })}\n\n`
  yield 'data: [DONE]\n\n'
}
