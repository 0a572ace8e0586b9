/** What is asked for beyond what the client asked for: it must neither be seen nor be the reason of a failure. */
import { describe, expect, it } from 'vitest'
import type { Attempt, Exchange, Transport, UpstreamRequest } from '../spec.ts'
import { buildExchange, readBody } from '../wire/index.ts'
import { createBreakers } from './breaker.ts'
import { type Arm, call, type Reply } from './call.ts'
import { providerOf } from './fixture.ts'
import { sleep } from './retry.ts'

const clock = { now: () => 1000, monotonic: () => performance.now() }
const encode = (text: string) => new TextEncoder().encode(text)
const asks = ({ body }: UpstreamRequest) => JSON.parse(new TextDecoder().decode(body)).logprobs === true

const logprobsOf = (asked: boolean) => (asked ? { content: [{ token: 'Hi', logprob: -0.25, bytes: [72, 105] }] } : null)
const WHOLE = (asked: boolean) =>
  `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"logprobs":${JSON.stringify(logprobsOf(asked))},"finish_reason":"stop"}],"x":1.0}`
const STREAM = (asked: boolean) => [
  `data: {"choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":${JSON.stringify(logprobsOf(asked))},"finish_reason":null}],"x":1.0}\n\n`,
  'data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
]

async function* bytesOf(chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield encode(chunk)
}

/** An upstream that answers with these statuses in turn, then well. */
function upstream(stream: boolean, statuses: readonly number[]) {
  const requests: boolean[] = []
  const transport: Transport = async (request) => {
    const status = statuses[requests.length] ?? 200
    requests.push(asks(request))
    const type = stream && status === 200 ? 'text/event-stream' : 'application/json'
    const error = '{"error":{"message":"You are not allowed to request logprobs from this model."}}'
    const chunks = status !== 200 ? [error] : stream ? STREAM(asks(request)) : [WHOLE(asks(request))]
    return { status, headers: { 'content-type': type }, body: bytesOf(chunks) }
  }
  return { requests, transport }
}

async function run(given: { stream: boolean; statuses: readonly number[]; maxAttempts?: number; logprobs?: boolean }) {
  const { stream, statuses, maxAttempts = 3, logprobs = true } = given
  const { requests, transport } = upstream(stream, statuses)
  const candidate = {
    id: 'c',
    provider: 'p',
    model: 'm',
    wire: 'openai',
    price: null,
    contextWindow: 1000,
    capabilities: new Set(['logprobs'] as const),
    tags: [],
  } as const
  const body = readBody(encode(JSON.stringify({ model: 'auto', stream, messages: [{ role: 'user', content: 'Hi' }] })))
  const arm: Arm = {
    candidate,
    provider: providerOf(transport, { maxAttempts }),
    exchange: (): Exchange => buildExchange('openai', body, candidate, {}, { logprobs }),
  }
  const attempts: Attempt[] = []
  const options = { decision: 'd', signal: new AbortController().signal, clock, random: () => 0.5, sleep }
  const onAttempt = (attempt: Attempt) => attempts.push(attempt)
  const reply = await call([arm], { ...options, breakers: createBreakers(clock), onAttempt })
  return { requests, attempts, reply, ...(await readAll(reply)) }
}

async function readAll(reply: Reply): Promise<{ said: string; logprob: number | null }> {
  if (reply.kind !== 'stream')
    return { said: new TextDecoder().decode(reply.body), logprob: reply.kind === 'whole' ? reply.logprob : null }
  let said = ''
  for await (const { bytes } of reply.frames) said += new TextDecoder().decode(bytes)
  return { said, logprob: reply.reader.logprob }
}

describe.each([false, true])('what was added (stream: %s)', (stream) => {
  it('is read, and is not in the bytes that come back', async () => {
    const ran = await run({ stream, statuses: [] })
    expect(ran.requests).toEqual([true])
    expect(ran.logprob).toBe(-0.25)
    const unasked = await run({ stream, statuses: [], logprobs: false })
    expect(unasked).toMatchObject({ requests: [false], logprob: null })
    expect(ran.said).toBe(unasked.said)
  })

  it.each([400, 403, 404, 422])(
    'is left out where the upstream refuses with %i, whatever may be tried again',
    async (status) => {
      for (const maxAttempts of [1, 3]) {
        const ran = await run({ stream, statuses: [status], maxAttempts })
        expect(ran.requests).toEqual([true, false])
        expect(ran.attempts.map(({ index, status, error }) => [index, status, error === null])).toEqual([
          [0, status, false],
          [1, 200, true],
        ])
        expect(ran.reply.kind).not.toBe('rejected')
        expect(ran.logprob).toBeNull()
      }
    },
  )

  it('is asked for again where the upstream had trouble of its own', async () => {
    expect((await run({ stream, statuses: [503] })).requests).toEqual([true, true])
    expect((await run({ stream, statuses: [503, 400, 503] })).requests).toEqual([true, true, false, false])
  })

  it('leaves the error of a request that is refused without it, too', async () => {
    const ran = await run({ stream, statuses: [400, 400] })
    expect(ran.reply).toMatchObject({ kind: 'rejected', status: 400, attempts: 2 })
    expect(ran.requests).toEqual([true, false])
    expect((await run({ stream, statuses: [401] })).requests).toEqual([true])
  })
})
