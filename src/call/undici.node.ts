/**
 * The upstream transport on Node, straight on undici's dispatcher: response bytes go from the parser to the consumer
 * without a stream object in between, and a consumer that is slow stops the socket.
 */
import { type Dispatcher, Pool } from 'undici'
import { SwitchyardError } from '../errors.ts'
import type { Transport, UpstreamRequest, UpstreamResponse } from '../spec.ts'

/** Bytes waiting for the consumer beyond which the socket is no longer read. */
const MAX_WAITING_BYTES = 64 * 1024
/** How long an idle connection is kept; load balancers commonly close theirs after 60 s. An upstream's own hint wins. */
const KEEP_ALIVE_MS = 30_000

/**
 * A transport with its connection pools. HTTP/1.1, one request at a time per connection, so that an abort can close
 * the connection and stop the upstream. Redirects are not followed; time limits other than connecting are the caller's.
 * @param options.connections most connections per origin; further requests wait for one
 */
export function createUndiciTransport(options: { readonly connections?: number } = {}): {
  transport: Transport
  close(): Promise<void>
} {
  const pools = new Map<string, Pool>()
  const poolOf = (origin: string, connectTimeoutMs: number): Pool => {
    const key = `${origin} ${connectTimeoutMs}`
    const known = pools.get(key)
    if (known) return known
    const pool = new Pool(origin, {
      connections: options.connections ?? 1024,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: connectTimeoutMs },
    })
    pools.set(key, pool)
    return pool
  }
  return {
    transport: (request) => {
      const call = new UndiciCall(request)
      const pathAt = request.url.indexOf('/', request.url.indexOf('//') + 2)
      call.dispatch(poolOf(request.url.slice(0, pathAt), request.connectTimeoutMs), request.url.slice(pathAt))
      return call.response
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
      pools.clear()
    },
  }
}

/** One request: undici's handler on one side, the response's body on the other. */
class UndiciCall implements Dispatcher.DispatchHandler, AsyncIterableIterator<Uint8Array> {
  readonly response: Promise<UpstreamResponse>
  readonly #request: UpstreamRequest
  readonly #head = Promise.withResolvers<UpstreamResponse>()
  #controller: Dispatcher.DispatchController | null = null
  #chunks: Uint8Array[] = []
  #waitingBytes = 0
  #next: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | null = null
  #state: 'open' | 'ended' | 'failed' = 'open'
  #error: unknown = null

  constructor(request: UpstreamRequest) {
    this.#request = request
    this.response = this.#head.promise
  }

  dispatch(pool: Pool, path: string): void {
    const { signal, method, headers, body } = this.#request
    if (signal.aborted) {
      this.#fail(signal.reason)
      return
    }
    signal.addEventListener('abort', this.#onAbort, { once: true })
    try {
      pool.dispatch({ path, method, headers, body: method === 'GET' ? null : body }, this)
    } catch (thrown) {
      this.#fail(unreachable(thrown))
    }
  }

  /** The waiting side is told at once, even while undici is still connecting. */
  #onAbort = (): void => {
    const { reason } = this.#request.signal
    this.#fail(reason)
    this.#controller?.abort(reason)
  }

  #fail(error: unknown): void {
    if (this.#state !== 'open') return
    this.#close('failed')
    this.#error = error
    this.#head.reject(error)
    this.#next?.reject(error)
    this.#next = null
  }

  #close(state: 'ended' | 'failed'): void {
    this.#state = state
    this.#request.signal.removeEventListener('abort', this.#onAbort)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#state === 'failed') controller.abort(asError(this.#error))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    raw: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    const headers: Record<string, string> = {}
    for (const name in raw) {
      const value = raw[name]
      if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ')
    }
    this.#head.resolve({ status, headers, body: this })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#state !== 'open') return
    if (this.#next) {
      this.#next.resolve({ value: chunk, done: false })
      this.#next = null
      return
    }
    this.#chunks.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes >= MAX_WAITING_BYTES) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#state !== 'open') return
    this.#close('ended')
    this.#next?.resolve({ value: undefined, done: true })
    this.#next = null
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(unreachable(error))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#chunks.shift()
    if (value) {
      this.#waitingBytes -= value.length
      if (this.#controller?.paused && this.#waitingBytes < MAX_WAITING_BYTES) this.#controller.resume()
      return Promise.resolve({ value, done: false })
    }
    if (this.#state === 'ended') return Promise.resolve({ value: undefined, done: true })
    if (this.#state === 'failed') return Promise.reject(this.#error)
    this.#next = Promise.withResolvers()
    return this.#next.promise
  }

  /** The consumer left: the connection is closed unless the body has ended. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#chunks = []
    if (this.#state === 'open') {
      this.#close('ended')
      this.#controller?.abort(new Error('the body is no longer wanted'))
    }
    return Promise.resolve({ value: undefined, done: true })
  }
}

/** What undici says, as ours. The text names the system's error code, never an address. */
function unreachable(thrown: unknown): SwitchyardError {
  const code = codeOf(thrown)
  if (code === 'UND_ERR_CONNECT_TIMEOUT')
    return new SwitchyardError('upstream_timeout', 'it did not accept a connection in time', { cause: thrown })
  return new SwitchyardError('upstream_unreachable', `the connection failed (${code})`, { cause: thrown })
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code
  // Several addresses were tried: the first error speaks for all.
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors[0])
  return 'unknown'
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted')
}
