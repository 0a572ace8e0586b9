/** The account of one decision: its upstream calls and its one outcome, whatever the way it ends. */
import type { ErrorCode } from '../errors.ts'
import { describeError } from '../log/console.ts'
import { costUsd } from '../route/cost.ts'
import type { Attempt, Candidate, Decision, Finish, Outcome, OutcomeStatus, Usage } from '../spec.ts'
import type { Deps } from './deps.ts'

/** No client waits for its outcome to be written: it may go with the next decision. */
const OUTCOME_PATIENCE_MS = 20

/** What the answer came to. */
export interface Settlement {
  readonly status: OutcomeStatus
  readonly candidate: Candidate
  /** As the provider says; `null` lets it be estimated from `outputChars`. */
  readonly usage: Usage | null
  /** Characters the model is known to have written. */
  readonly outputChars: number
  readonly ttftMs: number | null
  readonly finish: Finish | null
  readonly answer?: string
}

export interface Account {
  /** To be told of every upstream call. */
  readonly attempt: (attempt: Attempt) => void
  /** Writes attempts and outcome; the first call counts. Does nothing for a decision that could not be logged. */
  settle(settlement: Settlement): void
  /** Whether the decision reached the log; set before the answer begins. */
  logged: boolean
}

/**
 * @param started when the request arrived, on the monotonic clock
 * @param onSettled called once, when nothing more will happen
 */
export function openAccount(
  deps: Deps,
  decision: Decision,
  { started, onSettled }: { started: number; onSettled: () => void },
): Account {
  const attempts: Attempt[] = []
  let settled = false
  return {
    logged: false,
    attempt: (attempt) => attempts.push(attempt),
    settle({ status, candidate, usage, outputChars, ttftMs, finish, answer }) {
      if (settled) return
      settled = true
      onSettled()
      if (!this.logged) return
      const estimated = usage === null && outputChars > 0 ? estimateUsage(decision, outputChars) : null
      const used = usage ?? estimated
      const outcome: Outcome = {
        decision: decision.id,
        at: deps.clock.now(),
        status,
        candidate: candidate.id,
        attempts: attempts.length,
        usage: used,
        usageSource: usage ? 'provider' : estimated ? 'estimated' : null,
        costUsd: used && candidate.price ? costUsd(candidate.price, used) : null,
        ttftMs,
        latencyMs: deps.clock.monotonic() - started,
        finish,
        ...(answer === undefined ? {} : { answer }),
      }
      const rows = attempts.map((row) => ({ table: 'attempts', row }) as const)
      const all = [...rows, { table: 'outcomes', row: outcome } as const]
      deps.store.append(all, { patienceMs: OUTCOME_PATIENCE_MS }).catch((error: unknown) => {
        deps.logger.error('outcome_not_logged', { decision: decision.id, ...describeError(error) })
      })
    },
  }
}

/** Four characters to a token, where the provider said nothing (a stream without usage, a client that left). */
function estimateUsage(decision: Decision, outputChars: number): Usage {
  const output = Math.ceil(outputChars / 4)
  return { input: decision.query.inputTokens, cachedInput: 0, cacheWrite: 0, output, reasoning: 0 }
}

/** How a failure after the upstream was asked counts. */
export function statusOf(code: ErrorCode): OutcomeStatus {
  switch (code) {
    case 'upstream_truncated':
      return 'upstream_truncated'
    case 'upstream_timeout':
      return 'timeout'
    case 'invalid_request':
    case 'unsupported':
    case 'context_length_exceeded':
    case 'body_too_large':
    case 'not_found':
      return 'client_error'
    default:
      return 'upstream_error'
  }
}
