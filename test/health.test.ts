/** One model at two providers, through a real gateway: what clients get, and who is asked while one of the two is ill. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { replyOf } from '../benchmarks/faults/wire.ts'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { settled } from './decisions.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { startUpstream, type Upstream } from './upstream.ts'

/** USD per million tokens; the two providers charge differently. */
const PRICES = { inputPerMTok: 1, outputPerMTok: 4 }
const DEARER = { inputPerMTok: 10, outputPerMTok: 40 }

/** Providers that fail now. */
const ill = new Set<'first' | 'second'>()
let first: Upstream
let second: Upstream
let spare: Upstream
let gateway: Gateway

beforeAll(async () => {
  const upstream = (name: 'first' | 'second') =>
    startUpstream(({ wire, model }) =>
      ill.has(name)
        ? { status: 503, body: '{"error":{"message":"overloaded"}}' }
        : { status: 200, body: JSON.stringify(replyOf(wire, model)) },
    )
  ;[first, second, spare] = await Promise.all([upstream('first'), upstream('second'), startUpstream()])
  const retry = { maxAttempts: 3, baseDelayMs: 5, maxDelayMs: 20 }
  // So that it is the order that keeps calls away, and not an open breaker.
  const breaker = { failures: 1000 }
  gateway = await startGateway({
    config: {
      providers: {
        first: { kind: 'openai', baseUrl: `${first.origin}/v1`, retry, breaker },
        second: { kind: 'anthropic', baseUrl: `${second.origin}/v1`, retry, breaker },
        spare: { kind: 'openai', baseUrl: `${spare.origin}/v1`, retry },
      },
      candidates: [
        candidateAt('first', 'twin', {
          price: PRICES,
          elsewhere: [{ provider: 'second', model: 'twin-by-another-name', price: DEARER }],
          priors: { quality: 0.9 },
        }),
        candidateAt('spare', 'other', { priors: { quality: 0.5 } }),
      ],
      routes: { auto: { candidates: ['twin', 'other'], lambda: 0 } },
      encoder: NO_ENCODER,
    },
  })
})
afterAll(async () => {
  await gateway.discard()
  await Promise.all([first, second, spare].map((upstream) => upstream.close()))
})

/** Asks `requests` times; the share of all upstream calls that went to the first provider. */
async function share(requests: number): Promise<number> {
  const before = [first.received.length, second.received.length]
  for (let i = 0; i < requests; i++) {
    const { headers } = await ask('openai', gateway.url, { model: 'auto', stream: false, turns: [user(`Hi ${i}`)] })
    expect(headers.get('x-switchyard-model')).toBe('twin')
  }
  const [ofFirst, ofSecond] = [first.received.length - before[0]!, second.received.length - before[1]!]
  return ofFirst / (ofFirst + ofSecond)
}

it('calls leave a provider that falls ill, and come back when it is well', async () => {
  const well = await share(100)
  expect(well).toBeGreaterThan(0.05)
  ill.add('first')
  await share(100)
  const later = await share(200)
  ill.clear()
  await share(300)
  const again = await share(100)
  expect(later).toBeLessThan(0.03)
  expect(again).toBeGreaterThan(0.05)
  // No request needed another model.
  expect(spare.received).toHaveLength(0)
})

it('a call that fails goes to the same model elsewhere at once, by its name there, at its price, within maxAttempts', async () => {
  ill.add('first')
  // Whoever was left alone is tried again in time; as many requests as that may take.
  for (let i = 0; i < 1000; i++) {
    const { headers } = await ask('openai', gateway.url, { model: 'twin', stream: false, turns: [user('Hi')] })
    const { attempts, outcome } = await settled(gateway.url, headers.get('x-switchyard-decision'))
    expect(attempts.length).toBeLessThanOrEqual(2)
    if (attempts.length < 2) continue
    expect(attempts).toMatchObject([
      { candidate: 'twin', provider: 'first', status: 503, costUsd: null },
      { candidate: 'twin', provider: 'second', status: 200 },
    ])
    const { input, output } = outcome.usage!
    expect(outcome.costUsd).toBeCloseTo((input * DEARER.inputPerMTok + output * DEARER.outputPerMTok) / 1e6, 12)
    expect(attempts[1]!.costUsd).toBe(outcome.costUsd)
    expect(second.received.at(-1)).toMatchObject({ model: 'twin-by-another-name', wire: 'anthropic' })
    ill.clear()
    return
  }
  throw new Error('The first provider was never tried again.')
})

it('where both fail another model answers, and nobody is asked more often than maxAttempts', async () => {
  ill.add('first').add('second')
  const { headers } = await ask('openai', gateway.url, { model: 'auto', stream: false, turns: [user('Hi')] })
  const { attempts } = await settled(gateway.url, headers.get('x-switchyard-decision'))
  ill.clear()
  expect(attempts.map(({ candidate }) => candidate)).toEqual(['twin', 'twin', 'other'])
  expect(new Set(attempts.map(({ provider }) => provider)).size).toBe(3)
})
