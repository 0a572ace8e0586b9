/**
 * Server-sent events: bytes however they were cut → events, and events → frames. The grammar is the HTML standard's; an
 * event that is not closed by a blank line is no event, so a cut can never be mistaken for one.
 */
import { createParser } from 'eventsource-parser'

/** The longest event that is read, in UTF-16 code units. No vendor comes near it; without a bound one line could hold all memory. */
export const MAX_EVENT_CHARS = 1_048_576

export interface SseOptions {
  onEvent(data: string, name: string | undefined): void
  /** The bytes are no event stream, or an event is too long. Nothing is read after it. */
  onMalformed(message: string): void
}

/** Feeds bytes to an event-stream parser. Unknown fields and comments are skipped, bad UTF-8 becomes U+FFFD. */
export function createSseReader({ onEvent, onMalformed }: SseOptions): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  let begun = false
  let malformed = false

  const fail = (message: string) => {
    if (malformed) return
    malformed = true
    onMalformed(message)
  }
  const tooLong = () => fail(`The upstream sent an event of more than ${MAX_EVENT_CHARS} characters.`)
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    onEvent: ({ data, event }) => {
      // The parser bounds what it holds back; an event that arrived in one piece is bounded here.
      if (data.length > MAX_EVENT_CHARS) tooLong()
      if (!malformed) onEvent(data, event)
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') tooLong()
    },
  })

  return (chunk) => {
    if (malformed) return
    const text = decoder.decode(chunk, { stream: true })
    if (!begun) {
      // `data`, `event`, `id`, `retry` or a comment: a page of HTML or a bare JSON body begins otherwise.
      const first = /[^\r\n]/.exec(text)?.[0]
      if (first === undefined) return
      if (!':deir'.includes(first)) return fail('The upstream answered with something that is not an event stream.')
      begun = true
    }
    parser.feed(text)
  }
}

/** One frame. JSON text has no line breaks, so one `data:` line is enough. */
export function formatEvent(data: object, name?: string): string {
  const head = name === undefined ? '' : `event: ${name}\n`
  return `${head}data: ${JSON.stringify(data)}\n\n`
}
