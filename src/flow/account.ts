/** The account of one decision: its upstream calls and its one outcome, whatever the way it ends. */
import type { ErrorCode } from '../errors.ts'
import { describeError } from '../log/console.ts'
import { costUsd } from '../route/cost.ts'
import type { Ask, Attempt, Candidate, Decision, Finish, Outcome, OutcomeStatus, Signal, Usage } from '../spec.ts'
import type { Deps } from './deps.ts'
import { isAsked } from './json.ts'

/** No client waits for its outcome to be written: it may go with the next decision. */
const OUTCOME_PATIENCE_MS = 20

/** Where the provider said nothing (a stream without usage, a client that left). */
export const CHARS_PER_TOKEN = 4

/** What upstream calls for one answer came to. */
export interface Spending {
  readonly status: OutcomeStatus
  readonly candidate: Candidate
  /** As the provider says; `null` lets it be estimated from `outputChars`. */
  readonly usage: Usage | null
  /** Characters the model is known to have written. */
  readonly outputChars: number
}

/** What the answer came to. */
export interface Settlement extends Spending {
  readonly ttftMs: number | null
  readonly finish: Finish | null
  readonly answer?: string
}

export interface Account {
  /** To be told of every upstream call; they are numbered as they come. */
  readonly attempt: (attempt: Attempt) => void
  /** Counts what a step of a cascade has spent: the calls since the last time. */
  charge(spending: Spending): void
  /** Keeps what was decided after the last call. */
  note(verdict: string): void
  /** What the steps have come to; `null` where nothing is charged by steps. */
  readonly steps: Steps | null
  /** Writes attempts and outcome; the first call counts. Nothing is written of a decision that could not be logged. */
  settle(settlement: Settlement): void
  /** Whether the decision reached the log; set before the answer begins. */
  logged: boolean
}

/** The steps of a cascade so far. */
export interface Steps {
  /** Models asked. */
  readonly asked: number
  /** USD; `null` where a price is not known. */
  readonly costUsd: number | null
  /** Of the last one. */
  readonly last: Spending
}

export interface Opening {
  /** When the request arrived, on the monotonic clock. */
  readonly started: number
  /** What it asks for, where that is JSON. */
  readonly json?: Ask['json'] | undefined
  /** Called once, when nothing more will happen, with the cost in USD; `null`: nothing is known to have been used. */
  readonly onSettled: (costUsd: number | null) => void
}

export function openAccount(deps: Deps, decision: Decision, { started, json, onSettled }: Opening): Account {
  const attempts: Attempt[] = []
  /** The first so many attempts are in the total. */
  let charged = 0
  let total: number | null = null
  let unpriced = false
  let lastStep: Spending | null = null
  let settled = false
  /** What was used, the last call used: those before it were refused or never answered. */
  const charge = (spending: Spending) => {
    const spent = used(decision, attempts, spending)
    const last = attempts.length - 1
    // An answer that was held back has been charged with its step.
    if (charged > 0 && charged === attempts.length) return spent
    const cost = spent.usage && costUsd(spending.candidate.price, spent.usage)
    if (last >= 0) attempts[last] = { ...attempts[last]!, costUsd: cost }
    if (cost !== null) total = (total ?? 0) + cost
    else if (spent.usage) unpriced = true
    charged = attempts.length
    return spent
  }
  return {
    logged: false,
    attempt: (attempt) => attempts.push({ ...attempt, index: attempts.length }),
    charge(spending) {
      lastStep = spending
      charge(spending)
    },
    note(verdict) {
      const last = attempts.length - 1
      if (last < 0) return
      const { verdict: before, ...attempt } = attempts[last]!
      attempts[last] = { ...attempt, verdict: before === undefined ? verdict : `${before} ${verdict}` }
    },
    get steps() {
      if (lastStep === null) return null
      const asked = new Set(attempts.map(({ candidate }) => candidate)).size
      return { asked, costUsd: unpriced ? null : total, last: lastStep }
    },
    settle(settlement) {
      if (settled) return
      settled = true
      const { status, candidate, ttftMs, finish, answer } = settlement
      const { usage, source } = charge(settlement)
      const cost = unpriced ? null : total
      onSettled(cost)
      if (!this.logged) return
      const outcome: Outcome = {
        decision: decision.id,
        at: deps.clock.now(),
        status,
        candidate: candidate.id,
        attempts: attempts.length,
        usage,
        usageSource: source,
        costUsd: cost,
        ttftMs,
        latencyMs: deps.clock.monotonic() - started,
        finish,
        signals: signalsOf(settlement, json),
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

/** What speaks against the answer, by how it ended and by what was asked for. */
function signalsOf({ status, finish, answer }: Settlement, json: Ask['json']): Signal[] {
  const truncated = status === 'upstream_truncated' || finish?.unified === 'length'
  const complete = status === 'ok' && finish?.unified === 'stop'
  const malformed = complete && json !== undefined && answer !== undefined && !isAsked(answer, json)
  return [
    ...(status === 'client_abort' ? (['abort'] as const) : []),
    ...(truncated ? (['truncated'] as const) : []),
    ...(finish?.unified === 'refusal' ? (['refusal'] as const) : []),
    ...(malformed ? (['invalid_json'] as const) : []),
  ]
}

/**
 * What was used. An answer that did not end has the provider's first count at best, which is of the prompt: what the model
 * is known to have written is counted beside it. A client that left before anything came back has used its prompt.
 */
function used(
  decision: Decision,
  attempts: readonly Attempt[],
  { status, usage, outputChars }: Spending,
): Pick<Outcome, 'usage'> & { readonly source: Outcome['usageSource'] } {
  const written = Math.ceil(outputChars / CHARS_PER_TOKEN)
  if (usage && (status === 'ok' || usage.output >= written)) return { usage, source: 'provider' }
  if (usage) return { usage: { ...usage, output: written }, source: 'estimated' }
  const left = status === 'client_abort' && attempts.at(-1)?.error === 'client_abort'
  if (written === 0 && !left) return { usage: null, source: null }
  const { inputTokens: input } = decision.query
  return { usage: { input, cachedInput: 0, cacheWrite: 0, output: written, reasoning: 0 }, source: 'estimated' }
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
