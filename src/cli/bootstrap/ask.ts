/**
 * Asks candidates as the gateway does, through its call stage: translation, time limits, retries, breakers. What differs is patience: nobody waits for these
 * answers, so that a provider that asks for time gets it, from all who would ask it.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Breakers, createBreakers } from '../../call/breaker.ts'
import { type Arm, call, type Reply } from '../../call/call.ts'
import type { Transports } from '../../compose/transports.node.ts'
import type { Config, ProviderSettings } from '../../config/config.ts'
import { estimateInputTokens } from '../../embed/features.ts'
import { SwitchyardError } from '../../errors.ts'
import { costUsd, TYPICAL } from '../../route/cost.ts'
import type { Candidate, Provider } from '../../spec.ts'
import type { Message } from '../../train/bootstrap/prompts.ts'
import { buildExchange, dialects, readBody } from '../../wire/index.ts'
import type { Answer, Answers } from './answers.ts'

export interface Asker {
  /**
   * The answer that is kept, else a new one. `null`: the candidate cannot answer this prompt (too long, refused by a filter). Throws where none can be had of the
   * provider: its key is refused, it has no such model, it stays silent.
   */
  ask(candidate: Candidate, messages: readonly Message[]): Promise<Answer | null>
  /** The answer that is kept. */
  find(candidate: Candidate, messages: readonly Message[]): Answer | undefined
  /** USD that asking is expected to cost: nothing for what was asked before, else with an answer as long as the longest so far. */
  expectedUsd(candidate: Candidate, messages: readonly Message[]): number
}

/** Calls of one question, the waits between them included. */
const MAX_TRIES = 6
/** Where the provider does not say how long. */
const PAUSE_MS = 2_000
const MAX_PAUSE_MS = 600_000

const clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** @param transport of a provider's settings, as `Transports.prepare` gives it */
export function createAsker(
  { providers }: Config,
  transport: Awaited<ReturnType<Transports['prepare']>>,
  { answers, concurrency }: { readonly answers: Answers; readonly concurrency: number },
): Asker {
  const known = new Map(
    providers.map((settings): [string, Provider & Pick<ProviderSettings, 'kind'>] => [
      settings.id,
      // A Retry-After is waited for here, once for all who would ask.
      { ...settings, transport: transport(settings), retry: { ...settings.retry, maxRetryAfterMs: 0 } },
    ]),
  )
  const breakers = createBreakers(clock)
  const slots = createSlots(concurrency)
  const pausedUntil = new Map<string, number>()
  const asking = new Map<string, Promise<Answer | null>>()

  const providerOf = ({ id, provider }: Candidate) => {
    const found = known.get(provider)
    if (!found) throw new SwitchyardError('internal', `Candidate "${id}" names no configured provider.`)
    return found
  }

  /** Equal keys are the same question to the same model of the same server. */
  const keyOf = (candidate: Candidate, messages: readonly Message[]) => {
    const { kind, baseUrl } = providerOf(candidate)
    const { model, wire, maxOutput } = candidate
    return createHash('sha256')
      .update(JSON.stringify([kind, baseUrl, wire, model, maxOutput ?? null, messages]))
      .digest('hex')
  }

  function pause(provider: string, ms: number): void {
    const until = clock.monotonic() + Math.min(MAX_PAUSE_MS, ms)
    pausedUntil.set(provider, Math.max(pausedUntil.get(provider) ?? 0, until))
  }

  async function once(candidate: Candidate, messages: readonly Message[], key: string): Promise<Answer | null> {
    const provider = providerOf(candidate)
    const body = readBody(new TextEncoder().encode(JSON.stringify({ model: candidate.id, messages })))
    const exchange = () => buildExchange('openai', body, candidate, {}, { logprobs: true })
    const arm: Arm = { candidate, provider, exchange }
    const pauseMs = () => (pausedUntil.get(provider.id) ?? 0) - clock.monotonic()
    for (let tries = 1; ; tries++) {
      let tried: Tried | 'paused'
      do {
        if (pauseMs() > 0) await sleep(pauseMs())
        // The slot is free once the answer is on the disk: what a kill can lose is no more than fits the slots.
        tried = await slots.within(async () => {
          // While this one waited for a slot, another may have been told to wait.
          if (pauseMs() > 0) return 'paused'
          const result = await tryCall(arm, breakers)
          if (result.kind === 'answered') await answers.keep(toAnswer(candidate, result.reply, { key, messages }))
          if (result.kind === 'failed') pause(provider.id, result.waitMs ?? PAUSE_MS * 2 ** (tries - 1))
          return result
        })
      } while (tried === 'paused')
      if (tried.kind === 'answered') return answers.find(key) ?? null
      if (tried.kind === 'unable' || (tried.kind === 'hopeless' && provider.kind === 'replay')) return null
      if (tried.kind === 'hopeless' || tries === MAX_TRIES) throw tried.error
    }
  }

  return {
    ask(candidate, messages) {
      const key = keyOf(candidate, messages)
      const kept = answers.find(key)
      if (kept) return Promise.resolve(kept)
      const running = asking.get(key) ?? once(candidate, messages, key).finally(() => asking.delete(key))
      asking.set(key, running)
      return running
    },
    find: (candidate, messages) => answers.find(keyOf(candidate, messages)),
    expectedUsd(candidate, messages) {
      if (answers.find(keyOf(candidate, messages))) return 0
      const output = Math.max(answers.longest(candidate.id), candidate.priors?.outputTokens ?? TYPICAL.outputTokens)
      return costUsd(candidate.price, usageOf(inputTokens(messages), output)) ?? 0
    },
  }
}

type Tried =
  | { readonly kind: 'answered'; readonly reply: Extract<Reply, { kind: 'whole' }> }
  /** Something about this one request; others may be answered. */
  | { readonly kind: 'unable' }
  | { readonly kind: 'failed'; readonly error: SwitchyardError; readonly waitMs: number | null }
  /** Nothing that waiting helps: a refused key, an unknown model. */
  | { readonly kind: 'hopeless'; readonly error: SwitchyardError }

const ABOUT_THE_REQUEST: ReadonlySet<string> = new Set([
  'context_length_exceeded',
  'body_too_large',
  'invalid_request',
  'unsupported',
])

async function tryCall(arm: Arm, breakers: Breakers): Promise<Tried> {
  const reply = await call([arm], {
    decision: '',
    signal: new AbortController().signal,
    clock,
    random: Math.random,
    sleep: async (ms, signal) => sleep(ms, undefined, { signal }),
    breakers,
    onAttempt: () => {},
  }).catch((thrown: unknown) => {
    if (thrown instanceof SwitchyardError) return thrown
    throw thrown
  })
  if (reply instanceof SwitchyardError) {
    if (ABOUT_THE_REQUEST.has(reply.code)) return { kind: 'unable' }
    if (!reply.retryable) return { kind: 'hopeless', error: reply }
    return {
      kind: 'failed',
      error: reply,
      waitMs: reply.retryAfterS === undefined ? null : reply.retryAfterS * 1000,
    }
  }
  switch (reply.kind) {
    case 'whole':
      return { kind: 'answered', reply }
    case 'stream':
      throw new SwitchyardError('internal', 'A stream came that was not asked for.')
    case 'rejected':
      return refused(arm.candidate, reply)
  }
}

function refused({ id, provider }: Candidate, { status, failure }: Extract<Reply, { kind: 'rejected' }>): Tried {
  if (ABOUT_THE_REQUEST.has(failure.code)) return { kind: 'unable' }
  const error = new SwitchyardError(
    'upstream_error',
    `Candidate ${id} (provider ${provider}) answered with status ${status}: ${failure.message}`,
  )
  return failure.retryable ? { kind: 'failed', error, waitMs: failure.retryAfterMs } : { kind: 'hopeless', error }
}

function toAnswer(
  candidate: Candidate,
  { body, usage, latencyMs, logprob }: Extract<Reply, { kind: 'whole' }>,
  { key, messages }: { readonly key: string; readonly messages: readonly Message[] },
): Answer {
  const { text } = dialects[candidate.wire].decodeReply(body)
  const used = usage ?? usageOf(inputTokens(messages), Math.ceil(text.length / 4))
  const cost = costUsd(candidate.price, used) ?? 0
  const measured = { usage: used, costUsd: cost, latencyMs, ...(logprob !== null && { logprob }) }
  return { key, candidate: candidate.id, text, ...measured }
}

function inputTokens(messages: readonly Message[]): number {
  return estimateInputTokens(dialects.openai.ask({ model: 'auto', messages }))
}

function usageOf(input: number, output: number): Answer['usage'] {
  return { input, cachedInput: 0, cacheWrite: 0, output, reasoning: 0 }
}

/** At most `count` at a time, first come, first served. */
function createSlots(count: number) {
  let free = count
  const waiting: (() => void)[] = []
  return {
    async within<T>(work: () => Promise<T>): Promise<T> {
      if (free > 0) free--
      else await new Promise<void>((go) => waiting.push(go))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else free++
      }
    },
  }
}
