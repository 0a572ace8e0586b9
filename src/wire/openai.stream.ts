/** OpenAI's streamed chat completions (`chat.completion.chunk`), read and written. */
import { SwitchyardError } from '../errors.ts'
import type { Finish, StreamPart, StreamReader, Usage } from '../spec.ts'
import { codeOfWord } from '../vendorErrors.ts'
import type { StreamWriter, StreamWriterOptions } from './dialect.ts'
import { finishFromOpenai, finishToOpenai } from './finish.ts'
import { fieldsOf, itemsOf, textOf } from './json.ts'
import { renderOpenaiStreamError } from './openai.error.ts'
import { lowLogprob, tokenLogprobs } from './openai.logprobs.ts'
import type { Fields } from './read.ts'
import { createStreamReader, type Interpreter, type Sink } from './reader.ts'
import { formatEvent } from './sse.ts'
import { toolId } from './toolId.ts'
import { usageFromOpenai, usageToOpenai } from './usage.ts'

/**
 * Reads a chat completion stream. It is complete when every choice seen has a `finish_reason`, `[DONE]` or not; `finish`
 * is yielded at `[DONE]` or at the end, since usage comes in between. Parts are those of choice 0.
 */
export function openaiStreamReader(): StreamReader {
  return createStreamReader(openaiInterpreter())
}

function openaiInterpreter(): Interpreter {
  /** The finish reason of every choice seen, `null` while it is open. */
  const choices = new Map<number, string | null>()
  const tools = toolReader()
  const logprobs: number[] = []
  let started = false
  let refused = false
  let usage: Usage | null = null

  const readFinish = (): Finish | null => {
    if (choices.size === 0) return null
    for (const reason of choices.values()) if (reason === null) return null
    const raw = choices.get(Math.min(...choices.keys())) ?? null
    return finishFromOpenai(raw, { tools: tools.called, refusal: refused })
  }

  return {
    read(chunk, sink) {
      if (!started) {
        started = true
        sink.emit({
          type: 'start',
          id: textOf(chunk.id) || null,
          model: textOf(chunk.model) || null,
          inputTokens: null,
        })
      }
      // Some servers count along on every chunk: the last count is the answer's.
      if (chunk.usage) usage = usageFromOpenai(chunk.usage) ?? usage
      for (const item of itemsOf(chunk.choices)) {
        const choice = fieldsOf(item)
        const index = typeof choice.index === 'number' ? choice.index : 0
        const delta = fieldsOf(choice.delta)
        if (sink.pending && hasContent(delta)) sink.reveal()
        if (index === 0) {
          readDelta(delta, tools, sink)
          if (choice.logprobs) logprobs.push(...tokenLogprobs(choice))
        }
        if (delta.refusal) refused = true
        choices.set(index, textOf(choice.finish_reason) || choices.get(index) || null)
      }
    },
    end(sink) {
      const finish = readFinish()
      if (finish === null) return
      tools.end(sink)
      sink.emit({ type: 'finish', finish, usage })
    },
    get usage() {
      return usage
    },
    get finish() {
      return readFinish()
    },
    get logprob() {
      return lowLogprob(logprobs)
    },
  }
}

/** Whether a delta carries anything but its role, known to us or not (audio, a vendor's field). */
function hasContent(delta: Fields): boolean {
  for (const key in delta) {
    const value = delta[key]
    if (key === 'role' || value === null || value === '' || (Array.isArray(value) && value.length === 0)) continue
    return true
  }
  return false
}

function readDelta(delta: Fields, tools: ToolReader, sink: Sink): void {
  // Not OpenAI's own: servers of open models stream their reasoning under one of these names, or under both.
  sink.say('reasoning', textOf(delta.reasoning_content) || delta.reasoning)
  sink.say('text', delta.content)
  sink.say('refusal', delta.refusal)
  for (const item of itemsOf(delta.tool_calls)) tools.read(fieldsOf(item), sink)
  if (delta.function_call) tools.read({ function: delta.function_call }, sink)
}

interface ToolReader {
  readonly called: boolean
  read(delta: Fields, sink: Sink): void
  /** A call that never got arguments gets `{}`. */
  end(sink: Sink): void
}

/** Tool calls are numbered in the order they appear, whatever the upstream's own indexes are. */
function toolReader(): ToolReader {
  interface Call {
    readonly index: number
    readonly id: string
    argued: boolean
  }
  const calls: Call[] = []
  const latest = new Map<number, Call>()

  return {
    get called() {
      return calls.length > 0
    },
    read(delta, sink) {
      const call = fieldsOf(delta.function ?? delta.custom)
      const id = textOf(delta.id)
      const name = textOf(call.name)
      const at = typeof delta.index === 'number' ? delta.index : 0
      let open = latest.get(at)
      // Some servers give every parallel call index 0, or none: then a new id that brings a name is a new call.
      if (open === undefined || (id !== '' && name !== '' && id !== open.id)) {
        open = { index: calls.length, id: id || `call_${calls.length}`, argued: false }
        calls.push(open)
        latest.set(at, open)
        sink.emit({ type: 'tool_start', index: open.index, id: open.id, name })
      }
      const json = textOf(call.arguments) || textOf(call.input)
      if (json === '') return
      open.argued = true
      sink.emit({ type: 'tool_arguments', index: open.index, json })
    },
    end(sink) {
      for (const call of calls) {
        if (!call.argued) sink.emit({ type: 'tool_arguments', index: call.index, json: '{}' })
      }
    },
  }
}

/** Writes a chat completion stream: a role chunk, deltas, the finish chunk, usage if asked for, `[DONE]`. */
export function openaiStreamWriter(options: StreamWriterOptions): StreamWriter {
  const { model, created, includeUsage } = options
  const id = `chatcmpl-${options.id}`
  /** Index of a tool call in the parts → in this stream. */
  const tools = new Map<number, number>()
  let state: 'idle' | 'open' | 'closed' = 'idle'

  const chunk = (choices: readonly object[], usage: object | null = null) =>
    formatEvent({
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      system_fingerprint: null,
      choices,
      ...(includeUsage ? { usage } : {}),
    })
  const choice = (delta: object, finishReason: string | null = null) =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason: finishReason }])
  /** The role comes in the first chunk, with empty content if text follows, `null` if something else does. */
  const open = (content: '' | null) => {
    if (state === 'open') return ''
    state = 'open'
    return choice({ role: 'assistant', content, refusal: null })
  }

  const writeTool = (part: Extract<StreamPart, { type: 'tool_start' }>) => {
    if (tools.has(part.index)) return ''
    const index = tools.size
    tools.set(part.index, index)
    const call = { index, id: toolId(part.id), type: 'function', function: { name: part.name, arguments: '' } }
    return open(null) + choice({ tool_calls: [call] })
  }
  const writeArguments = (part: Extract<StreamPart, { type: 'tool_arguments' }>) => {
    const index = tools.get(part.index)
    return index === undefined ? '' : choice({ tool_calls: [{ index, function: { arguments: part.json } }] })
  }
  const writeFinish = (finish: Finish, usage: Usage | null) => {
    const head = open('') + choice({}, finishToOpenai(finish))
    const tail = includeUsage && usage !== null ? chunk([], usageToOpenai(usage)) : ''
    state = 'closed'
    return `${head}${tail}data: [DONE]\n\n`
  }

  return {
    write(part) {
      if (state === 'closed') return ''
      switch (part.type) {
        case 'start':
        case 'reasoning_signature':
          return ''
        case 'text':
          return part.text === '' ? '' : open('') + choice({ content: part.text })
        case 'refusal':
          return part.text === '' ? '' : open(null) + choice({ refusal: part.text })
        case 'reasoning':
          return part.text === '' ? '' : open(null) + choice({ reasoning_content: part.text })
        case 'tool_start':
          return writeTool(part)
        case 'tool_arguments':
          return writeArguments(part)
        case 'finish':
          return writeFinish(part.finish, part.usage)
        case 'error':
          state = 'closed'
          return renderOpenaiStreamError(new SwitchyardError(codeOfWord(part.code), part.message))
      }
    },
  }
}
