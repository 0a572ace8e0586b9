/** A streamed answer, from its first byte: held back until it says something, then handed out event by event. */
import type { SwitchyardError } from '../errors.ts'
import type { Exchange, StreamPart, StreamReader } from '../spec.ts'
import { codeOfWord } from '../vendorErrors.ts'
import { createEventCutter } from './events.ts'
import { ClientAbort, type Flight } from './flight.ts'
import { withhold, withholdBytes } from './secrets.ts'

/** Whole events, and what they say. An upstream's own error event is the last part of the last frame. */
export interface Frame {
  readonly bytes: Uint8Array
  readonly parts: readonly StreamPart[]
}

/** Held back while waiting for the first output; an upstream that says more than this without output is let through. */
const MAX_HELD_BYTES = 64 * 1024
/** One event. */
const MAX_EVENT_BYTES = 1024 * 1024
/** After a complete answer only usage and an end mark can follow; an upstream that keeps the connection open is not waited for. */
const TAIL_MS = 2000

/**
 * Yields frames, then ends if the answer is complete and throws if it is not. Every frame ends with a blank line, so
 * that an error event can be written after any of them. Leaving the loop early cancels the upstream.
 */
export class Frames implements AsyncIterableIterator<Frame> {
  readonly reader: StreamReader
  readonly #flight: Flight
  readonly #body: AsyncIterator<Uint8Array>
  readonly #cutter = createEventCutter()
  readonly #added: Exchange['added']
  #held: Frame[] = []
  #open = false
  /** What comes after the frames held: more of the stream, its end, or an error. */
  #then: 'more' | 'end' | SwitchyardError | ClientAbort = 'more'

  constructor(flight: Flight, body: AsyncIterable<Uint8Array>, exchange: Pick<Exchange, 'reader' | 'added'>) {
    this.#flight = flight
    this.#body = body[Symbol.asyncIterator]()
    this.reader = exchange.reader()
    this.#added = exchange.added
  }

  /** Resolves when there is something for the client; throws what ended the answer before that. Under the first-token limit. */
  async open(): Promise<void> {
    let bytes = 0
    while (this.reader.progress === 'pending' && bytes <= MAX_HELD_BYTES) {
      const frame = await this.#read()
      if (frame === null) break
      this.#held.push(frame)
      bytes += frame.bytes.length
    }
    if (typeof this.#then !== 'string') throw this.#then
    this.#open = true
    this.#flight.output()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Frame, undefined>> {
    const held = this.#held.shift()
    if (held) return { value: held, done: false }
    const frame = this.#then === 'more' ? await this.#read() : null
    if (frame) return { value: frame, done: false }
    if (typeof this.#then !== 'string') throw this.#then
    return { value: undefined, done: true }
  }

  /** Whoever reads has left. */
  return(): Promise<IteratorResult<Frame, undefined>> {
    this.#held = []
    if (this.#then === 'more') this.#then = 'end'
    this.#flight.cancel()
    return Promise.resolve({ value: undefined, done: true })
  }

  /** How long the next chunk may take. */
  get #patienceMs(): number {
    const { idleTimeoutMs } = this.#flight.options.provider.timeouts
    return this.reader.finish === null ? idleTimeoutMs : Math.min(idleTimeoutMs, TAIL_MS)
  }

  /** The next frame, or `null` at the end, with `#then` set. Never throws. */
  async #read(): Promise<Frame | null> {
    for (;;) {
      let step: IteratorResult<Uint8Array, unknown>
      if (this.#open) this.#flight.expect(this.#patienceMs, 'idle')
      try {
        step = await this.#body.next()
      } catch (thrown) {
        return this.#finish(() => this.#flight.broken(thrown))
      }
      if (step.done)
        return this.#finish(() => this.#flight.error('upstream_truncated', 'ended its answer before it was complete'))
      const bytes = this.#cutter.push(step.value)
      if (this.#cutter.held > MAX_EVENT_BYTES)
        return this.#fail(
          this.#flight.error('upstream_malformed', `sent an event of more than ${MAX_EVENT_BYTES} bytes`),
        )
      if (bytes.length === 0) continue
      const parts = this.reader.push(bytes)
      if (this.reader.progress === 'failed') return this.#failInBand({ bytes, parts })
      if (this.#open) this.#flight.rest()
      return { bytes: this.#added?.strip(bytes) ?? bytes, parts }
    }
  }

  /** The upstream has reported a failure, or what it sent is one: the last frame, to be passed on without secrets. */
  #failInBand({ bytes, parts }: Frame): Frame {
    const { provider } = this.#flight.options
    const clean = parts.map((part) =>
      part.type === 'error' ? { ...part, message: withhold(part.message, provider) } : part,
    )
    this.#fail(inBandError(this.#flight, clean))
    return { bytes: withholdBytes(bytes, provider), parts: clean }
  }

  /** The bytes have ended, one way or another. An answer that was complete by then is a success without its tail. */
  #finish(why: () => SwitchyardError | ClientAbort): Frame | null {
    if (this.#flight.signal.reason instanceof ClientAbort) return this.#fail(this.#flight.signal.reason)
    const parts = this.reader.end()
    if (this.reader.progress !== 'finished') return this.#fail(why())
    this.#then = 'end'
    this.#flight.settle(null, 'healthy')
    return parts.length === 0 ? null : { bytes: new Uint8Array(0), parts }
  }

  #fail(error: SwitchyardError | ClientAbort): null {
    this.#then = error
    this.#flight.settleWith(error)
    return null
  }
}

/** The upstream's own error event as ours. Its code is a vendor's word, or one of our table from the reader. */
function inBandError(flight: Flight, parts: readonly StreamPart[]): SwitchyardError {
  const part = parts.find((one) => one.type === 'error')
  const said = part?.type === 'error' ? part : { code: 'upstream_error', message: '' }
  return flight.error(codeOfWord(said.code), `reported an error in its stream: ${said.message || said.code}`)
}
