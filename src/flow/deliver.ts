/** The way back: an upstream's reply to the client, in the client's dialect, with its outcome into the log. */
import { ClientAbort, type Frame, type Reply } from '../call/call.ts'
import { isErrorCode, SwitchyardError, toSwitchyardError } from '../errors.ts'
import { describeError } from '../log/console.ts'
import type { Candidate, Decision, StreamPart } from '../spec.ts'
import { type Dialect, dialects, type StreamWriter, translateReply } from '../wire/index.ts'
import { type Account, statusOf } from './account.ts'
import type { Deps } from './deps.ts'

export interface Delivery {
  readonly dialect: Dialect
  readonly decision: Decision
  readonly account: Account
  readonly requestId: string
  /** The client asked for usage in its stream. */
  readonly includeUsage: boolean
  /** The answer's text is wanted, for the log or to be checked; gathering it for nothing would cost. */
  readonly keepText: boolean
}

/** The response for a reply. The outcome is settled when its last byte is handed over. */
export function deliver(deps: Deps, reply: Reply, delivery: Delivery): Response {
  if (reply.kind === 'stream') return deliverStream(deps, reply, delivery)
  return reply.kind === 'whole' ? deliverWhole(deps, reply, delivery) : deliverRejection(reply, delivery)
}

function deliverWhole(deps: Deps, reply: Extract<Reply, { kind: 'whole' }>, delivery: Delivery): Response {
  const { dialect, account, keepText } = delivery
  const { candidate, usage, finish, ttftMs } = reply
  const from = dialects[candidate.wire]
  const same = from === dialect
  const body = same ? reply.body : translateReply(from, dialect, reply.body, naming(deps, delivery, candidate))
  account.settle({
    status: 'ok',
    candidate,
    usage,
    outputChars: usage ? 0 : reply.body.length,
    ttftMs,
    finish,
    ...(keepText ? textOf(from, reply.body) : {}),
  })
  return new Response(body, { status: reply.status, headers: headersFor(reply, delivery, 'application/json') })
}

/** What is kept of an answer. One that only its own dialect's clients can read is none the worse for it. */
function textOf(dialect: Dialect, body: Uint8Array): { answer?: string } {
  try {
    return { answer: dialect.decodeReply(body).text }
  } catch {
    return {}
  }
}

/** An upstream's refusal passes through where it is about the request; where it is about our own key, it becomes ours. */
function deliverRejection(reply: Extract<Reply, { kind: 'rejected' }>, delivery: Delivery): Response {
  const { dialect, account, requestId } = delivery
  const { candidate, failure } = reply
  const code = isErrorCode(failure.code) ? failure.code : 'upstream_error'
  account.settle({ status: statusOf(code), candidate, usage: null, outputChars: 0, ttftMs: null, finish: null })
  if (dialects[candidate.wire] === dialect && code !== 'upstream_rejected') {
    return new Response(reply.body, { status: reply.status, headers: headersFor(reply, delivery, 'application/json') })
  }
  const error = new SwitchyardError(
    code,
    code === 'upstream_rejected'
      ? `Provider ${candidate.provider} refused the gateway's own credentials or configuration (${reply.status}). Check its key with \`switchyard doctor\`.`
      : failure.message,
    failure.retryAfterMs === null ? {} : { retryAfterS: Math.ceil(failure.retryAfterMs / 1000) },
  )
  const rendered = dialect.renderError(error, requestId)
  return new Response(rendered.body, {
    status: rendered.status,
    headers: { ...rendered.headers, ...named(reply.candidate, delivery) },
  })
}

function deliverStream(deps: Deps, reply: Extract<Reply, { kind: 'stream' }>, delivery: Delivery): Response {
  const { dialect, account, requestId, decision, includeUsage, keepText } = delivery
  const { candidate, reader, frames, ttftMs } = reply
  const same = dialects[candidate.wire] === dialect
  const writer = same
    ? null
    : dialect.streamWriter({
        ...naming(deps, delivery, candidate),
        includeUsage,
        inputTokens: decision.query.inputTokens,
      })
  const encoder = new TextEncoder()
  let outputChars = 0
  let answer = ''
  let last: Frame | null = null
  const settle = (status: Parameters<typeof statusOf>[0] | 'ok' | 'client_abort') =>
    account.settle({
      status: status === 'ok' || status === 'client_abort' ? status : statusOf(status),
      candidate,
      usage: reader.usage,
      outputChars,
      ttftMs,
      finish: reader.finish,
      ...(keepText ? { answer } : {}),
    })

  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          const step = await frames.next()
          if (step.done) {
            settle('ok')
            return controller.close()
          }
          last = step.value
          for (const part of last.parts) {
            if (part.type === 'text' && keepText) answer += part.text
            outputChars += lengthOf(part)
          }
          const bytes = writer ? encoder.encode(translate(writer, last)) : last.bytes
          if (bytes.length > 0) return controller.enqueue(bytes)
        }
      } catch (thrown) {
        if (thrown instanceof ClientAbort) {
          settle('client_abort')
          return controller.error(thrown)
        }
        const error = toSwitchyardError(thrown)
        if (error.code === 'internal')
          deps.logger.error('stream_failed', { decision: decision.id, ...describeError(thrown) })
        settle(error.code)
        // The upstream's own error event has passed through already; a second one would be noise.
        if (!isReported(last, writer !== null))
          controller.enqueue(encoder.encode(dialect.renderStreamError(error, requestId)))
        controller.close()
      }
    },
    async cancel() {
      await frames.return?.()
      settle('client_abort')
    },
  })
  return new Response(body, { status: 200, headers: headersFor(reply, delivery, 'text/event-stream; charset=utf-8') })
}

function translate(writer: StreamWriter, frame: Frame): string {
  let text = ''
  for (const part of frame.parts) text += writer.write(part)
  return text
}

/**
 * Whether the client has been told already: by the upstream's own event, or by what the writer made of the error part. An
 * event that could not be read yields an error part too, but its bytes say nothing of it.
 */
function isReported(frame: Frame | null, translated: boolean): boolean {
  const part = frame?.parts.at(-1)
  return part?.type === 'error' && (translated || part.code !== 'upstream_malformed')
}

/** Characters that the model wrote for it. */
export function lengthOf(part: StreamPart): number {
  if (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') return part.text.length
  return part.type === 'tool_arguments' ? part.json.length : 0
}

function naming(deps: Deps, { decision }: Delivery, candidate: Candidate) {
  return { model: candidate.id, created: Math.floor(deps.clock.now() / 1000), id: decision.id }
}

/** Same dialect: the upstream's own headers and ours; else only ours, since the vendor's would say nothing there. */
function headersFor(reply: Reply, delivery: Delivery, contentType: string): Record<string, string> {
  const same = dialects[reply.candidate.wire] === delivery.dialect
  const { dialect, requestId } = delivery
  const own = named(reply.candidate, delivery)
  if (same) return { ...reply.headers, ...own }
  return {
    'content-type': contentType,
    [dialect.name === 'anthropic' ? 'request-id' : 'x-request-id']: requestId,
    ...own,
  }
}

/**
 * Which decision this is, who answers, and of a cascade how many were asked and what that came to. A decision that did not reach the log is not
 * named: its id would lead nowhere.
 */
export function named(
  candidate: Candidate,
  { account, decision }: Pick<Delivery, 'account' | 'decision'>,
): Record<string, string> {
  const { steps } = account
  const model = {
    'x-switchyard-model': candidate.id,
    ...(steps && { 'x-switchyard-steps': String(steps.asked) }),
    ...(steps && steps.costUsd !== null && { 'x-switchyard-cost-usd': steps.costUsd.toFixed(9) }),
  }
  if (!account.logged) return model
  const explanation = `</v1/decisions/${decision.id}>; rel="describedby"`
  return { 'x-switchyard-decision': decision.id, ...model, link: explanation }
}
