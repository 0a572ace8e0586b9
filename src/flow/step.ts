/** One step of a cascade: a call whose answer is held back until it is complete, and which is charged whatever comes of it. */
import { type Arm, type CallOptions, ClientAbort, call, type Reply } from '../call/call.ts'
import { hold, replay } from '../call/hold.ts'
import { SwitchyardError } from '../errors.ts'
import type { Attempt, Candidate, OutcomeStatus, StreamPart } from '../spec.ts'
import { dialects } from '../wire/index.ts'
import { type Account, CHARS_PER_TOKEN, type Spending, statusOf } from './account.ts'
import { lengthOf } from './deliver.ts'

/** An answer that is there in full; a stream can be read as if it came in now. */
export interface Answered {
  readonly kind: 'answered'
  readonly reply: Exclude<Reply, { kind: 'rejected' }>
  /** `null`: text is not all of it (it calls tools), or cannot be read here. */
  readonly text: string | null
  readonly outputTokens: number
  /** As in `StepAnswer`. */
  readonly logprob: number | null
}

export interface Failed {
  readonly kind: 'failed'
  /** The upstream's own words, or ours. */
  readonly refusal: Extract<Reply, { kind: 'rejected' }> | SwitchyardError
  /** Who broke off its answer; `null`: nobody began one. */
  readonly candidate: Candidate | null
}

type Used = Pick<Spending, 'usage' | 'outputChars'>
const NOTHING: Used = { usage: null, outputChars: 0 }

/** Asks the arms in order, as `call` does. Throws ClientAbort when the client has left. */
export async function takeStep(
  arms: readonly Arm[],
  { account, ...options }: Omit<CallOptions, 'onAttempt'> & { readonly account: Account },
): Promise<Answered | Failed> {
  let asked = arms[0]!.candidate
  const onAttempt = (attempt: Attempt) => {
    const arm = arms.find(
      ({ candidate, provider }) => candidate.id === attempt.candidate && provider.id === attempt.provider,
    )
    asked = arm?.candidate ?? asked
    account.attempt(attempt)
  }
  const charge = (status: OutcomeStatus, used: Used) => account.charge({ status, candidate: asked, ...used })
  const failed = (error: SwitchyardError | ClientAbort, used: Used, candidate: Candidate | null): Failed => {
    charge(error instanceof ClientAbort ? error.status : statusOf(error.code), used)
    if (error instanceof ClientAbort) throw error
    return { kind: 'failed', refusal: error, candidate }
  }

  let reply: Reply
  try {
    reply = await call(arms, { ...options, onAttempt })
  } catch (thrown) {
    if (thrown instanceof SwitchyardError || thrown instanceof ClientAbort) return failed(thrown, NOTHING, null)
    throw thrown
  }
  if (reply.kind === 'rejected') {
    charge('upstream_error', NOTHING)
    return { kind: 'failed', refusal: reply, candidate: null }
  }
  if (reply.kind === 'whole') {
    const { usage, body } = reply
    const used = { usage, outputChars: usage ? 0 : body.length }
    charge('ok', used)
    return answered(reply, textOfReply(reply), used)
  }
  const { frames, failure } = await hold(reply.frames)
  const parts = frames.flatMap((frame) => frame.parts)
  const used = { usage: reply.reader.usage, outputChars: parts.reduce((sum, part) => sum + lengthOf(part), 0) }
  if (failure !== null) return failed(failure, used, reply.candidate)
  charge('ok', used)
  return answered({ ...reply, frames: replay(frames) }, textOfParts(parts), used)
}

function answered(reply: Answered['reply'], text: string | null, { usage, outputChars }: Used): Answered {
  const outputTokens = usage?.output ?? Math.ceil(outputChars / CHARS_PER_TOKEN)
  const { logprob } = reply.kind === 'whole' ? reply : reply.reader
  return { kind: 'answered', reply, text, outputTokens, logprob }
}

function textOfReply({ candidate, body }: Extract<Reply, { kind: 'whole' }>): string | null {
  try {
    const { text, refusal, toolCalls } = dialects[candidate.wire].decodeReply(body)
    return toolCalls.length > 0 ? null : text || (refusal ?? '')
  } catch {
    return null
  }
}

function textOfParts(parts: readonly StreamPart[]): string | null {
  if (parts.some(({ type }) => type === 'tool_start')) return null
  const said = (type: 'text' | 'refusal') => parts.map((part) => (part.type === type ? part.text : '')).join('')
  return said('text') || said('refusal')
}
