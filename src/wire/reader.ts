/**
 * What reading a stream has in common in both dialects: events out of bytes, progress, and the rule that a complete
 * stream yields exactly one `finish`, any other exactly one `error`, and nothing after it.
 */
import type { Finish, StreamPart, StreamReader, Usage } from '../spec.ts'
import { textOf } from './json.ts'
import { type Fields, isFields } from './read.ts'
import { createSseReader } from './sse.ts'

/** Takes the parts that one dialect's events mean. */
export interface Sink {
  readonly pending: boolean
  emit(part: StreamPart): void
  /** Emits a piece of text; nothing for what is empty or no text. */
  say(type: 'text' | 'reasoning' | 'refusal', text: unknown): void
  /** Something that a client could see, though it has no part of its own. */
  reveal(): void
}

/** One dialect's meaning of events. */
export interface Interpreter {
  read(event: Fields, sink: Sink): void
  /** The bytes ended. Emits `finish` if the answer is complete, otherwise nothing. */
  end(sink: Sink): void
  readonly usage: Usage | null
  readonly finish: Finish | null
  readonly logprob: number | null
}

const TRUNCATED = "The upstream's stream ended before the answer was complete."

/** Reads a stream through a dialect's interpreter. */
export function createStreamReader(interpreter: Interpreter): StreamReader {
  let progress: StreamReader['progress'] = 'pending'
  let parts: StreamPart[] = []

  const closed = () => progress === 'finished' || progress === 'failed'
  const sink: Sink = {
    get pending() {
      return progress === 'pending'
    },
    emit(part) {
      if (closed()) return
      parts.push(part)
      if (part.type === 'finish') progress = 'finished'
      else if (part.type === 'error') progress = 'failed'
      else if (part.type !== 'start') progress = 'output'
    },
    say(type, value) {
      const text = textOf(value)
      if (text !== '') sink.emit({ type, text })
    },
    reveal() {
      if (progress === 'pending') progress = 'output'
    },
  }
  const malformed = (message: string) => sink.emit({ type: 'error', code: 'upstream_malformed', message })
  const end = () => {
    if (closed()) return
    interpreter.end(sink)
    sink.emit({ type: 'error', code: 'upstream_truncated', message: TRUNCATED })
  }
  const feed = createSseReader({
    onEvent(data, name) {
      if (closed() || data === '') return
      if (data === '[DONE]') return end()
      const event = parse(data)
      if (!isFields(event)) return malformed('The upstream sent an event that is not a JSON object.')
      // OpenAI-compatible servers put the error under `error`, some only name the event so; Anthropic does both.
      if (event.error || name === 'error') return sink.emit(readError(event))
      interpreter.read(event, sink)
    },
    onMalformed: malformed,
  })
  const take = () => {
    const taken = parts
    parts = []
    return taken
  }

  return {
    push(chunk) {
      if (!closed()) feed(chunk)
      return take()
    },
    end() {
      end()
      return take()
    },
    get progress() {
      return progress
    },
    get usage() {
      return interpreter.usage
    },
    get finish() {
      return interpreter.finish
    },
    get logprob() {
      return interpreter.logprob
    },
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

/** An error in the stream. Its code is the vendor's own word: OpenAI's `code`, else the `type` of either. */
function readError(event: Fields): StreamPart {
  const { error } = event
  const { code, type, message } = isFields(error) ? error : event
  return {
    type: 'error',
    code: (typeof code === 'number' ? String(code) : textOf(code)) || textOf(type) || 'upstream_error',
    message: textOf(message) || textOf(error) || 'The upstream reported an error without a message.',
  }
}
