import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../../benchmarks/faults/provider.ts'
import { ANSWER, eventsOf, USAGE } from '../../benchmarks/faults/wire.ts'
import { SwitchyardError } from '../errors.ts'
import type { Attempt, Candidate, Provider, StreamPart, Wire } from '../spec.ts'
import { buildExchange, readBody } from '../wire/index.ts'
import { type Breakers, createBreakers } from './breaker.ts'
import { type Arm, ClientAbort, call, type Frame, type Reply } from './call.ts'
import { createFetchTransport } from './fetch.ts'
import { sleep } from './retry.ts'
import { createUndiciTransport } from './undici.node.ts'

const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const undici = createUndiciTransport()
let upstream: FaultProvider
let serial = 0

beforeAll(async () => {
  upstream = await startFaultProvider()
})
afterAll(async () => {
  await undici.close()
  await upstream.close()
})

type Overrides = Partial<Omit<Provider, 'timeouts' | 'retry' | 'breaker'>> & {
  timeouts?: Partial<Provider['timeouts']>
  retry?: Partial<Provider['retry']>
  breaker?: Partial<Provider['breaker']>
}

const SILENT = /hang|stall|no-end|S06|S07|S09/

function arm(fault: string, options: { wire?: Wire; stream?: boolean; provider?: Overrides } = {}): Arm {
  const { wire = 'openai', stream = true, provider = {} } = options
  const candidate: Candidate = {
    id: fault,
    provider: 'faulty',
    model: `${fault}#${serial++}`,
    wire,
    price: null,
    contextWindow: 1000,
    capabilities: new Set(),
    tags: [],
  }
  const body = readBody(
    new TextEncoder().encode(
      JSON.stringify({ model: 'auto', stream, max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }] }),
    ),
  )
  return {
    candidate,
    provider: {
      id: 'faulty',
      wire,
      baseUrl: `${upstream.origin}/v1`,
      apiKey: 'upstream-key',
      headers: {},
      transport: undici.transport,
      ...provider,
      timeouts: {
        connectTimeoutMs: 500,
        // Short only where it is waited for: on a busy machine a healthy upstream may take a while.
        ...(SILENT.test(fault)
          ? { firstTokenTimeoutMs: 300, idleTimeoutMs: 200 }
          : { firstTokenTimeoutMs: 5000, idleTimeoutMs: 5000 }),
        totalTimeoutMs: 20_000,
        ...provider.timeouts,
      },
      retry: { maxAttempts: 3, baseDelayMs: 5, maxDelayMs: 20, maxRetryAfterMs: 3000, ...provider.retry },
      breaker: { failures: 100, cooldownMs: 1000, ...provider.breaker },
    },
    exchange: () => buildExchange(wire, body, candidate, {}),
  }
}

interface Run {
  reply: Reply | null
  error: unknown
  attempts: Attempt[]
  frames: Frame[]
  /** What a client that passes bytes through would have received. */
  text: string
  /** The answer's text by the parts. */
  said: string
}

/** Calls and reads the answer to its end, or to its failure. */
async function run(arms: readonly Arm[], options: { signal?: AbortSignal; breakers?: Breakers } = {}): Promise<Run> {
  const result: Run = { reply: null, error: null, attempts: [], frames: [], text: '', said: '' }
  try {
    result.reply = await call(arms, {
      decision: 'd1',
      signal: options.signal ?? new AbortController().signal,
      clock,
      random: () => 0.5,
      sleep,
      breakers: options.breakers ?? createBreakers(clock),
      onAttempt: (attempt) => result.attempts.push(attempt),
    })
    if (result.reply.kind === 'stream') for await (const frame of result.reply.frames) result.frames.push(frame)
  } catch (thrown) {
    result.error = thrown
  }
  result.text = result.frames.map((frame) => Buffer.from(frame.bytes).toString()).join('')
  result.said = partsOf(result)
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')
  return result
}

const partsOf = ({ frames }: Run): StreamPart[] => frames.flatMap((frame) => [...frame.parts])
const hitsOf = ({ candidate }: Arm) => upstream.of(candidate.model)
const codeOf = ({ error }: Run) => (error instanceof SwitchyardError ? error.code : error)
const until = async (done: () => boolean, ms = 2000) => {
  const end = performance.now() + ms
  while (!done() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
  return done()
}

const wires = ['openai', 'anthropic'] as const

describe.each(wires)('a healthy %s upstream', (wire) => {
  test('streams: the bytes pass untouched, the parts and usage are read, one attempt is logged', async () => {
    const one = arm('ok', { wire })
    const result = await run([one])
    expect(result.error).toBeNull()
    expect(result.text).toBe(eventsOf(wire, one.candidate.model).join(''))
    expect(result.said).toBe(ANSWER)
    expect(result.reply).toMatchObject({
      kind: 'stream',
      status: 200,
      attempts: 1,
      headers: { 'x-request-id': 'req_fault' },
    })
    expect(partsOf(result).filter((part) => part.type === 'finish')).toMatchObject([
      { usage: { output: USAGE.output } },
    ])
    expect(result.attempts).toMatchObject([{ index: 0, status: 200, error: null, candidate: 'ok', decision: 'd1' }])
    expect(result.attempts[0]!.ttftMs).toBeGreaterThan(0)
  })

  test('answers whole: body, usage and finish', async () => {
    const result = await run([arm('ok', { wire, stream: false })])
    expect(result.reply).toMatchObject({
      kind: 'whole',
      status: 200,
      usage: { input: USAGE.input },
      finish: { unified: 'stop' },
    })
    const { body } = result.reply as Extract<Reply, { kind: 'whole' }>
    expect(Buffer.from(body).toString()).toContain(ANSWER)
    expect(result.attempts).toHaveLength(1)
  })

  test('gets the provider key and nothing compressed', async () => {
    const one = arm('ok', { wire })
    await run([one])
    const { headers } = hitsOf(one)[0]!
    expect(headers['accept-encoding']).toBe('identity')
    expect(wire === 'openai' ? headers.authorization : headers['x-api-key']).toBe(
      wire === 'openai' ? 'Bearer upstream-key' : 'upstream-key',
    )
  })

  test('every byte boundary: one-byte chunks give the same answer in whole events', async () => {
    const one = arm('chop:1', { wire })
    const result = await run([one])
    expect(result.text).toBe(eventsOf(wire, one.candidate.model).join(''))
    expect(result.said).toBe(ANSWER)
    for (const { bytes } of result.frames.filter((frame) => frame.bytes.length > 0))
      expect(Buffer.from(bytes).toString().endsWith('\n\n')).toBe(true)
  })
})

// What Failover Bench asks of a gateway with a fallback: what the client gets, and what the primary and the fallback see.
describe.concurrent.each(wires)('Failover Bench with a fallback, %s', (wire) => {
  const saved = { error: null, said: ANSWER }
  test.each([
    { id: 'S01', primary: 2, fallback: 0, ...saved },
    { id: 'S02', primary: 2, fallback: 1, ...saved },
    { id: 'S03', primary: 2, fallback: 0, ...saved },
    { id: 'S04', primary: 2, fallback: 1, ...saved },
    { id: 'S05', primary: 2, fallback: 0, ...saved },
    { id: 'S06', primary: 1, fallback: 1, ...saved },
    { id: 'S07', primary: 1, fallback: 1, ...saved },
    { id: 'S08', primary: 1, fallback: 0, error: 'upstream_truncated', said: 'word1' },
    { id: 'S09', primary: 1, fallback: 0, error: 'upstream_timeout', said: 'word1' },
    // Anthropic's stream has an end event of its own, and it is not optional.
    {
      id: 'S11',
      primary: 1,
      fallback: 0,
      ...(wire === 'openai' ? saved : { error: 'upstream_truncated', said: ANSWER }),
    },
    { id: 'S12', primary: 1, fallback: 1, ...saved },
    { id: 'S14', primary: 1, fallback: 0, error: 'upstream_truncated', said: 'word1' },
    { id: 'S15', primary: 2, fallback: 1, ...saved },
    { id: 'S16', primary: 2, fallback: 1, ...saved },
  ])('$id', async ({ id, primary, fallback, error, said }) => {
    const [first, second] = [arm(id, { wire }), arm('ok', { wire })]
    const result = await run([first, second])
    expect(codeOf(result)).toBe(error)
    expect(result.said.startsWith(said)).toBe(true)
    expect(result.said === ANSWER).toBe(said === ANSWER)
    expect([hitsOf(first).length, hitsOf(second).length]).toEqual([primary, fallback])
    expect(result.reply?.candidate).toBe(fallback > 0 ? second.candidate : first.candidate)
    expect(result.attempts.map((attempt) => attempt.index)).toEqual([...Array(primary + fallback).keys()])
  })

  test('S01 waits for what Retry-After says', async () => {
    const one = arm('once/status:429:1', { wire })
    await run([one])
    const [first, second] = hitsOf(one)
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(990)
  })

  test('S10: an event that is not JSON ends the answer with an error', async () => {
    const result = await run([arm('S10', { wire }), arm('ok', { wire })])
    expect(codeOf(result)).toBe('upstream_malformed')
    expect(result.said).not.toBe(ANSWER)
  })

  test('S13: a content filter is reported, not routed around', async () => {
    const [first, second] = [arm('S13', { wire }), arm('ok', { wire })]
    const result = await run([first, second])
    expect(result.reply).toMatchObject({ kind: 'rejected', status: 400, attempts: 1 })
    expect([hitsOf(first).length, hitsOf(second).length]).toEqual([1, 0])
  })
})

describe.each(wires)('a cut %s stream is never a success', (wire) => {
  const length = Buffer.byteLength(eventsOf(wire, 'm').join(''))
  // The model's name is longer in the real events, so that no offset here reaches the end.
  const offsets = Array.from({ length: 12 }, (_, i) => Math.floor((i * length) / 12))
  test.each(['fin', 'rst', 'end'])('%s at any byte', async (how) => {
    const results = await Promise.all(
      offsets.map((offset) => run([arm(`cut:${offset}:${how}`, { wire, provider: { retry: { maxAttempts: 1 } } })])),
    )
    for (const result of results) {
      expect(codeOf(result)).toBe('upstream_truncated')
      expect(result.text === '' || result.text.endsWith('\n\n')).toBe(true)
      expect(partsOf(result).some((part) => part.type === 'finish' || part.type === 'error')).toBe(false)
      expect(result.attempts).toMatchObject([{ error: 'upstream_truncated' }])
    }
  })

  test.each(['fin', 'rst', 'end'])('%s at every event boundary before the answer is complete', async (how) => {
    const all = eventsOf(wire, 'm')
    const finish = all.findIndex((event) =>
      event.includes(wire === 'openai' ? '"finish_reason":"stop"' : 'message_stop'),
    )
    for (let n = 0; n <= finish; n++) {
      const result = await run([arm(`cut-event:${n}:${how}`, { wire, provider: { retry: { maxAttempts: 1 } } })])
      expect(codeOf(result), `after ${n} events`).toBe('upstream_truncated')
    }
  })

  test('a cut before the first word goes to the next candidate, unseen', async () => {
    const result = await run([arm('cut-event:2:rst', { wire }), arm('ok', { wire })])
    expect(result.said).toBe(ANSWER)
    expect(result.attempts.map((attempt) => attempt.error)).toEqual(['upstream_truncated', 'upstream_truncated', null])
  })
})

describe('whole answers that break', () => {
  test.each([
    ['cut:50:fin', 'upstream_truncated'],
    ['cut:50:rst', 'upstream_truncated'],
    ['cut:50:end', 'upstream_malformed'],
    ['wrong-length:7', 'upstream_truncated'],
    ['wrong-length:-7', 'upstream_malformed'],
    ['bad-json', 'upstream_malformed'],
    ['html', 'upstream_malformed'],
    ['close', 'upstream_unreachable'],
    ['stall', 'upstream_timeout'],
    ['hang', 'upstream_timeout'],
    ['hang-body', 'upstream_timeout'],
  ])('%s is %s, and the next candidate answers', async (fault, code) => {
    const alone = await run([arm(fault, { stream: false, provider: { retry: { maxAttempts: 1 } } })])
    expect(codeOf(alone)).toBe(code)
    const saved = await run([arm(fault, { stream: false }), arm('ok', { stream: false })])
    expect(saved.reply).toMatchObject({ kind: 'whole', candidate: { id: 'ok' } })
  })
})

describe('streams that break', () => {
  test.each([
    ['json', 'upstream_malformed'],
    ['html', 'upstream_malformed'],
    ['bad-json', 'upstream_truncated'],
    ['hang-body', 'upstream_timeout'],
    ['hang-first', 'upstream_timeout'],
  ])('%s before the first word is %s, and the next candidate answers', async (fault, code) => {
    const alone = await run([arm(fault, { provider: { retry: { maxAttempts: 1 } } })])
    expect(codeOf(alone)).toBe(code)
    const saved = await run([arm(fault), arm('ok')])
    expect(saved.said).toBe(ANSWER)
  })

  test('an event without end is refused before it fills the memory', async () => {
    const result = await run([arm('huge-line:4000000')])
    expect(codeOf(result)).toBe('upstream_malformed')
  })

  test.each(wires)('an %s error event first: another try, then the next candidate', async (wire) => {
    const [first, second] = [arm('error-first', { wire }), arm('ok', { wire })]
    const result = await run([first, second])
    expect(result.said).toBe(ANSWER)
    expect([hitsOf(first).length, hitsOf(second).length]).toEqual([2, 1])
  })

  test.each(wires)('an %s error event first that another candidate may avoid: at once the next', async (wire) => {
    for (const word of ['insufficient_quota', 'context_length_exceeded']) {
      const [first, second] = [arm(`error-first:${word}`, { wire }), arm('ok', { wire })]
      const result = await run([first, second])
      expect(result.said).toBe(ANSWER)
      expect([hitsOf(first).length, hitsOf(second).length]).toEqual([1, 1])
    }
  })

  test.each(wires)('an %s error event first about the request itself: nobody else is asked', async (wire) => {
    const breakers = createBreakers(clock)
    const picky = arm('error-first:content_filter', { wire, provider: { breaker: { failures: 1 } } })
    const other = arm('ok', { wire })
    for (let n = 1; n <= 2; n++) {
      const result = await run([picky, other], { breakers })
      expect(codeOf(result)).toBe('invalid_request')
      // Nor is it the upstream's fault: its breaker stays closed.
      expect([hitsOf(picky).length, hitsOf(other).length]).toEqual([n, 0])
    }
  })

  test.each(wires)('an %s error event in the middle passes as a frame, then the failure is thrown', async (wire) => {
    const result = await run([arm('error-mid:8', { wire }), arm('ok', { wire })])
    expect(codeOf(result)).toBe(wire === 'openai' ? 'upstream_error' : 'upstream_overloaded')
    expect(partsOf(result).at(-1)).toMatchObject({ type: 'error' })
    expect(result.text).toContain('"error"')
    expect(result.reply?.attempts).toBe(1)
  })

  test('a complete answer on a connection that stays open ends by itself, long before the idle limit', async () => {
    const result = await run([arm('no-end', { provider: { timeouts: { idleTimeoutMs: 15_000 } } })])
    expect(result.error).toBeNull()
    expect(result.said).toBe(ANSWER)
    expect(result.attempts).toMatchObject([{ error: null }])
    expect(result.attempts[0]!.latencyMs).toBeLessThan(15_000)
  })

  test('a slow stream is not a stalled one, and the whole of it has a limit', async () => {
    const slow = await run([arm('drip:60', { provider: { timeouts: { idleTimeoutMs: 900 } } })])
    expect(slow.error).toBeNull()
    const endless = await run([arm('drip:30', { provider: { timeouts: { totalTimeoutMs: 200 } } })])
    expect(codeOf(endless)).toBe('upstream_timeout')
    expect(String(endless.error)).toContain('totalTimeoutMs')
  })

  test('a reader that takes its time is not the silence of the upstream', async () => {
    const reply = await call([arm('drip:60', { provider: { timeouts: { idleTimeoutMs: 500 } } })], {
      decision: 'd',
      signal: new AbortController().signal,
      clock,
      random: Math.random,
      sleep,
      breakers: createBreakers(clock),
      onAttempt: () => undefined,
    })
    if (reply.kind !== 'stream') throw new Error('expected a stream')
    let said = ''
    let frames = 0
    for await (const frame of reply.frames) {
      if (++frames === 6) await new Promise((resolve) => setTimeout(resolve, 800))
      for (const part of frame.parts) said += part.type === 'text' ? part.text : ''
    }
    expect(said).toBe(ANSWER)
  })
})

describe('retries', () => {
  test.each([400, 401, 402, 403, 404, 413, 422])('%i is never asked again at the same candidate', async (status) => {
    const one = arm(`status:${status}`)
    const result = await run([one])
    expect(result.reply).toMatchObject({ kind: 'rejected', status })
    expect(hitsOf(one)).toHaveLength(1)
  })

  test.each([401, 402, 403])('%i is about our key: the next candidate is asked', async (status) => {
    const result = await run([arm(`status:${status}`), arm('ok')])
    expect(result.said).toBe(ANSWER)
  })

  test('a bad request goes nowhere else', async () => {
    const other = arm('ok')
    const result = await run([arm('bad-request'), other])
    expect(result.reply).toMatchObject({ kind: 'rejected', status: 400 })
    expect(hitsOf(other)).toHaveLength(0)
  })

  test('maxAttempts bounds the calls over all arms, and the last one is kept for the next candidate', async () => {
    const arms = ['status:500', 'status:503', 'status:529'].map((fault) => arm(fault))
    const result = await run(arms)
    expect(arms.map((one) => hitsOf(one).length)).toEqual([2, 1, 0])
    expect(result.reply).toMatchObject({ kind: 'rejected', status: 500, attempts: 3 })
  })

  test('a longer Retry-After than allowed is not waited for', async () => {
    const one = arm('status:429:60')
    const result = await run([one, arm('ok')])
    expect(hitsOf(one)).toHaveLength(1)
    expect(result.said).toBe(ANSWER)
    const alone = await run([arm('status:429:60')])
    expect(alone.reply).toMatchObject({ kind: 'rejected', status: 429, headers: { 'retry-after': '60' } })
  })

  test('"try again" is a better answer than a refused key', async () => {
    const result = await run([arm('status:401'), arm('status:503')])
    expect(result.reply).toMatchObject({ kind: 'rejected', status: 503 })
  })

  test('nobody listens: tried again, then the error names candidate and provider but no address', async () => {
    const result = await run([arm('ok', { provider: { baseUrl: `${upstream.refusing}/v1` } })])
    expect(codeOf(result)).toBe('upstream_unreachable')
    expect(String(result.error)).toMatch(/Candidate ok \(provider faulty\).*ECONNREFUSED/)
    expect(String(result.error)).not.toContain('127.0.0.1')
    expect(result.attempts).toHaveLength(3)
  })

  test('an error status whose body never comes still counts', async () => {
    const result = await run([arm('status-hang:503'), arm('ok')])
    expect(result.said).toBe(ANSWER)
    expect(result.attempts[0]).toMatchObject({ status: 503 })
  })

  test('redirects are not followed', async () => {
    const target = arm('ok')
    const one = arm(`redirect:${upstream.origin}/v1/chat/completions`)
    const result = await run([one, target])
    expect(hitsOf(one)).toHaveLength(1)
    expect(result.reply?.candidate).toBe(target.candidate)
  })

  test('a candidate whose dialect cannot carry the request is passed over', async () => {
    const unfit: Arm = {
      ...arm('ok'),
      exchange: () => {
        throw new SwitchyardError('unsupported', 'cannot')
      },
    }
    expect((await run([unfit, arm('ok')])).said).toBe(ANSWER)
    expect(codeOf(await run([unfit]))).toBe('unsupported')
  })
})

describe('the client leaves', () => {
  const transports = { undici: undici.transport, fetch: createFetchTransport(fetch) }
  test.each([
    ['waiting for headers', 'hang'],
    ['waiting for the body', 'hang-body'],
    ['waiting for the first word', 'hang-first'],
    ['in the middle', 'stall:8'],
  ])('%s: the upstream is closed, over undici and fetch', async (_phase, fault) => {
    for (const transport of Object.values(transports)) {
      const one = arm(fault, { provider: { transport, timeouts: { firstTokenTimeoutMs: 5000, idleTimeoutMs: 5000 } } })
      const client = new AbortController()
      const breakers = createBreakers(clock)
      const running = run([one, arm('ok')], { signal: client.signal, breakers })
      await until(() => hitsOf(one).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 50))
      client.abort()
      const result = await running
      expect(result.error).toBeInstanceOf(ClientAbort)
      expect(result.attempts).toMatchObject([{ error: 'client_abort' }])
      expect(await until(() => hitsOf(one)[0]!.closedAt !== null)).toBe(true)
    }
  })

  test.each(['hang', 'stall:8', 'status:429:2'])('another reason to give up (%s) counts as that', async (fault) => {
    const one = arm(fault, { provider: { timeouts: { firstTokenTimeoutMs: 5000, idleTimeoutMs: 5000 } } })
    const limit = new AbortController()
    const breakers = createBreakers(clock)
    const running = run([one], { signal: limit.signal, breakers })
    await until(() => hitsOf(one).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    limit.abort(new SwitchyardError('upstream_timeout', 'too late'))
    const result = await running
    expect(codeOf(result)).toBe('upstream_timeout')
    expect(result.attempts.map(({ error }) => error)).toEqual([
      fault === 'status:429:2' ? 'upstream_rate_limited' : 'upstream_timeout',
    ])
    expect(hitsOf(one)).toHaveLength(1)
  })

  test('while waiting to try again: nothing more is asked', async () => {
    const one = arm('status:429:2')
    const client = new AbortController()
    const running = run([one, arm('ok')], { signal: client.signal })
    await until(() => hitsOf(one).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.abort()
    expect((await running).error).toBeInstanceOf(ClientAbort)
    expect(hitsOf(one)).toHaveLength(1)
  })

  test('before anything was asked', async () => {
    const one = arm('ok')
    const result = await run([one], { signal: AbortSignal.abort() })
    expect(result.error).toBeInstanceOf(ClientAbort)
    expect(hitsOf(one)).toHaveLength(0)
  })

  test('the reader leaving the loop closes the upstream too, read from or not', async () => {
    for (const frames of [0, 1]) {
      const one = arm('drip:20')
      const attempts: Attempt[] = []
      const reply = await call([one], {
        decision: 'd',
        signal: new AbortController().signal,
        clock,
        random: Math.random,
        sleep,
        breakers: createBreakers(clock),
        onAttempt: (attempt) => attempts.push(attempt),
      })
      if (reply.kind !== 'stream') throw new Error('expected a stream')
      for (let i = 0; i < frames; i++) await reply.frames.next()
      await reply.frames.return?.()
      expect(await until(() => hitsOf(one)[0]!.closedAt !== null)).toBe(true)
      expect(attempts).toMatchObject([{ error: 'client_abort' }])
    }
  })
})

test('no connection outlives a failure', async () => {
  const faults = ['hang', 'hang-first', 'stall:8', 'status-hang:500', 'huge-line:2000000', 'flood:8000000']
  const arms = faults.map((fault) =>
    arm(fault, { provider: { retry: { maxAttempts: 1 }, timeouts: { totalTimeoutMs: 500 } } }),
  )
  await Promise.all(arms.map((one) => run([one])))
  for (const one of arms) {
    const [hit] = hitsOf(one)
    expect(await until(() => hit!.closedAt !== null || hit!.answered), one.candidate.model).toBe(true)
  }
})

describe('breakers', () => {
  const provider = { retry: { maxAttempts: 1 }, breaker: { failures: 2, cooldownMs: 100 } }

  test('an outage opens, the fallback serves, one probe closes', async () => {
    const breakers = createBreakers(clock)
    const one = arm('flap/150/status:503', { provider })
    const fallback = arm('ok')
    for (let i = 0; i < 5; i++) await run([one], { breakers })
    expect(hitsOf(one)).toHaveLength(2)
    const open = await run([one], { breakers })
    expect(codeOf(open)).toBe('upstream_open')
    expect(open.attempts).toHaveLength(0)
    expect((await run([one, fallback], { breakers })).said).toBe(ANSWER)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await run([one], { breakers })).reply?.candidate).toBe(one.candidate)
    expect((await run([one], { breakers })).said).toBe(ANSWER)
  })

  test.each(['cut-event:8:rst', 'stall:8', 'hang', 'error-mid:8', 'status:401'])('%s in a row opens', async (fault) => {
    const breakers = createBreakers(clock)
    const one = arm(fault, { provider })
    await run([one], { breakers })
    await run([one], { breakers })
    expect(codeOf(await run([one], { breakers }))).toBe('upstream_open')
  })

  test.each(['bad-request', 'content-filter', 'context-length', 'ok'])('%s does not', async (fault) => {
    const breakers = createBreakers(clock)
    const one = arm(fault, { provider })
    for (let i = 0; i < 4; i++) await run([one], { breakers })
    expect(hitsOf(one)).toHaveLength(4)
  })
})

test('a reader that stops is felt by the upstream', async () => {
  const bytes = 64 * 1024 * 1024
  const one = arm(`flood:${bytes}`, { provider: { timeouts: { totalTimeoutMs: 20_000 } } })
  const reply = await call([one], {
    decision: 'd',
    signal: new AbortController().signal,
    clock,
    random: Math.random,
    sleep,
    breakers: createBreakers(clock),
    onAttempt: () => undefined,
  })
  if (reply.kind !== 'stream') throw new Error('expected a stream')
  await reply.frames.next()
  const [hit] = hitsOf(one)
  let before = -1
  while (hit!.sentBytes > before) {
    before = hit!.sentBytes
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  // What the kernel holds on both sides of the socket is a few megabytes; the rest was never sent.
  expect(hit!.sentBytes).toBeLessThan(bytes / 3)
  await reply.frames.return?.()
})
