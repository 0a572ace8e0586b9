import { describe, expect, it } from 'vitest'
import { createBreakers } from '../call/breaker.ts'
import { type Arm, ClientAbort, type Reply } from '../call/call.ts'
import { providerOf } from '../call/fixture.ts'
import { sleep } from '../call/retry.ts'
import { SwitchyardError } from '../errors.ts'
import { sampleDecision } from '../log/contract.ts'
import { createMemoryStore } from '../log/memory.ts'
import type { Attempt, Candidate, Cascade, Plan, StepAnswer, Transport, UpstreamRequest, Verdict } from '../spec.ts'
import { buildExchange, readBody } from '../wire/index.ts'
import { openAccount } from './account.ts'
import { runCascade } from './cascade.ts'
import type { Deps } from './deps.ts'

const clock = { now: () => 1000, monotonic: () => performance.now() }
const encode = (text: string) => new TextEncoder().encode(text)

/** USD per token of output by arm; an answer is ten tokens long. */
const PRICES = [1, 2, 30, 40]
const TOKENS = 10

type Behaviour = (
  request: UpstreamRequest,
) => Promise<{ status?: number; type?: string; chunks: AsyncIterable<string> | string[] }>

const JSON_TYPE = 'application/json'
const usage = { prompt_tokens: 0, completion_tokens: TOKENS, total_tokens: TOKENS }
const says =
  (text: string, more: object = {}): Behaviour =>
  async ({ body }) => {
    const { stream } = JSON.parse(new TextDecoder().decode(body))
    if (!stream) {
      const choices = [{ index: 0, message: { role: 'assistant', content: text, ...more }, finish_reason: 'stop' }]
      return { chunks: [JSON.stringify({ id: 'c', model: 'm', choices, usage })] }
    }
    const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`
    const chunks = [
      event({ id: 'c', model: 'm', choices: [{ index: 0, delta: { content: text, ...more }, finish_reason: null }] }),
      event({ id: 'c', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage }),
      'data: [DONE]\n\n',
    ]
    return { type: 'text/event-stream', chunks }
  }
const fails =
  (status: number): Behaviour =>
  async () => ({ status, chunks: ['{"error":{"message":"no"}}'] })
/** Half of a stream: 40 characters, and no end. */
const breaksOff: Behaviour = async () => ({
  type: 'text/event-stream',
  chunks: [`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(40) } }] })}\n\n`],
})
const hangs: Behaviour = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

interface Given {
  readonly upstreams: readonly Behaviour[]
  readonly judge: Cascade['judge']
  readonly stream?: boolean
  readonly maxLatencyMs?: number
  readonly maxCostUsd?: number
  readonly signal?: AbortSignal
  readonly reserve?: (usd: number) => Promise<void>
  readonly logging?: Promise<unknown>
  readonly alternates?: readonly number[]
}

interface Ran {
  readonly said: string
  readonly reply: Reply | null
  readonly error: unknown
  /** Arms that the upstream was asked for, in that order. */
  readonly asked: readonly number[]
  readonly attempts: readonly Attempt[]
  readonly verdicts: readonly string[]
  readonly costUsd: number | null
}

async function run(given: Given): Promise<Ran> {
  const { upstreams, stream = false, maxLatencyMs = 60_000, signal = new AbortController().signal } = given
  const asked: number[] = []
  const candidates = upstreams.map(
    (_, arm): Candidate => ({
      id: `m${arm}`,
      provider: 'p',
      model: `m${arm}`,
      wire: 'openai',
      price: { inputPerMTok: 0, outputPerMTok: PRICES[arm]! * 1e6 },
      contextWindow: 1000,
      capabilities: new Set(),
      tags: [],
    }),
  )
  const body = readBody(encode(JSON.stringify({ model: 'auto', stream, messages: [{ role: 'user', content: 'Hi' }] })))
  const armsOf = (arm: number): Arm[] => {
    const transport: Transport = async (request) => {
      asked.push(arm)
      const { status = 200, type = JSON_TYPE, chunks } = await upstreams[arm]!(request)
      return { status, headers: { 'content-type': type }, body: bytesOf(chunks) }
    }
    const candidate = candidates[arm]!
    return [
      {
        candidate,
        provider: providerOf(transport),
        exchange: () => buildExchange('openai', body, candidate, {}),
      },
    ]
  }
  const store = createMemoryStore()
  const decision = sampleDecision('d1', { query: { ...sampleDecision('').query, inputTokens: 0 } })
  await store.append([{ table: 'decisions', row: decision }])
  let cost: number | null = null
  const deps = { store, clock } as unknown as Deps
  const account = openAccount(deps, decision, {
    started: 0,
    onSettled: (usd) => {
      cost = usd
    },
  })
  account.logged = true
  const [arm, ...rest] = candidates.keys()
  const plan: Plan = {
    kind: 'cascade',
    arm: arm!,
    alternates: given.alternates ?? rest,
    propensity: 1,
    chances: [1],
    explored: false,
    reason: '',
    maxLatencyMs,
    judge: given.judge,
  }
  const options = { decision: 'd1', signal, clock, random: () => 0.5, sleep, breakers: createBreakers(clock) }
  let [reply, error, said]: [Reply | null, unknown, string] = [null, null, '']
  try {
    reply = await runCascade(plan as Plan & Cascade, {
      candidates,
      expectedUsd: PRICES.map((price) => price * TOKENS),
      limits: given.maxCostUsd === undefined ? {} : { maxCostUsd: given.maxCostUsd },
      armsOf,
      call: options,
      account,
      reserve: given.reserve ?? (async () => {}),
      logging: given.logging ?? Promise.resolve(),
    })
    if (reply.kind === 'whole') said = new TextDecoder().decode(reply.body)
    if (reply.kind === 'stream') for await (const frame of reply.frames) said += new TextDecoder().decode(frame.bytes)
  } catch (thrown) {
    error = thrown
  }
  const status = error === null ? 'ok' : 'upstream_error'
  const candidate = reply?.candidate ?? candidates[0]!
  account.settle({ status, candidate, usage: null, outputChars: 0, ttftMs: null, finish: null })
  await new Promise((done) => setTimeout(done, 0))
  const { attempts } = (await store.decision('d1'))!
  return { said, reply, error, asked, attempts, verdicts: attempts.map(({ verdict }) => verdict ?? ''), costUsd: cost }
}

async function* bytesOf(chunks: AsyncIterable<string> | string[]): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield encode(chunk)
}

const ask = (arm: number): Verdict => ({ kind: 'ask', arm, reason: 'worth it' })
const accept = (arm: number): Verdict => ({ kind: 'accept', arm, chance: 0.9, reason: 'it will do' })
/** Goes on to whoever is next as long as somebody is, then takes the last. */
const onward: Cascade['judge'] = (answers, [next]) => (next === undefined ? accept(answers.at(-1)!.arm) : ask(next))

describe.each([false, true])('a cascade (stream: %s)', (stream) => {
  it('asks until an answer is accepted, and gives that one back untouched', async () => {
    const seen: (readonly StepAnswer[])[] = []
    const judge: Cascade['judge'] = (answers, open) => {
      seen.push([...answers])
      return answers.length < 2 ? ask(open[0]!) : accept(1)
    }
    const ran = await run({ upstreams: [says('one'), says('two'), says('three')], judge, stream })
    const alone = await run({ upstreams: [says('two')], judge: () => accept(0), stream })
    expect(ran.said).toBe(alone.said)
    expect(ran.said).toContain('"two"')
    expect(ran.reply?.candidate.id).toBe('m1')
    expect(ran.asked).toEqual([0, 1])
    expect(seen.at(-1)).toEqual([
      { arm: 0, text: 'one', outputTokens: TOKENS, logprob: null },
      { arm: 1, text: 'two', outputTokens: TOKENS, logprob: null },
    ])
    expect(ran.attempts).toMatchObject([
      { index: 0, candidate: 'm0', error: null, costUsd: 10, verdict: 'm1 is asked: worth it.' },
      { index: 1, candidate: 'm1', error: null, costUsd: 20, verdict: 'm1 is accepted: it will do.' },
    ])
    expect(ran.costUsd).toBe(30)
  })

  it('may go back to an earlier answer', async () => {
    const judge: Cascade['judge'] = (answers, open) => (answers.length < 2 ? ask(open[0]!) : accept(0))
    const ran = await run({ upstreams: [says('one'), says('two')], judge, stream })
    expect(ran.said).toContain('"one"')
    expect(ran.reply?.candidate.id).toBe('m0')
    expect(ran.costUsd).toBe(30)
  })

  it('asks three models at most', async () => {
    const ran = await run({ upstreams: ['1', '2', '3', '4'].map((text) => says(text)), judge: onward, stream })
    expect(ran.asked).toEqual([0, 1, 2])
    expect(ran.verdicts[2]).toBe('m2 is accepted: it will do. Nobody else could be asked: 3 models have been asked.')
  })

  it('takes a tool call as it is', async () => {
    const tool_calls = [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }]
    const judge = () => {
      throw new Error('not to be judged')
    }
    const ran = await run({ upstreams: [says('', { tool_calls }), says('two')], judge, stream })
    expect(ran.error).toBeNull()
    expect(ran.said).toContain('tool_calls')
    expect(ran.asked).toEqual([0])
    expect(ran.verdicts[0]).toContain('its answer is not text alone')
  })

  it('the first step fails over until somebody answers; who failed is asked no more', async () => {
    const ran = await run({ upstreams: [fails(401), says('two'), says('three')], judge: onward, stream })
    expect(ran.asked).toEqual([0, 1, 2])
    expect(ran.attempts.map(({ costUsd }) => costUsd)).toEqual([null, 20, 300])
    expect(ran.said).toContain('"three"')
  })

  it('a later step that fails is skipped, and the others are judged without it', async () => {
    const upstreams = [says('one'), fails(401), says('three')]
    const calls: (readonly number[])[] = []
    const judge: Cascade['judge'] = (answers, open) => {
      calls.push(open)
      return answers.length < 2 ? ask(open[0]!) : accept(2)
    }
    const ran = await run({ upstreams, judge, stream })
    expect(calls).toEqual([[1, 2], [2], []])
    expect(ran.said).toContain('"three"')
    expect(ran.verdicts).toEqual([
      'm1 is asked: worth it.',
      'm1 gave no answer. m2 is asked: worth it.',
      'm2 is accepted: it will do. Nobody else could be asked: 3 models have been asked.',
    ])
    expect(ran.costUsd).toBe(310)
  })

  it('gives the error where nobody answers', async () => {
    const ran = await run({ upstreams: [fails(401), fails(403)], judge: onward, stream })
    expect(ran.reply).toMatchObject({ kind: 'rejected' })
    expect(ran.asked).toEqual([0, 1])
    expect(ran.costUsd).toBeNull()
  })

  it('refuses what is wrong with the request itself at once', async () => {
    const ran = await run({ upstreams: [fails(400), says('two')], judge: onward, stream })
    expect(ran.reply).toMatchObject({ kind: 'rejected', status: 400 })
    expect(ran.asked).toEqual([0])
  })

  it('after its time nobody else is asked', async () => {
    const ran = await run({ upstreams: [says('one'), says('two')], judge: onward, maxLatencyMs: 0, stream })
    expect(ran.asked).toEqual([0])
    expect(ran.verdicts[0]).toContain('0 ms are over')
  })

  it('gives a later step up when its time is over, without blame, and sends what is there', async () => {
    const ran = await run({ upstreams: [says('one'), hangs, says('three')], judge: onward, maxLatencyMs: 200, stream })
    expect(ran.asked).toEqual([0, 1])
    expect(ran.said).toContain('"one"')
    expect(ran.attempts.map(({ error }) => error)).toEqual([null, 'upstream_timeout'])
    expect(ran.verdicts[1]).toContain('200 ms are over')
  })

  it('keeps the total within the limit on cost', async () => {
    const upstreams = [says('one'), says('two'), says('three')]
    // 10 spent, 20 or 300 to come.
    const ran = await run({ upstreams, judge: onward, maxCostUsd: 40, stream })
    expect(ran.asked).toEqual([0, 1])
    expect(ran.verdicts[1]).toContain('the request may cost 40 USD')
    expect((await run({ upstreams, judge: onward, maxCostUsd: 29, stream })).asked).toEqual([0])
  })

  it('reserves before each further step, and accepts what is there where that is refused', async () => {
    const reserved: number[] = []
    const reserve = async (usd: number) => {
      reserved.push(usd)
      if (usd > 100) throw new SwitchyardError('budget_exceeded', 'spent')
    }
    const ran = await run({ upstreams: [says('one'), says('two'), says('three')], judge: onward, reserve, stream })
    expect(reserved).toEqual([20, 300])
    expect(ran.asked).toEqual([0, 1])
    expect(ran.said).toContain('"two"')
    expect(ran.verdicts[1]).toContain('budget_exceeded')
  })

  it('stops at once when the client leaves in the middle of a step, and what was spent is known', async () => {
    const client = new AbortController()
    const upstreams = [says('one'), hangs]
    const judge: Cascade['judge'] = () => {
      setTimeout(() => client.abort(), 20)
      return ask(1)
    }
    const ran = await run({ upstreams, judge, signal: client.signal, stream })
    expect(ran.error).toBeInstanceOf(ClientAbort)
    expect(ran.attempts.map(({ error }) => error)).toEqual([null, 'client_abort'])
    expect(ran.costUsd).toBe(10)
  })

  it('asks nobody after the client has left between two steps', async () => {
    const client = new AbortController()
    const judge: Cascade['judge'] = () => {
      client.abort()
      return ask(1)
    }
    const ran = await run({ upstreams: [says('one'), says('two')], judge, signal: client.signal, stream })
    expect(ran.error).toBeInstanceOf(ClientAbort)
    expect(ran.asked).toEqual([0])
    expect(ran.costUsd).toBe(10)
  })

  it('asks nobody else, and lets go of the upstream, where the decision cannot be logged', async () => {
    const logging = new Promise((_, reject) => setTimeout(() => reject(new Error('disk full')), 20))
    expect((await run({ upstreams: [hangs, says('two')], judge: onward, logging, stream })).asked).toEqual([0])
    const late = Promise.reject(new Error('disk full'))
    late.catch(() => {})
    const ran = await run({ upstreams: [says('one'), says('two')], judge: onward, logging: late, stream })
    expect(ran.error).not.toBeNull()
    expect(ran.asked.length).toBeLessThan(2)
  })

  it('holds a plan to what it may ask', async () => {
    const ran = await run({ upstreams: [says('one'), says('two')], judge: () => ask(0), stream })
    expect(ran.error).toMatchObject({ code: 'internal' })
  })
})

describe('an answer that breaks off', () => {
  it('is never accepted, though it is paid for', async () => {
    const upstreams = [says('one'), breaksOff, says('three')]
    const judged: (readonly StepAnswer[])[] = []
    const judge: Cascade['judge'] = (answers, open) => {
      judged.push([...answers])
      return open.includes(1) ? ask(1) : accept(answers.at(-1)!.arm)
    }
    const ran = await run({ upstreams, judge, stream: true })
    expect(ran.said).toContain('"one"')
    expect(judged.flat().map(({ arm }) => arm)).toEqual([0, 0])
    expect(ran.attempts.map(({ error, costUsd }) => [error, costUsd])).toEqual([
      [null, 10],
      // Forty characters are ten tokens.
      ['upstream_truncated', 20],
    ])
    expect(ran.costUsd).toBe(30)
  })

  it('is as good as none: the next in the order is asked, and where there is none the error is given', async () => {
    const next = await run({ upstreams: [breaksOff, says('two')], judge: onward, stream: true })
    expect(next.said).toContain('"two"')
    expect(next.asked).toEqual([0, 1])
    const nobody = await run({ upstreams: [breaksOff, breaksOff], judge: onward, stream: true })
    expect(nobody.error).toMatchObject({ code: 'upstream_truncated' })
    expect(nobody.asked).toEqual([0, 1])
  })
})
