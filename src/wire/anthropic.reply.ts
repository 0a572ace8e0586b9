/** A complete message, read and written. */
import { SwitchyardError } from '../errors.ts'
import type { Exchange, Usage } from '../spec.ts'
import type { CanonicalReply, ToolCall } from './canonical.ts'
import type { ReplyOptions } from './dialect.ts'
import { finishFromAnthropic, finishToAnthropic } from './finish.ts'
import { fieldsOf, itemsOf, textOf } from './json.ts'
import { type Fields, isFields, parseReply } from './read.ts'
import { toolId } from './toolId.ts'
import { usageFromAnthropic, usageToAnthropic } from './usage.ts'

const NO_USAGE: Usage = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 }

/** Usage and finish; the dialect has no log-probabilities. Throws `upstream_malformed`. */
export function readAnthropicReply(body: Uint8Array): ReturnType<Exchange['readReply']> {
  const reply = readMessage(body)
  return {
    usage: usageFromAnthropic(reply.usage),
    finish: finishFromAnthropic(textOf(reply.stop_reason) || null),
    logprob: null,
  }
}

/** Throws `upstream_malformed`. What the vendor's own tools left in the answer has no place in another dialect. */
export function decodeAnthropicReply(body: Uint8Array): CanonicalReply {
  const reply = readMessage(body)
  const blocks = itemsOf(reply.content).map(fieldsOf)
  const join = (type: string, field: string) =>
    blocks.flatMap((block) => (block.type === type ? [textOf(block[field])] : [])).join('')
  return {
    id: textOf(reply.id),
    model: textOf(reply.model),
    text: join('text', 'text'),
    reasoning: join('thinking', 'thinking'),
    refusal: textOf(fieldsOf(reply.stop_details).explanation) || null,
    toolCalls: blocks.filter((block) => block.type === 'tool_use').map(readToolUse),
    finish: finishFromAnthropic(textOf(reply.stop_reason) || null),
    stopSequence: textOf(reply.stop_sequence) || null,
    usage: usageFromAnthropic(reply.usage),
  }
}

function readMessage(body: Uint8Array): Fields {
  const reply = parseReply(body)
  if (Array.isArray(reply.content)) return reply
  throw new SwitchyardError('upstream_malformed', 'The upstream sent an answer without content.')
}

function readToolUse(block: Fields): ToolCall {
  return { id: textOf(block.id), name: textOf(block.name), arguments: JSON.stringify(block.input ?? {}) }
}

/**
 * The answer as Anthropic sends it, with the nulls that real answers have. Reasoning is left out: without the vendor's
 * signature a client could not send it back. Throws `upstream_malformed` when a finished tool call has broken arguments.
 */
export function encodeAnthropicReply(reply: CanonicalReply, options: ReplyOptions): Record<string, unknown> {
  const said = reply.text || reply.refusal || ''
  const stopped = reply.stopSequence !== null && reply.finish.unified === 'stop'
  return {
    id: `msg_${options.id}`,
    type: 'message',
    role: 'assistant',
    model: options.model,
    content: [...(said === '' ? [] : [{ type: 'text', text: said }]), ...writeToolUses(reply)],
    stop_reason: stopped ? 'stop_sequence' : finishToAnthropic(reply.finish),
    stop_sequence: stopped ? reply.stopSequence : null,
    stop_details:
      reply.finish.unified === 'refusal' ? { type: 'refusal', category: null, explanation: reply.refusal } : null,
    container: null,
    diagnostics: null,
    usage: usageToAnthropic(reply.usage ?? NO_USAGE),
  }
}

function writeToolUses(reply: CanonicalReply): object[] {
  return reply.toolCalls.flatMap((call) => {
    const input = parseObject(call.arguments)
    if (input !== null) {
      return [{ type: 'tool_use', id: toolId(call.id), name: call.name, input, caller: { type: 'direct' } }]
    }
    // Cut off by the token limit: there is no call to make, and the finish reason says why.
    if (reply.finish.unified === 'length') return []
    const message = `The upstream called tool ${JSON.stringify(call.name)} with arguments that are not a JSON object.`
    throw new SwitchyardError('upstream_malformed', message)
  })
}

function parseObject(json: string): Fields | null {
  try {
    const value: unknown = JSON.parse(json)
    return isFields(value) ? value : null
  } catch {
    return null
  }
}
