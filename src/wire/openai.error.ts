/** Errors in OpenAI's envelope: always the four keys `message`, `type`, `param`, `code`. */
import type { ErrorCode, SwitchyardError } from '../errors.ts'
import { retryHeaders } from './retryHeaders.ts'

/** The vendor's own codes, which clients compare with; other errors show the code of the error table. */
const CODES: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'invalid_api_key',
  rate_limited: 'rate_limit_exceeded',
  budget_exceeded: 'insufficient_quota',
  upstream_rate_limited: 'rate_limit_exceeded',
  unsupported: 'unsupported_parameter',
}

/** Status, headers and body of an error answer. 529 is not a status OpenAI knows. */
export function renderOpenaiError(error: SwitchyardError, requestId: string) {
  const headers = { 'content-type': 'application/json', 'x-request-id': requestId, ...retryHeaders(error) }
  return { status: error.status === 529 ? 503 : error.status, headers, body: JSON.stringify(envelope(error)) }
}

/** The last frame of a stream that failed. */
export function renderOpenaiStreamError(error: SwitchyardError): string {
  return `data: ${JSON.stringify(envelope(error))}\n\n`
}

function envelope(error: SwitchyardError): object {
  const param = error.param ?? (error.code === 'context_length_exceeded' ? 'messages' : null)
  return { error: { message: error.message, type: typeOf(error), param, code: CODES[error.code] ?? error.code } }
}

function typeOf({ status, code }: SwitchyardError): string {
  if (code === 'budget_exceeded') return 'insufficient_quota'
  if (status === 429) return 'requests'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
