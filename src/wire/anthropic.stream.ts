/** Anthropic's streamed messages, read and written. */
import { SwitchyardError } from '../errors.ts'
import type { Finish, StreamPart, StreamReader, Usage } from '../spec.ts'
import { codeOfWord } from '../vendorErrors.ts'
import { blockWriter, frame } from './anthropic.blocks.ts'
import { renderAnthropicStreamError } from './anthropic.error.ts'
import type { StreamWriter, StreamWriterOptions } from './dialect.ts'
import { finishFromAnthropic, finishToAnthropic } from './finish.ts'
import { fieldsOf, textOf } from './json.ts'
import type { Fields } from './read.ts'
import { createStreamReader, type Interpreter, type Sink } from './reader.ts'
import { toolId } from './toolId.ts'
import { usageFromAnthropic, usageToAnthropic } from './usage.ts'

/** Reads a message stream. It is complete at `message_stop`; usage is the last count of each kind, never a sum. */
export function anthropicStreamReader(): StreamReader {
  return createStreamReader(anthropicInterpreter())
}

function anthropicInterpreter(): Interpreter {
  const tools = toolReader()
  let started = false
  let counts: Fields = {}
  let stopReason: string | null = null
  let stopped = false

  const count = (usage: unknown) => {
    // Cumulative; what a later event leaves out or sends as null keeps its earlier value.
    const known = Object.entries(fieldsOf(usage)).filter(([, value]) => value !== null)
    counts = { ...counts, ...Object.fromEntries(known) }
  }
  const readStart = (message: Fields, sink: Sink) => {
    if (started) return
    started = true
    count(message.usage)
    const inputTokens = usageFromAnthropic(counts)?.input ?? null
    sink.emit({ type: 'start', id: textOf(message.id) || null, model: textOf(message.model) || null, inputTokens })
  }
  const readStop = (delta: Fields, usage: unknown, sink: Sink) => {
    count(usage)
    stopReason = textOf(delta.stop_reason) || stopReason
    sink.say('refusal', fieldsOf(delta.stop_details).explanation)
  }

  const interpreter: Interpreter = {
    read(event, sink) {
      switch (event.type) {
        case 'message_start':
          return readStart(fieldsOf(event.message), sink)
        case 'content_block_start':
          return readBlock(event.index, fieldsOf(event.content_block), tools, sink)
        case 'content_block_delta':
          return readDelta(event.index, fieldsOf(event.delta), tools, sink)
        case 'content_block_stop':
          return tools.stop(event.index, sink)
        case 'message_delta':
          return readStop(fieldsOf(event.delta), event.usage, sink)
        case 'message_stop':
          stopped = true
          return interpreter.end(sink)
      }
    },
    end(sink) {
      if (!stopped) return
      sink.emit({ type: 'finish', finish: finishFromAnthropic(stopReason), usage: interpreter.usage })
    },
    get usage() {
      return usageFromAnthropic(counts)
    },
    get finish() {
      return stopped ? finishFromAnthropic(stopReason) : null
    },
    logprob: null,
  }
  return interpreter
}

function readBlock(index: unknown, block: Fields, tools: ToolReader, sink: Sink): void {
  if (block.type === 'tool_use') tools.start(index, block, sink)
  else if (block.type === 'text') sink.say('text', block.text)
  else if (block.type === 'thinking') sink.say('reasoning', block.thinking)
  // Server tools and their results, redacted thinking: clients of this dialect see them, the other has no counterpart.
  else sink.reveal()
}

function readDelta(index: unknown, delta: Fields, tools: ToolReader, sink: Sink): void {
  if (delta.type === 'text_delta') sink.say('text', delta.text)
  else if (delta.type === 'thinking_delta') sink.say('reasoning', delta.thinking)
  else if (delta.type === 'input_json_delta') tools.append(index, textOf(delta.partial_json), sink)
  else if (delta.type === 'signature_delta') {
    const signature = textOf(delta.signature)
    if (signature !== '') sink.emit({ type: 'reasoning_signature', signature })
  }
}

interface ToolReader {
  start(block: unknown, content: Fields, sink: Sink): void
  append(block: unknown, json: string, sink: Sink): void
  /** A call that got no arguments in pieces gets what its block began with: `{}`. */
  stop(block: unknown, sink: Sink): void
}

/** Index of a content block → index of the tool call: text and thinking take block indexes too. */
function toolReader(): ToolReader {
  interface Call {
    readonly index: number
    readonly input: unknown
    argued: boolean
  }
  const open = new Map<unknown, Call>()
  let calls = 0

  return {
    start(block, content, sink) {
      const call = { index: calls++, input: content.input, argued: false }
      open.set(block, call)
      const id = textOf(content.id) || `toolu_${call.index}`
      sink.emit({ type: 'tool_start', index: call.index, id, name: textOf(content.name) })
    },
    append(block, json, sink) {
      const call = open.get(block)
      if (call === undefined || json === '') return
      call.argued = true
      sink.emit({ type: 'tool_arguments', index: call.index, json })
    },
    stop(block, sink) {
      const call = open.get(block)
      open.delete(block)
      if (call === undefined || call.argued) return
      sink.emit({ type: 'tool_arguments', index: call.index, json: JSON.stringify(call.input ?? {}) })
    },
  }
}

/**
 * Writes a message stream. Content blocks are opened when they have content, one at a time and in the order in which
 * they began; what belongs to a later block waits until the one before it is done. Reasoning is left out: without the
 * vendor's signature a client could not send it back.
 */
export function anthropicStreamWriter(options: StreamWriterOptions): StreamWriter {
  const blocks = blockWriter()
  let state: 'idle' | 'open' | 'closed' = 'idle'
  let refusal = ''

  const open = (inputTokens: number) => {
    if (state === 'open') return ''
    state = 'open'
    return frame('message_start', {
      message: {
        model: options.model,
        id: `msg_${options.id}`,
        type: 'message',
        role: 'assistant',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        usage: {
          input_tokens: inputTokens,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
          output_tokens: 1,
        },
      },
    })
  }
  const writeFinish = (finish: Finish, usage: Usage | null) => {
    const explanation = refusal || null
    const delta = {
      stop_reason: finishToAnthropic(finish),
      stop_sequence: null,
      stop_details: finish.unified === 'refusal' ? { type: 'refusal', category: null, explanation } : null,
      container: null,
    }
    // The field is required; without the upstream's count, about four characters to a token.
    const tokens = usage === null ? { output_tokens: Math.ceil(blocks.chars / 4) } : usageToAnthropic(usage)
    return blocks.end() + frame('message_delta', { delta, usage: tokens }) + frame('message_stop')
  }
  const writeContent = (part: StreamPart): string => {
    switch (part.type) {
      case 'start':
      case 'reasoning':
      case 'reasoning_signature':
        return ''
      case 'text':
        return blocks.text(part.text)
      case 'refusal':
        refusal += part.text
        return blocks.text(part.text)
      case 'tool_start':
        return blocks.tool(part.index, toolId(part.id), part.name)
      case 'tool_arguments':
        return blocks.arguments(part.index, part.json)
      case 'finish':
        state = 'closed'
        return writeFinish(part.finish, part.usage)
      case 'error':
        state = 'closed'
        return renderAnthropicStreamError(new SwitchyardError(codeOfWord(part.code), part.message), options.id)
    }
  }

  return {
    write(part) {
      if (state === 'closed') return ''
      if (part.type === 'error') return writeContent(part)
      const head = open((part.type === 'start' ? part.inputTokens : null) ?? options.inputTokens)
      return head + writeContent(part)
    },
  }
}
