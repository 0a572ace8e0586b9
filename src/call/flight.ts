/** One upstream call in flight: its cancellation, its time limits, its breaker permit and its one log row. */
import { ERRORS, type ErrorCode, SwitchyardError } from '../errors.ts'
import type { Attempt, Candidate, Provider } from '../spec.ts'
import type { Permit } from './breaker.ts'

/** The client left. Not a failure: nobody waits for an answer, and the outcome's status is `client_abort`. */
export class ClientAbort extends Error {
  override readonly name = 'ClientAbort'
  readonly status = 'client_abort'

  constructor() {
    super('The client closed the connection before the answer was complete.')
  }
}

/** What an aborted signal means for a call: whoever gave it up says so with an error of ours; else it is the client that left. */
export function abortOf(signal: AbortSignal): ClientAbort | SwitchyardError {
  return signal.reason instanceof SwitchyardError ? signal.reason : new ClientAbort()
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes backward. */
  monotonic(): number
}

export interface FlightOptions {
  readonly decision: string
  readonly index: number
  readonly candidate: Candidate
  readonly provider: Provider
  readonly permit: Permit
  /** Of whoever waits for the answer. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly onAttempt: (attempt: Attempt) => void
}

export class Flight {
  readonly options: FlightOptions
  /** HTTP status, once known. */
  status: number | null = null
  /** When the first output came, on the monotonic clock. */
  outputAt: number | null = null
  readonly #controller = new AbortController()
  readonly #startedAt: number
  readonly #startedAtEpoch: number
  readonly #endsAt: number
  #limit: 'first-token' | 'idle' | 'total' = 'total'
  #until: number
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer will look at the limit again. */
  #looksAt = Number.POSITIVE_INFINITY
  /** The last look found the limit passed. */
  #late = false
  #over = false

  constructor(options: FlightOptions) {
    const { clock, provider, signal } = options
    this.options = options
    this.#startedAtEpoch = clock.now()
    this.#startedAt = clock.monotonic()
    this.#endsAt = this.#startedAt + provider.timeouts.totalTimeoutMs
    this.#until = this.#endsAt
    signal.addEventListener('abort', this.cancel, { once: true })
    if (signal.aborted) this.cancel()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The upstream must be heard within `ms` from now. Moving the limit outward costs no timer. */
  expect(ms: number, limit: 'first-token' | 'idle'): void {
    const until = this.options.clock.monotonic() + ms
    this.#limit = until < this.#endsAt ? limit : 'total'
    this.#until = Math.min(until, this.#endsAt)
    if (this.#until < this.#looksAt) this.#look()
  }

  /** The first output has arrived. */
  output(): void {
    this.outputAt = this.options.clock.monotonic()
    this.options.permit.respond()
    this.rest()
  }

  /** Nothing is expected: the upstream has been heard, and whoever reads its answer takes its time. */
  rest(): void {
    this.#limit = 'total'
    this.#until = this.#endsAt
  }

  #look = (): void => {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#over) return
    const leftMs = this.#until - this.options.clock.monotonic()
    if (leftMs <= 0 && this.#late) {
      this.#controller.abort(this.#timeout())
      return
    }
    // Late once: the process itself may have been busy, with the answer already in its sockets. They are read first.
    this.#late = leftMs <= 0
    this.#looksAt = this.#until
    // A timer may fire up to one millisecond early; the next look corrects it.
    this.#timer = setTimeout(this.#look, Math.max(1, Math.ceil(leftMs)))
  }

  #timeout(): SwitchyardError {
    const { timeouts } = this.options.provider
    const said = {
      'first-token': `sent no answer within ${timeouts.firstTokenTimeoutMs} ms (firstTokenTimeoutMs)`,
      idle: `fell silent in the middle of its answer for ${timeouts.idleTimeoutMs} ms (idleTimeoutMs)`,
      total: `did not complete its answer within ${timeouts.totalTimeoutMs} ms (totalTimeoutMs)`,
    }
    return this.error('upstream_timeout', said[this.#limit])
  }

  /** An error about this upstream. `said` completes the sentence "Candidate x (provider y) …". */
  error(code: ErrorCode, said: string, cause?: unknown): SwitchyardError {
    const { candidate, provider } = this.options
    const advice = ERRORS[code].retryable ? ' Try again, or ask for another model.' : ''
    return new SwitchyardError(code, `Candidate ${candidate.id} (provider ${provider.id}) ${said}.${advice}`, { cause })
  }

  /** Why the connection failed, whatever the transport threw: an abort's reason says more than what it broke. */
  broken(thrown: unknown): SwitchyardError | ClientAbort {
    const { reason } = this.signal
    if (reason instanceof ClientAbort || reason instanceof SwitchyardError) return reason
    // A transport's own message names no address; anything else might.
    const detail = thrown instanceof SwitchyardError ? `: ${thrown.message}` : ''
    if (this.status !== null) return this.error('upstream_truncated', `broke off its answer${detail}`, thrown)
    const late = thrown instanceof SwitchyardError && thrown.code === 'upstream_timeout'
    return this.error(late ? 'upstream_timeout' : 'upstream_unreachable', `could not be reached${detail}`, thrown)
  }

  /** Whoever waited for the answer, or read it, does so no longer. */
  cancel = (): void => {
    const why = abortOf(this.options.signal)
    this.settle(why instanceof ClientAbort ? why.status : why.code, 'none', why)
  }

  /**
   * Ends the call once: the log row is written, the breaker told, the connection closed unless the answer is complete.
   * @param error `null` for success, else the code for the log
   * @param blame what it says about the upstream's health
   */
  settle(error: string | null, blame: 'healthy' | 'failing' | 'none', reason?: unknown): void {
    if (this.#over) return
    this.#over = true
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    const { signal, clock, permit, onAttempt, decision, index, candidate, provider } = this.options
    signal.removeEventListener('abort', this.cancel)
    if (blame === 'healthy') permit.succeed()
    else if (blame === 'failing') permit.fail()
    else permit.release()
    onAttempt({
      decision,
      index,
      candidate: candidate.id,
      provider: provider.id,
      at: this.#startedAtEpoch,
      status: this.status,
      error,
      ttftMs: this.outputAt === null ? null : this.outputAt - this.#startedAt,
      latencyMs: clock.monotonic() - this.#startedAt,
      costUsd: null,
    })
    if (error !== null) this.#controller.abort(reason)
  }

  /** Ends the call with what went wrong after the upstream was asked. */
  settleWith(failure: SwitchyardError | ClientAbort): void {
    if (failure instanceof ClientAbort) this.settle('client_abort', 'none', failure)
    else this.settle(failure.code, blameOf(failure.code), failure)
  }
}

/** A request that the upstream refuses with good reason says that the upstream is alive. */
function blameOf(code: ErrorCode): 'healthy' | 'failing' {
  return ERRORS[code].status >= 500 || code === 'upstream_rate_limited' ? 'failing' : 'healthy'
}
