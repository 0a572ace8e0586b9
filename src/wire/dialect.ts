/** What every dialect provides. `openai.ts` and `anthropic.ts` each export one object of this type. */
import type { SwitchyardError } from '../errors.ts'
import type { Ask, Exchange, StreamPart, StreamReader, UpstreamFailure, Wire } from '../spec.ts'
import type { CanonicalReply, CanonicalRequest } from './canonical.ts'

export interface Dialect {
  readonly name: Wire
  /** Appended to a provider's base URL: `/chat/completions`. */
  readonly path: string

  /** Reads what routing needs. Throws `invalid_request` naming the field for what is missing or of the wrong type. */
  ask(body: Readonly<Record<string, unknown>>): Ask

  /** Request into the canonical form. Throws `unsupported` for what the other dialect cannot carry and must not lose. */
  decodeRequest(body: Readonly<Record<string, unknown>>): CanonicalRequest
  /** Canonical form into this dialect's request body, for `model`. */
  encodeRequest(request: CanonicalRequest, model: string, options: EncodeOptions): Record<string, unknown>

  /** What a complete answer says beside its words, without translating it. Throws `upstream_malformed`. */
  readonly readReply: Exchange['readReply']
  decodeReply(body: Uint8Array): CanonicalReply
  encodeReply(reply: CanonicalReply, options: ReplyOptions): Record<string, unknown>

  streamReader(): StreamReader
  streamWriter(options: StreamWriterOptions): StreamWriter

  readFailure(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): UpstreamFailure
  /** The vendor's envelope, status and headers for an error of ours (or of an upstream of the other dialect). */
  renderError(
    error: SwitchyardError,
    requestId: string,
  ): { status: number; headers: Record<string, string>; body: string }
  /** The frame that ends a stream that failed. Nothing may follow it. */
  renderStreamError(error: SwitchyardError, requestId: string): string
}

export interface EncodeOptions {
  /** The candidate's limit on output tokens, used where the dialect requires one and the client set none. */
  readonly maxOutput?: number
  readonly reasoning: boolean
  /** The dialect's API version that will be sent, where it changes what may be said. */
  readonly version?: string
}

export interface ReplyOptions {
  /** What the client sees as the answer's model. */
  readonly model: string
  /** Seconds since the epoch. */
  readonly created: number
  /** A unique id without the vendor's prefix. */
  readonly id: string
}

export interface StreamWriterOptions extends ReplyOptions {
  readonly includeUsage: boolean
  /** Estimated, for dialects that must name input tokens before the upstream does. */
  readonly inputTokens: number
}

/** Writes the answer's stream in the client's dialect. An explicit state machine: any order of parts gives a valid stream. */
export interface StreamWriter {
  write(part: StreamPart): string
}
