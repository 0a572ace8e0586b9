/**
 * Runs a cascade: asks one candidate, holds its answer back, lets the plan judge it, and asks the next one or accepts. The client gets the
 * accepted answer alone, as if nobody else had been asked.
 */
import type { Arm, CallOptions, Reply } from '../call/call.ts'
import { SwitchyardError } from '../errors.ts'
import type { Candidate, Cascade, Limits, Plan, StepAnswer, Verdict } from '../spec.ts'
import type { Account } from './account.ts'
import { type Answered, type Failed, takeStep } from './step.ts'

/** Models asked for one request, those that failed included. Only while none has answered, fail-over may ask more. */
const MAX_STEPS = 3

export interface CascadeOptions {
  /** The plan's arms are indexes into these. */
  readonly candidates: readonly Candidate[]
  /** What each is expected to cost, in USD; `NaN`: price not known. */
  readonly expectedUsd: ArrayLike<number>
  /** `maxCostUsd` is for all steps together. */
  readonly limits: Pick<Limits, 'maxCostUsd'>
  /** The upstreams of an arm. */
  readonly armsOf: (arm: number) => readonly Arm[]
  readonly call: Omit<CallOptions, 'onAttempt'>
  readonly account: Account
  /** Sets money aside for one more step. Throws a SwitchyardError where it may not be spent. */
  readonly reserve: (expectedUsd: number) => Promise<void>
  /** Rejects where the decision cannot be logged and must be. */
  readonly logging: Promise<unknown>
}

/**
 * The accepted answer, complete; where no candidate gave any, the last one's refusal. Every step is charged to the account, with what was
 * decided after it.
 *
 * The first step fails over in the plan's order until somebody answers. A later one asks one candidate, with its own retries; if that fails, the
 * plan judges what is there without it. After `maxLatencyMs` a later step is given up, and from then on the plan must accept what is there, as it
 * must where the steps together would break the request's limit on cost or the key's budget.
 *
 * Throws SwitchyardError where no upstream gave any answer, ClientAbort when the client has left, and what `logging` rejects with.
 */
export async function runCascade(plan: Plan & Cascade, options: CascadeOptions): Promise<Reply> {
  const { candidates, armsOf, account, logging } = options
  const { clock } = options.call
  const startedAt = clock.monotonic()
  const unlogged = new AbortController()
  logging.catch(() => unlogged.abort())
  const client = AbortSignal.any([options.call.signal, unlogged.signal])
  const answers = new Map<number, Answered>()
  const judged: StepAnswer[] = []
  let untried = [plan.arm, ...plan.alternates]

  const leftMs = () => startedAt + plan.maxLatencyMs - clock.monotonic()
  const asked = () => account.steps?.asked ?? 0

  /** Asks in order; whoever had a turn gets no other. */
  const take = async (order: readonly number[], signal: AbortSignal): Promise<Answered | Failed> => {
    const step = await takeStep(order.flatMap(armsOf), { ...options.call, signal, account })
    const last = step.kind === 'answered' ? step.reply.candidate : step.candidate
    const arm = order.find((one) => candidates[one]!.id === last?.id)
    const gone = arm === undefined ? order : order.slice(0, order.indexOf(arm) + 1)
    untried = untried.filter((one) => !gone.includes(one))
    if (step.kind === 'answered' && arm !== undefined) {
      answers.set(arm, step)
      const { text, outputTokens, logprob } = step
      if (text !== null) judged.push({ arm, text, outputTokens, logprob })
    }
    return step
  }

  /** Who may still be asked; where that is nobody, why. */
  const remaining = (): { arms: readonly number[]; closed: string } => {
    if (asked() >= MAX_STEPS) return { arms: [], closed: `${asked()} models have been asked` }
    if (leftMs() <= 0) return { arms: [], closed: `${plan.maxLatencyMs} ms are over` }
    if (untried.length === 0) return { arms: [], closed: 'no candidate is left' }
    const { maxCostUsd = Number.POSITIVE_INFINITY } = options.limits
    const leftUsd = maxCostUsd - (account.steps?.costUsd ?? 0)
    const arms = untried.filter((arm) => !(options.expectedUsd[arm]! > leftUsd))
    return { arms, closed: `the request may cost ${maxCostUsd} USD` }
  }

  const judge = async (): Promise<Verdict> => {
    for (let { arms, closed } = remaining(); ; ) {
      const verdict = plan.judge(judged, arms)
      const { id } = candidates[verdict.arm]!
      if (verdict.kind === 'accept') {
        const why = arms.length === 0 ? ` Nobody else could be asked: ${closed}.` : ''
        account.note(`${id} is accepted: ${verdict.reason}.${why}`)
        return verdict
      }
      if (!arms.includes(verdict.arm))
        throw new SwitchyardError('internal', `The plan asks for ${id}, which it may not.`)
      await logging
      try {
        await options.reserve(options.expectedUsd[verdict.arm]!)
      } catch (thrown) {
        if (!(thrown instanceof SwitchyardError)) throw thrown
        arms = []
        closed = `the key's budget does not allow it (${thrown.code})`
        continue
      }
      account.note(`${id} is asked: ${verdict.reason}.`)
      return verdict
    }
  }

  const accept = (answer: Answered | undefined): Reply => {
    if (!answer) throw new SwitchyardError('internal', 'The plan accepts an answer that is not there.')
    return { ...answer.reply, ttftMs: clock.monotonic() - startedAt }
  }

  let step = await take(untried, client)
  while (step.kind === 'failed' && step.candidate !== null && untried.length > 0 && asked() < MAX_STEPS) {
    step = await take(untried, client)
  }
  if (step.kind === 'failed') return refuse(step)
  while (step.kind === 'failed' || step.text !== null) {
    const { kind, arm } = await judge()
    if (kind === 'accept') return accept(answers.get(arm))
    step = await within(leftMs(), client, (signal) => take([arm], signal))
    if (step.kind === 'failed') account.note(`${candidates[arm]!.id} gave no answer.`)
  }
  account.note(`${step.reply.candidate.id} is accepted: its answer is not text alone, which could be judged.`)
  return accept(step)
}

function refuse({ refusal }: Failed): Reply {
  if (refusal instanceof SwitchyardError) throw refusal
  return refusal
}

/** Runs something under a signal that also aborts after `ms`. */
async function within<T>(ms: number, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  const late = new SwitchyardError('upstream_timeout', 'The time for further models was over (maxLatencyMs).')
  // A timer may fire up to one millisecond early; what it ends must then be over by the clock too.
  const timer = setTimeout(() => limit.abort(late), Math.ceil(ms) + 1)
  try {
    return await run(AbortSignal.any([signal, limit.signal]))
  } finally {
    clearTimeout(timer)
  }
}
