/**
 * One table of everything that can go wrong: code → HTTP status → may the client try again → message template.
 * Each dialect renders it in its own envelope (`wire/`); nothing else in the project invents a status.
 */

interface Entry {
  readonly status: number
  readonly retryable: boolean
}

export const ERRORS = {
  // The client's doing.
  invalid_json: { status: 400, retryable: false },
  invalid_request: { status: 400, retryable: false },
  unsupported: { status: 400, retryable: false },
  context_length_exceeded: { status: 400, retryable: false },
  no_feasible_candidate: { status: 400, retryable: false },
  unauthorized: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  model_not_found: { status: 404, retryable: false },
  decision_not_found: { status: 404, retryable: false },
  body_too_large: { status: 413, retryable: false },
  policy_damaged: { status: 422, retryable: false },
  policy_unfit: { status: 422, retryable: false },
  rate_limited: { status: 429, retryable: true },
  // As the vendors answer a spent quota: a 429 that no client should try again on its own.
  budget_exceeded: { status: 429, retryable: false },
  // The upstream's doing.
  upstream_rejected: { status: 502, retryable: false },
  upstream_error: { status: 502, retryable: true },
  upstream_rate_limited: { status: 429, retryable: true },
  upstream_unreachable: { status: 502, retryable: true },
  upstream_malformed: { status: 502, retryable: true },
  upstream_truncated: { status: 502, retryable: true },
  upstream_timeout: { status: 504, retryable: true },
  upstream_overloaded: { status: 503, retryable: true },
  upstream_open: { status: 503, retryable: true },
  // Ours.
  overloaded: { status: 503, retryable: true },
  draining: { status: 503, retryable: true },
  log_full: { status: 503, retryable: true },
  log_failed: { status: 503, retryable: true },
  budget_unreachable: { status: 503, retryable: true },
  data_invalid: { status: 500, retryable: false },
  internal: { status: 500, retryable: false },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof ERRORS

export interface ErrorDetails {
  /** The request field at fault, as a path. */
  readonly param?: string
  /** Seconds the client should wait. */
  readonly retryAfterS?: number
  /** The status to answer with where the table's is too coarse (an upstream's own status). */
  readonly status?: number
  readonly cause?: unknown
}

/** The only error type that crosses a module border. `message` is shown to the client: what happened, to what, what to do. */
export class SwitchyardError extends Error {
  override readonly name = 'SwitchyardError'
  readonly code: ErrorCode
  readonly status: number
  readonly retryable: boolean
  readonly param: string | undefined
  readonly retryAfterS: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = details.status ?? ERRORS[code].status
    this.retryable = ERRORS[code].retryable
    this.param = details.param
    this.retryAfterS = details.retryAfterS
  }
}

/** Anything thrown, as a SwitchyardError; what is not ours becomes `internal` without leaking its text. */
export function toSwitchyardError(thrown: unknown): SwitchyardError {
  if (thrown instanceof SwitchyardError) return thrown
  return new SwitchyardError(
    'internal',
    'Switchyard failed to handle the request; the log of the gateway has the cause.',
    {
      cause: thrown,
    },
  )
}

/** Whether a word from outside is a code of the table. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(ERRORS, word)
}
