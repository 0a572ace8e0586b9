/** The dialects, and what crosses between them. */
import type { Candidate, Exchange, Wire } from '../spec.ts'
import { DEFAULT_VERSION } from './anthropic.encode.ts'
import { anthropic } from './anthropic.ts'
import type { Body } from './body.ts'
import type { Dialect, ReplyOptions } from './dialect.ts'
import { withLogprobs, withoutLogprobs } from './openai.logprobs.ts'
import { openai } from './openai.ts'

export { anthropicAskForCount } from './anthropic.ask.ts'
export { type Body, readBody } from './body.ts'
export type { Dialect, ReplyOptions, StreamWriter, StreamWriterOptions } from './dialect.ts'
export { type ListedModel, renderModel, renderModels } from './models.ts'

export const dialects: Readonly<Record<Wire, Dialect>> = { openai, anthropic }

type Headers = Readonly<Record<string, string>>

export interface ExchangeOptions {
  /** Ask for log-probabilities, too, where the candidate is able to give them and the client says nothing of them. */
  readonly logprobs?: boolean
}

/** What a client's headers may say to an upstream of its own dialect; to another one, only the first two. */
export const FORWARDED_HEADERS = ['accept', 'user-agent', 'anthropic-version', 'anthropic-beta', 'openai-beta'] as const

/**
 * The request as `candidate` must receive it: the client's own bytes with another model where it speaks the client's
 * dialect, else translated. Header names are lower-case. Throws `invalid_request`, or `unsupported` where a translation
 * would lose what the client asked for.
 */
export function buildExchange(
  clientWire: Wire,
  body: Body,
  candidate: Candidate,
  headers: Headers,
  { logprobs = false }: ExchangeOptions = {},
): Exchange {
  const dialect = dialects[candidate.wire]
  const same = clientWire === candidate.wire
  const sent = forward(headers, candidate.wire, same)
  const without = same
    ? body.withModel(candidate.model)
    : translate(clientWire, body, candidate, sent['anthropic-version'])
  const said = 'logprobs' in body.json || 'top_logprobs' in body.json
  const adds = logprobs && !said && candidate.wire === 'openai' && candidate.capabilities.has('logprobs')
  return {
    path: dialect.path,
    headers: sent,
    ...(adds ? { body: withLogprobs(without), added: { without, strip: withoutLogprobs } } : { body: without }),
    stream: body.json.stream === true,
    reader: dialect.streamReader,
    readReply: dialect.readReply,
    readFailure: dialect.readFailure,
  }
}

function forward(headers: Headers, wire: Wire, same: boolean): Record<string, string> {
  const out: Record<string, string> = { 'content-type': 'application/json' }
  for (const name of same ? FORWARDED_HEADERS : FORWARDED_HEADERS.slice(0, 2)) {
    const value = headers[name]
    if (value !== undefined) out[name] = value
  }
  if (wire === 'anthropic') out['anthropic-version'] ??= DEFAULT_VERSION
  return out
}

function translate(clientWire: Wire, body: Body, candidate: Candidate, version: string | undefined): Uint8Array {
  const request = dialects[clientWire].decodeRequest(body.json)
  const encoded = dialects[candidate.wire].encodeRequest(request, candidate.model, {
    reasoning: candidate.capabilities.has('reasoning'),
    ...(candidate.maxOutput !== undefined && { maxOutput: candidate.maxOutput }),
    ...(version !== undefined && { version }),
  })
  return new TextEncoder().encode(JSON.stringify(encoded))
}

/** A complete answer of one dialect as the bytes of another. Throws `upstream_malformed`. */
export function translateReply(from: Dialect, to: Dialect, body: Uint8Array, options: ReplyOptions): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(to.encodeReply(from.decodeReply(body), options)))
}
