/** A complete chat completion, read and written. */
import { SwitchyardError } from '../errors.ts'
import type { Finish, Usage } from '../spec.ts'
import type { CanonicalReply, ToolCall } from './canonical.ts'
import type { ReplyOptions } from './dialect.ts'
import { finishFromOpenai, finishToOpenai } from './finish.ts'
import { fieldsOf, itemsOf, textOf } from './json.ts'
import { type Fields, isFields, maybe, parseReply } from './read.ts'
import { toolId } from './toolId.ts'
import { usageFromOpenai, usageToOpenai } from './usage.ts'

/** Usage and finish. Throws `upstream_malformed`. */
export function readOpenaiReply(body: Uint8Array): { usage: Usage | null; finish: Finish | null } {
  const reply = parseReply(body)
  const { choice } = firstChoice(reply)
  return { usage: usageFromOpenai(reply.usage), finish: finishFromOpenai(textOf(choice.finish_reason) || null) }
}

/** Throws `upstream_malformed`. */
export function decodeOpenaiReply(body: Uint8Array): CanonicalReply {
  const reply = parseReply(body)
  const { choice, message } = firstChoice(reply)
  const toolCalls = itemsOf(message.tool_calls).map(readToolCall)
  const refusal = textOf(message.refusal) || null
  return {
    id: textOf(reply.id),
    model: textOf(reply.model),
    text: textOf(message.content),
    reasoning: textOf(message.reasoning_content) || textOf(message.reasoning),
    refusal,
    toolCalls,
    finish: readFinish(textOf(choice.finish_reason) || null, toolCalls.length > 0, refusal !== null),
    stopSequence: null,
    usage: usageFromOpenai(reply.usage),
  }
}

function firstChoice(reply: Fields): { choice: Fields; message: Fields } {
  const choice = fieldsOf(itemsOf(reply.choices)[0])
  if (isFields(choice.message)) return { choice, message: choice.message }
  throw new SwitchyardError('upstream_malformed', 'The upstream sent an answer without a message.')
}

/** A forced tool is reported as `stop`, and so is a refusal: what came counts. The vendor's word stays in `raw`. */
function readFinish(raw: string | null, called: boolean, refused: boolean): Finish {
  const finish = finishFromOpenai(raw)
  if (finish.unified !== 'stop') return finish
  if (called) return { unified: 'tool_calls', raw }
  return refused ? { unified: 'refusal', raw } : finish
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
