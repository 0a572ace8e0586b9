/**
 * Asks candidates in fail-over order until one answers. Nothing is handed out before the commit point — a stream's
 * first real output, a whole answer's last byte — so everything up to it can be tried again elsewhere, unseen.
 */
import { SwitchyardError } from '../errors.ts'
import type { Attempt, Candidate, Exchange, Finish, Provider, StreamReader, UpstreamFailure, Usage } from '../spec.ts'
import { attempt, type Failed } from './attempt.ts'
import type { Breakers } from './breaker.ts'
import { abortOf, type Clock, Flight } from './flight.ts'
import { retryDelayMs } from './retry.ts'
import type { Frame } from './stream.ts'

export { ClientAbort, type Clock } from './flight.ts'
export type { Frame } from './stream.ts'

/** A candidate, one of those who serve it, and the request as it must receive it, translated only when it is asked. */
export interface Arm {
  readonly candidate: Candidate
  readonly provider: Provider
  readonly exchange: () => Exchange
}

export interface CallOptions {
  /** The decision's id, for the log. */
  readonly decision: string
  /** Aborting it stops the upstream in every phase: with a SwitchyardError for that reason, else because the client has left. */
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  readonly breakers: Breakers
  /** Told once of every upstream call, when it is over: for a stream that is after its last frame. */
  readonly onAttempt: (attempt: Attempt) => void
}

interface Answer {
  readonly status: number
  /** Lower-case names; only those a client may see. */
  readonly headers: Readonly<Record<string, string>>
  /** The candidate that gave it. */
  readonly candidate: Candidate
  /** Upstream calls made. */
  readonly attempts: number
}

export type Reply =
  | (Answer & {
      readonly kind: 'whole'
      readonly body: Uint8Array
      readonly usage: Usage | null
      readonly finish: Finish | null
      /** As in `StreamReader`. */
      readonly logprob: number | null
      /** From the beginning of `call`, failed attempts included. */
      readonly ttftMs: number
      readonly latencyMs: number
    })
  | (Answer & {
      readonly kind: 'stream'
      /**
       * Ends if the answer is complete; otherwise throws SwitchyardError (`upstream_truncated`, `upstream_timeout`,
       * `upstream_error` …) or ClientAbort after the last good frame. Every frame is whole events. If the upstream
       * reported the failure itself, the last frame's last part is `error` and its bytes hold the event: passed through, it needs no second one.
       * Must be read or returned from.
       */
      readonly frames: AsyncIterableIterator<Frame>
      readonly reader: StreamReader
      readonly ttftMs: number
    })
  /** The upstream's own error answer, to be passed through or translated. */
  | (Answer & { readonly kind: 'rejected'; readonly body: Uint8Array; readonly failure: UpstreamFailure })

/**
 * Tries at one upstream while others are left: a hiccup is forgiven once, an outage is not waited for. Where another one serves the same
 * model, that one is asked at once.
 */
const TRIES_BEFORE_FAILOVER = { candidate: 2, upstream: 1 }

/**
 * Asks the arms in order; upstreams of one candidate stand next to each other. The same one is asked again for a connection that failed or broke and for statuses that
 * its dialect calls retryable, after a backoff or the upstream's Retry-After; the next one when that is not allowed,
 * not helpful (silence, a refused key, an open breaker), or has been done. What is wrong with the request itself is
 * returned at once. The provider's `retry.maxAttempts` bounds the calls over all arms. Where what was added to a request may be why it is refused, the same one is
 * asked once more without it, beyond that bound.
 *
 * Throws SwitchyardError when no upstream gave any answer, and ClientAbort, or its own reason, when `signal` was aborted.
 */
export async function call(arms: readonly Arm[], options: CallOptions): Promise<Reply> {
  const { signal, clock, breakers } = options
  const startedAt = clock.monotonic()
  let attempts = 0
  /** Calls that were refused, maybe for what was added, and do not count. */
  let spared = 0
  let worst: Failure | null = null

  for (const [position, arm] of arms.entries()) {
    const { candidate, provider } = arm
    const { retry } = provider
    const next = arms[position + 1]
    const tolerated = TRIES_BEFORE_FAILOVER[next?.candidate.id === candidate.id ? 'upstream' : 'candidate']
    const breaker = breakers.of(provider.id, candidate.model, provider.breaker)
    let exchange: Exchange | null = null

    for (let tries = 1; attempts - spared < retry.maxAttempts; tries++) {
      if (signal.aborted) throw abortOf(signal)
      try {
        exchange ??= arm.exchange()
      } catch (thrown) {
        // This candidate's dialect cannot carry the request; another's may.
        if (!(thrown instanceof SwitchyardError)) throw thrown
        worst ??= { rank: Rank.notAsked, error: thrown }
        break
      }
      const permit = breaker.admit()
      if (permit === null) {
        worst ??= { rank: Rank.notAsked, error: openError(arm, breaker.waitMs()) }
        break
      }
      const flight = new Flight({ ...options, index: attempts, candidate, provider, permit })
      const result = await attempt(flight, exchange)
      attempts++
      const now = clock.monotonic()
      const ttftMs = (flight.outputAt ?? now) - startedAt
      if (result.kind === 'whole') return { ...result, candidate, attempts, ttftMs, latencyMs: now - startedAt }
      if (result.kind === 'stream') return { ...result, reader: result.frames.reader, candidate, attempts, ttftMs }

      const { added, ...plain }: Exchange = exchange
      if (added && REFUSALS.has(result.rejection?.status)) {
        exchange = { ...plain, body: added.without }
        spared++
        tries--
        continue
      }
      const failure = failureOf(result, candidate)
      if (worst === null || failure.rank > worst.rank) worst = failure
      const left = retry.maxAttempts - (attempts - spared)
      // One call is kept for the next arm.
      const again = next ? left > 1 && tries < tolerated : left > 0
      const delayMs =
        again && result.retryable ? retryDelayMs(tries, result.retryAfterMs, { ...retry, ...options }) : null
      if (delayMs === null) {
        if (!result.failover) return answer(failure, attempts)
        break
      }
      await pause(delayMs, options)
    }
  }
  if (worst === null) throw new SwitchyardError('internal', 'There was no candidate to call.')
  return answer(worst, attempts)
}

/** With which vendors refuse a parameter, among other things. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 403, 404, 422])

/**
 * Of several failures the client gets the one that says most, the first of its kind: an upstream's own answer before a
 * dead connection, "try again" before a refusal that may be due to our key or configuration.
 */
const Rank = { notAsked: 0, noAnswer: 1, refused: 2, retryable: 3 } as const

interface Failure {
  readonly rank: number
  readonly error: SwitchyardError
  readonly rejected?: Omit<Extract<Reply, { kind: 'rejected' }>, 'attempts'>
}

function failureOf({ error, rejection }: Failed, candidate: Candidate): Failure {
  if (rejection === null) return { rank: Rank.noAnswer, error }
  const rank = rejection.failure.retryable ? Rank.retryable : Rank.refused
  return { rank, error, rejected: { kind: 'rejected', ...rejection, candidate } }
}

function answer({ error, rejected }: Failure, attempts: number): Reply {
  if (rejected === undefined) throw error
  return { ...rejected, attempts }
}

function openError({ candidate, provider }: Arm, waitMs: number): SwitchyardError {
  const retryAfterS = Math.max(1, Math.ceil(waitMs / 1000))
  return new SwitchyardError(
    'upstream_open',
    `Candidate ${candidate.id} (provider ${provider.id}) has failed repeatedly and is not asked for now. Try again in ${retryAfterS} s, or ask for another model.`,
    { retryAfterS },
  )
}

async function pause(ms: number, { sleep, signal }: CallOptions): Promise<void> {
  try {
    await sleep(ms, signal)
  } catch (thrown) {
    if (signal.aborted) throw abortOf(signal)
    throw thrown
  }
}
