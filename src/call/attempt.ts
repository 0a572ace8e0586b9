/** One upstream call up to the commit point: nothing of it has been handed out when it fails. */
import { concat } from '../bytes.ts'
import { ERRORS, SwitchyardError } from '../errors.ts'
import type { Exchange, Finish, UpstreamFailure, UpstreamResponse, Usage } from '../spec.ts'
import { ClientAbort, type Flight } from './flight.ts'
import { returnedHeaders, upstreamHeaders } from './headers.ts'
import { withholdBytes } from './secrets.ts'
import { Frames } from './stream.ts'

const MAX_REPLY_BYTES = 32 * 1024 * 1024
/** An error answer's beginning says what it is. */
const MAX_REJECTION_BYTES = 1024 * 1024

/** An upstream's own error answer. */
export interface Rejection {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly failure: UpstreamFailure
}

export interface Whole {
  readonly kind: 'whole'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly usage: Usage | null
  readonly finish: Finish | null
  readonly logprob: number | null
}

export interface Stream {
  readonly kind: 'stream'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly frames: Frames
}

export interface Failed {
  readonly kind: 'failed'
  readonly error: SwitchyardError
  readonly rejection: Rejection | null
  /** The same candidate may be asked again. */
  readonly retryable: boolean
  /** Another candidate may be asked. */
  readonly failover: boolean
  readonly retryAfterMs: number | null
}

/** Makes one call. Throws only ClientAbort; whatever else happens is in the result, with the flight settled unless frames are still to come. */
export async function attempt(flight: Flight, exchange: Exchange): Promise<Whole | Stream | Failed> {
  const { provider, candidate } = flight.options
  flight.expect(provider.timeouts.firstTokenTimeoutMs, 'first-token')
  try {
    const response = await connect(flight, exchange)
    flight.status = response.status
    if (response.status < 200 || response.status > 299) return await readRejection(flight, exchange, response)
    if (response.headers['content-encoding'] && response.headers['content-encoding'] !== 'identity')
      throw flight.error('upstream_malformed', 'sent a compressed answer, though asked for a plain one')
    return exchange.stream ? await openStream(flight, exchange, response) : await readWhole(flight, exchange, response)
  } catch (thrown) {
    if (thrown instanceof ClientAbort) throw thrown
    const error =
      thrown instanceof SwitchyardError
        ? thrown
        : new SwitchyardError('internal', `Reading the answer of candidate ${candidate.id} failed.`, { cause: thrown })
    flight.settleWith(error)
    return { kind: 'failed', error, rejection: null, ...remedy(error), retryAfterMs: null }
  }
}

/**
 * What may follow a failure without an answer. A silent upstream is not asked twice, since that doubles the wait; one
 * that does not speak the protocol will not learn it; what is wrong with the request itself no candidate makes good. A connection that broke before anything was handed out is: the
 * upstream may have begun to work on the request, as it may when either vendor's own SDK retries.
 */
function remedy({ code }: SwitchyardError): { retryable: boolean; failover: boolean } {
  const retryable = ERRORS[code].retryable && code !== 'upstream_timeout' && code !== 'upstream_malformed'
  return { retryable, failover: code !== 'invalid_request' && code !== 'internal' }
}

async function connect(flight: Flight, exchange: Exchange): Promise<UpstreamResponse> {
  const { provider } = flight.options
  if (flight.signal.aborted) throw flight.broken(null)
  try {
    return await provider.transport({
      url: provider.baseUrl.replace(/\/$/, '') + exchange.path,
      method: 'POST',
      headers: upstreamHeaders(provider, exchange),
      body: exchange.body,
      signal: flight.signal,
      connectTimeoutMs: provider.timeouts.connectTimeoutMs,
    })
  } catch (thrown) {
    throw flight.broken(thrown)
  }
}

async function readWhole(flight: Flight, exchange: Exchange, response: UpstreamResponse): Promise<Whole> {
  const { idleTimeoutMs } = flight.options.provider.timeouts
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response.body) {
      if (length === 0) flight.output()
      flight.expect(idleTimeoutMs, 'idle')
      chunks.push(chunk)
      length += chunk.length
      if (length > MAX_REPLY_BYTES) break
    }
  } catch (thrown) {
    throw flight.broken(thrown)
  }
  if (length > MAX_REPLY_BYTES)
    throw flight.error('upstream_malformed', `sent an answer of more than ${MAX_REPLY_BYTES} bytes`)
  const body = concat(chunks)
  const said = readReply(flight, exchange, body)
  flight.settle(null, 'healthy')
  return {
    kind: 'whole',
    status: response.status,
    headers: returnedHeaders(response.headers),
    body: exchange.added?.strip(body) ?? body,
    ...said,
  }
}

/** What is said of a body that is no answer may quote it. */
function readReply(flight: Flight, exchange: Exchange, body: Uint8Array): ReturnType<Exchange['readReply']> {
  try {
    return exchange.readReply(body)
  } catch {
    return exchange.readReply(withholdBytes(body, flight.options.provider))
  }
}

async function openStream(flight: Flight, exchange: Exchange, response: UpstreamResponse): Promise<Stream> {
  const type = response.headers['content-type'] ?? ''
  if (!/^text\/event-stream\b/i.test(type))
    throw flight.error(
      'upstream_malformed',
      `answered a request for a stream with ${type.slice(0, 60) || 'no content type'}`,
    )
  const frames = new Frames(flight, response.body, exchange)
  await frames.open()
  return { kind: 'stream', status: response.status, headers: returnedHeaders(response.headers), frames }
}

/** An error answer counts as far as it has arrived: its status has said the main thing. */
async function readRejection(flight: Flight, exchange: Exchange, response: UpstreamResponse): Promise<Failed> {
  const { status, headers } = response
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk)
      length += chunk.length
      if (length > MAX_REJECTION_BYTES) break
    }
  } catch (thrown) {
    const error = flight.broken(thrown)
    if (error instanceof ClientAbort) throw error
  }
  const body = withholdBytes(concat(chunks), flight.options.provider)
  const failure = exchange.readFailure(status, headers, body)
  // A key that the upstream refuses is the upstream's trouble, not the request's.
  const failing = failure.retryable || status === 401 || status === 402 || status === 403
  flight.settle(failure.code, failing ? 'failing' : 'healthy')
  return {
    kind: 'failed',
    error: flight.error('upstream_error', `answered with status ${status}`),
    rejection: { status, headers: returnedHeaders(headers), body, failure },
    retryable: failure.retryable,
    failover: failure.failover,
    retryAfterMs: failure.retryAfterMs,
  }
}
