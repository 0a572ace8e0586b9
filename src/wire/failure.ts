/** What an upstream's error answer means: may the same candidate be asked again, may another help, and what to tell the client. */
import type { ErrorCode } from '../errors.ts'
import type { UpstreamFailure } from '../spec.ts'
import { CONTEXT_LENGTH, FILTERED, NO_MONEY } from '../vendorErrors.ts'
import { fieldsOf, textOf } from './json.ts'

type Headers = Readonly<Record<string, string>>

/** The vendor's envelope, read as far as it is there. */
interface Said {
  /** OpenAI's `code`, or Anthropic's `details.error_code`. */
  readonly code: string
  readonly type: string
  readonly message: string
}

interface Verdict {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly failover: boolean
}

const MAX_MESSAGE = 500

/** Reads an error answer of either vendor, or of what stands in front of it (HTML, plain text). */
export function readFailure(status: number, headers: Headers, body: Uint8Array): UpstreamFailure {
  const said = readEnvelope(new TextDecoder().decode(body))
  const verdict = judge(status, said)
  const order = headers['x-should-retry']
  const retryable = order === 'true' ? true : order === 'false' ? false : verdict.retryable
  return { ...verdict, retryable, message: describe(status, said), retryAfterMs: readRetryAfterMs(headers) }
}

function judge(status: number, said: Said): Verdict {
  const words = `${said.code} ${said.type} ${said.message}`
  if (status < 500 && status !== 401) {
    if (NO_MONEY.test(words)) return elsewhere('upstream_rejected')
    if (status !== 429 && CONTEXT_LENGTH.test(words)) return elsewhere('context_length_exceeded')
    if (FILTERED.test(`${said.code} ${said.type}`)) return hopeless('invalid_request')
  }
  if (status === 408 || status === 504) return again('upstream_timeout')
  if (status === 409) return again('upstream_error')
  if (status === 429) return again('upstream_rate_limited')
  if (status === 503 || status === 529) return again('upstream_overloaded')
  if (status >= 500) return again('upstream_error')
  // The gateway's own key or account, not the client's.
  if (status === 401 || status === 402 || status === 403) return elsewhere('upstream_rejected')
  if (status === 413) return elsewhere('body_too_large')
  if (status === 404) return /model/i.test(words) ? elsewhere('model_not_found') : hopeless('not_found')
  // A redirect, which is never followed, or a success that is none: the address is wrong.
  if (status < 400) return elsewhere('upstream_rejected')
  return hopeless('invalid_request')
}

/** The same candidate may do better later, another one now. */
function again(code: ErrorCode): Verdict {
  return { code, retryable: true, failover: true }
}

/** This candidate will not, another one may. */
function elsewhere(code: ErrorCode): Verdict {
  return { code, retryable: false, failover: true }
}

/** The request itself is at fault. */
function hopeless(code: ErrorCode): Verdict {
  return { code, retryable: false, failover: false }
}

function describe(status: number, said: Said): string {
  // The vendors quote the refused key, which is the gateway's.
  if (status === 401) return "The upstream refused the gateway's key (401); check the provider's key."
  return said.message || `The upstream answered ${status} without a readable error.`
}

/** `{error: {...}}` of both vendors, or what compatible servers write in its place; of HTML the title, of text its beginning. */
function readEnvelope(text: string): Said {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    const html = /^\s*</.test(text)
    const plain = html ? (/<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1] ?? '') : text
    return { code: '', type: '', message: plain.replace(/\s+/g, ' ').trim().slice(0, MAX_MESSAGE) }
  }
  const outer = fieldsOf(json)
  const error = fieldsOf(outer.error)
  return {
    code: String(error.code ?? '') || textOf(fieldsOf(error.details).error_code),
    type: textOf(error.type),
    message: textOf(error.message) || textOf(outer.error) || textOf(outer.message) || textOf(outer.detail),
  }
}

/** Milliseconds to wait. A date is measured from the answer's own `date` header, so that no clock is needed. */
export function readRetryAfterMs(headers: Headers): number | null {
  const ms = Number.parseFloat(headers['retry-after-ms'] ?? '')
  if (ms >= 0) return ms
  const value = headers['retry-after']
  if (value === undefined) return null
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000
  const wait = Date.parse(value) - Date.parse(headers.date ?? '')
  return Number.isNaN(wait) ? null : Math.max(0, wait)
}
