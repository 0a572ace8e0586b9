/** A complete chat completion, read and written. */
import { SwitchyardError } from '../errors.ts'
import type { Exchange, Finish } from '../spec.ts'
import type { CanonicalReply, ToolCall } from './canonical.ts'
import type { ReplyOptions } from './dialect.ts'
import { finishFromOpenai, finishToOpenai } from './finish.ts'
import { fieldsOf, itemsOf, textOf } from './json.ts'
import { lowLogprob, tokenLogprobs } from './openai.logprobs.ts'
import { type Fields, isFields, maybe, parseReply } from './read.ts'
import { toolId } from './toolId.ts'
import { usageFromOpenai, usageToOpenai } from './usage.ts'

/** Usage, finish and log-probability. Throws `upstream_malformed`. */
export function readOpenaiReply(body: Uint8Array): ReturnType<Exchange['readReply']> {
  const reply = parseReply(body)
  const first = firstChoice(reply)
  return {
    usage: usageFromOpenai(reply.usage),
    finish: readFinish(first),
    logprob: lowLogprob(tokenLogprobs(first.choice)),
  }
}

/** Throws `upstream_malformed`. */
export function decodeOpenaiReply(body: Uint8Array): CanonicalReply {
  const reply = parseReply(body)
  const first = firstChoice(reply)
  const { message } = first
  return {
    id: textOf(reply.id),
    model: textOf(reply.model),
    text: textOf(message.content),
    reasoning: textOf(message.reasoning_content) || textOf(message.reasoning),
    refusal: textOf(message.refusal) || null,
    toolCalls: itemsOf(message.tool_calls).map(readToolCall),
    finish: readFinish(first),
    stopSequence: null,
    usage: usageFromOpenai(reply.usage),
  }
}

interface Choice {
  readonly choice: Fields
  readonly message: Fields
}

function firstChoice(reply: Fields): Choice {
  const choice = fieldsOf(itemsOf(reply.choices)[0])
  if (isFields(choice.message)) return { choice, message: choice.message }
  throw new SwitchyardError('upstream_malformed', 'The upstream sent an answer without a message.')
}

function readFinish({ choice, message }: Choice): Finish {
  return finishFromOpenai(textOf(choice.finish_reason) || null, {
    tools: itemsOf(message.tool_calls).length > 0 || isFields(message.function_call),
    refusal: textOf(message.refusal) !== '',
  })
}

function readToolCall(value: unknown, index: number): ToolCall {
  const call = fieldsOf(value)
  const target = fieldsOf(call.function)
  const json = textOf(target.arguments)
  return {
    id: textOf(call.id) || `call_${index}`,
    name: textOf(target.name),
    arguments: json.trim() === '' ? '{}' : json,
  }
}

/** The answer as OpenAI sends it, with the nulls that its schema requires. */
export function encodeOpenaiReply(reply: CanonicalReply, options: ReplyOptions): Record<string, unknown> {
  const calls = reply.toolCalls.map((call) => ({
    id: toolId(call.id),
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }))
  const silent = reply.text === '' && (calls.length > 0 || reply.refusal !== null)
  const message = {
    role: 'assistant',
    content: silent ? null : reply.text,
    refusal: reply.refusal,
    // Not OpenAI's own, but what clients of open reasoning models read.
    ...maybe('reasoning_content', reply.reasoning || undefined),
    ...maybe('tool_calls', calls.length > 0 ? calls : undefined),
  }
  return {
    id: `chatcmpl-${options.id}`,
    object: 'chat.completion',
    created: options.created,
    model: options.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishToOpenai(reply.finish) }],
    ...maybe('usage', reply.usage === null ? undefined : usageToOpenai(reply.usage)),
    system_fingerprint: null,
  }
}
