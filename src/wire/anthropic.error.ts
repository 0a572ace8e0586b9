/** Errors in Anthropic's envelope. */
import type { SwitchyardError } from '../errors.ts'
import { retryHeaders } from './retryHeaders.ts'

const TYPES: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [408, 'timeout_error'],
  [409, 'conflict_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

/** Status, headers and body of an error answer. What is 503 elsewhere is 529 here. */
export function renderAnthropicError(error: SwitchyardError, requestId: string) {
  const headers = { 'content-type': 'application/json', 'request-id': requestId, ...retryHeaders(error) }
  return { status: statusOf(error), headers, body: JSON.stringify(envelope(error, requestId)) }
}

/** The last event of a stream that failed. */
export function renderAnthropicStreamError(error: SwitchyardError, requestId: string): string {
  return `event: error\ndata: ${JSON.stringify(envelope(error, requestId))}\n\n`
}

function envelope(error: SwitchyardError, requestId: string): object {
  const status = statusOf(error)
  const type = TYPES.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  const message = error.code === 'context_length_exceeded' ? tooLong(error.message) : error.message
  return { type: 'error', error: { type, message }, request_id: requestId }
}

function statusOf(error: SwitchyardError): number {
  return error.status === 503 ? 529 : error.status
}

/** Clients shorten their conversation when they read these words, with the two numbers where an upstream named them. */
function tooLong(message: string): string {
  if (/prompt is too long/i.test(message)) return message
  const counts = /maximum context length is (\d+) tokens\D+(\d+) tokens/i.exec(message)
  return counts ? `prompt is too long: ${counts[2]} tokens > ${counts[1]} maximum` : `prompt is too long: ${message}`
}
