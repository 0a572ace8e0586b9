/**
 * A simulated upstream that speaks both wire formats truly: streaming or not, tools, usage, errors in the vendor's
 * envelope. It stands behind the provider kinds `demo` and `replay`, and in tests in the place of the paid model.
 * It shares no code with `wire/`, so that a mistake there cannot hide itself.
 */
import type { Transport, UpstreamRequest, UpstreamResponse } from '../spec.ts'
import { anthropicStream, anthropicWhole, readAnthropic } from './anthropic.ts'
import { type Behaviour, type SimulatedAnswer, SimulatedRefusal } from './behaviour.ts'
import { openaiStream, openaiWhole, readOpenai } from './openai.ts'

export interface SimulatedOptions {
  /** Waits, unless the signal aborts first, which rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Between two frames of a stream. */
  readonly paceMs: number
}

const encoder = new TextEncoder()

/** A transport that never leaves the process: `behaviour` answers. */
export function createSimulatedUpstream(behaviour: Behaviour, options: SimulatedOptions): Transport {
  let served = 0
  return async (upstream) => {
    const { pathname } = new URL(upstream.url)
    const anthropic = pathname.endsWith('/messages')
    if (!anthropic && !pathname.endsWith('/chat/completions')) {
      return errorResponse(false, 404, `The simulated upstream has no ${upstream.method} ${pathname}.`)
    }
    const id = (served++).toString(36).padStart(10, '0')
    try {
      const body: unknown = JSON.parse(new TextDecoder().decode(upstream.body))
      const { request, stream, ...asked } = anthropic ? readAnthropic(body) : readOpenai(body)
      const answer = limited(behaviour(request), request.maxOutputTokens)
      if (answer.latencyMs > 0) await options.sleep(answer.latencyMs, upstream.signal)
      if (!stream) {
        const whole = anthropic
          ? anthropicWhole(id, request.model, answer)
          : openaiWhole(id, request.model, answer, asked)
        return response(200, 'application/json', id, anthropic, [JSON.stringify(whole)], upstream, options)
      }
      const frames = anthropic
        ? anthropicStream(id, request.model, answer)
        : openaiStream(id, request.model, answer, asked)
      return response(200, 'text/event-stream; charset=utf-8', id, anthropic, frames, upstream, options)
    } catch (error) {
      if (error instanceof SimulatedRefusal) return errorResponse(anthropic, error.status, error.message)
      if (error instanceof SyntaxError) return errorResponse(anthropic, 400, 'The body is not JSON.')
      throw error
    }
  }
}

/** Cuts an answer at the client's limit, four characters to a token, as a real provider would: finish `length`. */
function limited(answer: SimulatedAnswer, maxOutputTokens: number | null): SimulatedAnswer {
  if (maxOutputTokens === null || answer.outputTokens <= maxOutputTokens || answer.toolCalls.length > 0) return answer
  const share = maxOutputTokens / answer.outputTokens
  const text = answer.text.slice(0, Math.floor(answer.text.length * share))
  return { ...answer, text, outputTokens: maxOutputTokens, finish: 'length' }
}

function response(
  status: number,
  contentType: string,
  id: string,
  anthropic: boolean,
  frames: Iterable<string>,
  upstream: UpstreamRequest,
  options: SimulatedOptions,
): UpstreamResponse {
  const headers = { 'content-type': contentType, [anthropic ? 'request-id' : 'x-request-id']: `req_${id}` }
  return { status, headers, body: paced(frames, upstream.signal, options) }
}

async function* paced(
  frames: Iterable<string>,
  signal: AbortSignal,
  { paceMs, sleep }: SimulatedOptions,
): AsyncGenerator<Uint8Array> {
  let first = true
  for (const frame of frames) {
    if (!first && paceMs > 0) await sleep(paceMs, signal)
    first = false
    signal.throwIfAborted()
    yield encoder.encode(frame)
  }
}

function errorResponse(anthropic: boolean, status: 400 | 404, message: string): UpstreamResponse {
  const type = status === 404 ? 'not_found_error' : 'invalid_request_error'
  const body = anthropic
    ? { type: 'error', error: { type, message }, request_id: 'req_simulated' }
    : {
        error: {
          message,
          type: 'invalid_request_error',
          param: status === 404 ? 'model' : null,
          code: status === 404 ? 'model_not_found' : null,
        },
      }
  async function* bytes() {
    yield encoder.encode(JSON.stringify(body))
  }
  return { status, headers: { 'content-type': 'application/json' }, body: bytes() }
}
