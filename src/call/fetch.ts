/** The upstream transport over `fetch`, for runtimes that have nothing else. */
import { SwitchyardError } from '../errors.ts'
import type { Transport, UpstreamRequest, UpstreamResponse } from '../spec.ts'

/**
 * A transport over the given `fetch`. It cannot tell connecting from waiting, so `connectTimeoutMs` has no effect:
 * the first-token timeout bounds both.
 */
export function createFetchTransport(fetch: typeof globalThis.fetch): Transport {
  return async (request: UpstreamRequest): Promise<UpstreamResponse> => {
    let response: Response
    try {
      response = await fetch(request.url, {
        method: request.method,
        headers: request.headers,
        ...(request.method === 'POST' && { body: new Uint8Array(request.body) }),
        redirect: 'manual',
        signal: request.signal,
      })
    } catch (thrown) {
      if (request.signal.aborted) throw request.signal.reason
      throw new SwitchyardError('upstream_unreachable', 'the connection failed', { cause: thrown })
    }
    const headers: Record<string, string> = {}
    response.headers.forEach((value, name) => {
      // `fetch` has already decoded the body.
      if (name !== 'content-encoding') headers[name] = value
    })
    return { status: response.status, headers, body: read(response.body) }
  }
}

async function* read(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    // A no-op after a clean end; otherwise the consumer left, and the upstream must stop.
    await reader.cancel().catch(() => undefined)
  }
}
