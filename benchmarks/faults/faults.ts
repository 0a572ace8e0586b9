/**
 * The ways in which an upstream breaks, by name: `fault[:argument…]`. `once/fault` breaks the first attempt at a model's
 * name and answers later ones; `flap/ms/fault` breaks for `ms` after the first.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Wire } from '../../src/spec.ts'
import { errorEvent, errorOf, eventsOf, replyOf } from './wire.ts'

/** One request that is to be answered, in one way or another. */
export interface Turn {
  readonly socket: Socket
  readonly wire: Wire
  readonly stream: boolean
  readonly model: string
  readonly request: string
  readonly args: readonly string[]
}
export type Fault = (turn: Turn) => Promise<void> | void

/** The faults that Failover Bench (failoverbench/failoverbench, methodology v0.1) defines. Its figures: cut after 40 of 60 tokens, here 13 of 20 words. */
export const SCENARIOS: Readonly<Record<string, string>> = {
  S01: 'once/status:429:2',
  S02: 'status:429',
  S03: 'once/status:500',
  S04: 'status:503',
  S05: 'once/reset',
  S06: 'hang',
  S07: 'slow:20000',
  S08: 'cut-event:15:fin',
  S09: 'stall:8',
  S10: 'bad-event:10',
  S11: 'no-done',
  S12: 'context-length',
  S13: 'content-filter',
  S14: 'cut-event:15:fin',
  S15: 'flap/60000/status:503',
  S16: 'status:503',
}

const SSE = { 'content-type': 'text/event-stream; charset=utf-8' }
const JSON_TYPE = { 'content-type': 'application/json' }

export function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ 'x-request-id': 'req_fault', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`
}

function whole(turn: Turn, status: number, body: string, headers: Readonly<Record<string, string>> = JSON_TYPE): void {
  turn.socket.write(head(status, { ...headers, 'content-length': `${Buffer.byteLength(body)}` }) + body)
}

function fail(
  turn: Turn,
  status: number,
  type: string,
  code: string | null,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(errorOf(turn.wire, type, code, `Fault: ${status} ${code ?? type}.`))
  whole(turn, status, body, { ...JSON_TYPE, ...headers })
}

const open = (turn: Turn) => turn.socket.write(head(200, { ...SSE, 'transfer-encoding': 'chunked' }))
const chunk = (turn: Turn, text: string | Buffer) => {
  const bytes = Buffer.from(text)
  return turn.socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]))
}
const finish = (turn: Turn) => turn.socket.write('0\r\n\r\n')

/** How a connection ends: a FIN or a RST without the last chunk, or a clean end of a body that is not complete. */
function cut(turn: Turn, how = 'fin'): void {
  if (how === 'end') finish(turn)
  else if (how === 'rst') setTimeout(() => turn.socket.resetAndDestroy(), 5)
  else turn.socket.end()
}

async function stream(turn: Turn, events: readonly string[], gapMs = 0): Promise<void> {
  open(turn)
  for (const event of events) {
    if (gapMs > 0) await delay(gapMs)
    if (turn.socket.destroyed) return
    if (!chunk(turn, event)) await Promise.race([once(turn.socket, 'drain'), once(turn.socket, 'close')])
  }
  finish(turn)
}

const events = (turn: Turn) => eventsOf(turn.wire, turn.model)
const number = (turn: Turn, index: number, otherwise = 0) => Number(turn.args[index] ?? otherwise)
const forever = (turn: Turn) => once(turn.socket, 'close').then(() => undefined)

/** Waits for the connection to close after saying the first events. */
async function sayThenHang(turn: Turn, said: readonly string[]): Promise<void> {
  open(turn)
  for (const event of said) chunk(turn, event)
  await forever(turn)
}

const FAULTS: Readonly<Record<string, Fault>> = {
  ok: (turn) =>
    turn.stream ? stream(turn, events(turn)) : whole(turn, 200, JSON.stringify(replyOf(turn.wire, turn.model))),
  /** No fault: another answer, of one word. */
  say: (turn) => {
    const [word = ''] = turn.args
    return turn.stream
      ? stream(turn, eventsOf(turn.wire, turn.model, [word]))
      : whole(turn, 200, JSON.stringify(replyOf(turn.wire, turn.model, word)))
  },
  /** Each event after `ms`. */
  drip: (turn) => stream(turn, events(turn), number(turn, 0, 10)),
  /** The events cut into chunks of `bytes`. */
  chop: (turn) => {
    const all = Buffer.from(events(turn).join(''))
    const size = number(turn, 0, 1)
    open(turn)
    for (let at = 0; at < all.length; at += size) chunk(turn, all.subarray(at, at + size))
    finish(turn)
  },
  /** `bytes` of text in events of 1 kB, for readers that do not read. */
  flood: (turn) => {
    const text = eventsOf(turn.wire, 'x'.repeat(900))
    const filler = text[2]!
    return stream(turn, [
      ...text.slice(0, 2),
      ...Array(Math.ceil(number(turn, 0, 1 << 24) / filler.length)).fill(filler),
    ])
  },
  reset: (turn) => void turn.socket.resetAndDestroy(),
  close: (turn) => void turn.socket.end(),
  hang: forever,
  'hang-body': (turn) => {
    if (turn.stream) return sayThenHang(turn, [])
    turn.socket.write(head(200, { ...JSON_TYPE, 'content-length': '1000' }))
    return forever(turn)
  },
  /** Headers and empty events, and no word. */
  'hang-first': (turn) => sayThenHang(turn, events(turn).slice(0, 2)),
  /** First word after `ms`, after headers. */
  slow: async (turn) => {
    const [first, ...rest] = events(turn)
    open(turn)
    chunk(turn, first!)
    await delay(number(turn, 0, 100))
    for (const event of rest) chunk(turn, event)
    finish(turn)
  },
  /** `n` events, then silence. */
  stall: (turn) => {
    if (turn.stream) return sayThenHang(turn, events(turn).slice(0, number(turn, 0, 8)))
    turn.socket.write(`${head(200, { ...JSON_TYPE, 'content-length': '1000' })}{"id":"x",`)
    return forever(turn)
  },
  /** `status[:seconds]` with Retry-After. */
  status: (turn) => {
    const status = number(turn, 0, 500)
    const types: Record<number, string> = {
      401: 'authentication_error',
      429: 'rate_limit_error',
      529: 'overloaded_error',
    }
    fail(turn, status, types[status] ?? 'server_error', null, turn.args[1] ? { 'retry-after': turn.args[1] } : {})
  },
  /** An error status whose body never comes. */
  'status-hang': (turn) => {
    turn.socket.write(head(number(turn, 0, 500), { ...JSON_TYPE, 'content-length': '100' }))
    return forever(turn)
  },
  redirect: (turn) => whole(turn, 302, '', { location: turn.args.join(':') }),
  'context-length': (turn) => fail(turn, 400, 'invalid_request_error', 'context_length_exceeded'),
  'content-filter': (turn) => fail(turn, 400, 'invalid_request_error', 'content_policy_violation'),
  'bad-request': (turn) => fail(turn, 400, 'invalid_request_error', null),
  /** Refuses a conversation that ends with the assistant's words. */
  'no-prefill': (turn) =>
    /"assistant"[^}]*\}\s*\]/.test(turn.request) ? fail(turn, 400, 'invalid_request_error', null) : FAULTS.ok!(turn),
  /** `n` whole events, then `fin`, `rst` or a clean `end`. */
  'cut-event': (turn) => {
    open(turn)
    for (const event of events(turn).slice(0, number(turn, 0, 8))) chunk(turn, event)
    cut(turn, turn.args[1])
  },
  /** `n` bytes of the events (or of the reply), then the same. */
  cut: (turn) => {
    const text = turn.stream ? events(turn).join('') : JSON.stringify(replyOf(turn.wire, turn.model))
    turn.socket.write(head(200, { ...(turn.stream ? SSE : JSON_TYPE), 'transfer-encoding': 'chunked' }))
    const bytes = Buffer.from(text).subarray(0, number(turn, 0))
    if (bytes.length > 0) chunk(turn, bytes)
    cut(turn, turn.args[1])
  },
  /** A content-length that is wrong by `n` bytes; a longer one ends with a FIN. */
  'wrong-length': (turn) => {
    const text = turn.stream ? events(turn).join('') : JSON.stringify(replyOf(turn.wire, turn.model))
    const length = Buffer.byteLength(text) + number(turn, 0)
    turn.socket.end(head(200, { ...(turn.stream ? SSE : JSON_TYPE), 'content-length': `${length}` }) + text)
  },
  'no-done': (turn) => stream(turn, events(turn).slice(0, -1)),
  /** A complete answer on a connection that then stays open and silent. */
  'no-end': (turn) => sayThenHang(turn, events(turn).slice(0, -1)),
  /** At once an error event, whose code may be given. */
  'error-first': (turn) => stream(turn, [errorEvent(turn.wire, turn.args[0])]),
  /** `n` events, then an error event. */
  'error-mid': (turn) => stream(turn, [...events(turn).slice(0, number(turn, 0, 8)), errorEvent(turn.wire)]),
  /** The `n`th event is not JSON. */
  'bad-event': (turn) => stream(turn, events(turn).with(number(turn, 0, 10), 'data: {"choices":[{"delta":\n\n')),
  'bad-json': (turn) => whole(turn, 200, '{"choices": [', turn.stream ? SSE : JSON_TYPE),
  json: (turn) => whole(turn, 200, JSON.stringify(replyOf(turn.wire, turn.model))),
  html: (turn) => whole(turn, 200, '<html><body>Bad gateway</body></html>', { 'content-type': 'text/html' }),
  /** One event of `bytes`. */
  'huge-line': (turn) =>
    stream(turn, [...events(turn).slice(0, 5), `data: ${'x'.repeat(number(turn, 0, 4 << 20))}\n\n`]),
}

/** The fault that a model name asks for at its `n`th attempt, `sinceMs` after the first. */
export function faultOf(model: string, n: number, sinceMs: number): { fault: Fault; args: string[] } {
  const name = model.split('#')[0]!
  const [first, ...rest] = (SCENARIOS[name] ?? name).split('/')
  const healthy = (first === 'once' && n > 1) || (first === 'flap' && sinceMs > Number(rest[0]))
  const spelled = healthy
    ? 'ok'
    : first === 'once'
      ? rest.join('/')
      : first === 'flap'
        ? rest.slice(1).join('/')
        : (SCENARIOS[name] ?? name)
  const [key, ...args] = spelled.split(':')
  const fault = FAULTS[key!]
  if (!fault) throw new Error(`No fault is named ${key}.`)
  return { fault, args }
}
