/** What a key may still do, as the vendors' own clients meet it through a real gateway, in whatever runtime. */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../../benchmarks/faults/provider.ts'
import { USAGE } from '../../benchmarks/faults/wire.ts'
import { sha256Hex } from '../../src/bytes.ts'
import { candidateAt, NO_ENCODER, providersAt } from '../config.ts'
import { decisions, settled } from '../decisions.ts'
import type { Serving, Start } from './start.ts'

const WIRES = ['openai', 'anthropic'] as const
/** One USD per token of output and nothing for input: an answer costs 20 USD, where 15 are expected. */
const PRICE = { inputPerMTok: 0, outputPerMTok: 1_000_000 }
const EXPECTED = 15

/** A key of its own for every test; its secret is its name. */
const LIMITS = {
  'spends-openai': { usdPerDay: 28 },
  'spends-anthropic': { usdPerDay: 28 },
  'hurries-openai': { requestsPerMinute: 20 },
  'hurries-anthropic': { requestsPerMinute: 20 },
  'leaves-openai': { usdPerDay: 20 },
  'leaves-anthropic': { usdPerDay: 20 },
  crowds: { usdPerDay: 100 },
  chooses: { usdPerDay: 100 },
} as const

export function describeLimits(name: string, start: Start): void {
  describe(name, () => {
    let provider: FaultProvider
    let gateway: Serving

    beforeAll(async () => {
      provider = await startFaultProvider()
      const candidate = (wire: string, id: string, model: string, more: object = {}) =>
        candidateAt(wire, id, { model, price: PRICE, priors: { quality: 0.5, outputTokens: EXPECTED }, ...more })
      gateway = await start({
        config: {
          providers: providersAt(`${provider.origin}/v1`),
          candidates: [
            ...WIRES.flatMap((wire) => [
              candidate(wire, `good-${wire}`, `ok#${wire}`),
              candidate(wire, `endless-${wire}`, `stall:9#${wire}`),
            ]),
            candidate('openai', 'crowded', 'ok#crowded'),
            candidate('openai', 'unpriced', 'ok', { price: null }),
            candidate('openai', 'dear', 'ok', { priors: { quality: 0.9, outputTokens: 1000 } }),
          ],
          routes: { auto: { candidates: ['unpriced', 'dear', 'good-openai'], lambda: 0 } },
          keys: await Promise.all(
            Object.entries(LIMITS).map(async ([key, limits]) => ({
              name: key,
              sha256: await sha256Hex(new TextEncoder().encode(key)),
              limits,
            })),
          ),
          encoder: NO_ENCODER,
        },
      })
    })
    afterAll(async () => {
      await gateway.discard()
      await provider.close()
    })

    /** The clients of a key, with their own retries left on, and every request that they send. */
    function clientsOf(key: keyof typeof LIMITS) {
      const sent: string[] = []
      const counting: typeof fetch = (input, init) => {
        sent.push(String(input))
        return fetch(input, init)
      }
      const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, fetch: counting })
      const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: key, fetch: counting })
      const messages = [{ role: 'user' as const, content: 'Hi' }]
      return {
        sent,
        auth: { authorization: `Bearer ${key}` },
        ask: {
          openai: (model: string) => openai.chat.completions.create({ model, messages }).withResponse(),
          anthropic: (model: string) => anthropic.messages.create({ model, messages, max_tokens: 100 }).withResponse(),
        },
        stream: {
          openai: (model: string) => openai.chat.completions.create({ model, messages, stream: true }),
          anthropic: (model: string) => anthropic.messages.create({ model, messages, max_tokens: 100, stream: true }),
        },
      }
    }

    describe.each(WIRES)('the %s client', (wire) => {
      const spentQuota =
        wire === 'openai'
          ? { status: 429, type: 'insufficient_quota', code: 'insufficient_quota' }
          : {
              status: 429,
              error: { error: { type: 'rate_limit_error', message: expect.stringContaining('00:00 UTC') } },
            }

      it('is told that its budget is spent, and does not try again', async () => {
        const { ask, sent } = clientsOf(`spends-${wire}`)
        await ask[wire](`good-${wire}`)
        await expect(ask[wire](`good-${wire}`)).rejects.toMatchObject(spentQuota)
        const before = sent.length
        const refused = await ask[wire](`good-${wire}`).catch((error: unknown) => error)
        expect(refused).toMatchObject(spentQuota)
        expect(Number((refused as { headers: Headers }).headers.get('retry-after'))).toBeLessThanOrEqual(86_400)
        expect(sent.length - before).toBe(1)
      })

      it('is slowed to its rate, and gets there by its own retries', async () => {
        const { ask, sent } = clientsOf(`hurries-${wire}`)
        const asked = await Promise.all(Array.from({ length: 21 }, () => ask[wire](`good-${wire}`)))
        expect(asked.every(({ response }) => response.status === 200)).toBe(true)
        expect(sent.length).toBeGreaterThan(21)
      })

      it('pays for what was written before it left', async () => {
        const { ask, auth, stream } = clientsOf(`leaves-${wire}`)
        const answer = await stream[wire](`endless-${wire}`)
        for await (const event of answer) if (JSON.stringify(event).includes('word5')) break
        const [left] = await decisions(gateway.url, auth)
        const { outcome } = await settled(gateway.url, left!.id, auth)
        expect(outcome).toMatchObject({ status: 'client_abort', usageSource: 'estimated' })
        expect(outcome.costUsd).toBeGreaterThan(20 - EXPECTED)
        // Uncharged it would be granted; a reservation left open would be `rate_limited`, to be tried again.
        await expect(ask[wire](`good-${wire}`)).rejects.toMatchObject(spentQuota)
      })
    })

    it('many at once spend no more than the budget and what the answers under way are longer than expected', async () => {
      const { ask } = clientsOf('crowds')
      // Refused while others hold the rest, a client tries again; in the end everybody is told.
      const asked = await Promise.allSettled(Array.from({ length: 40 }, () => ask.openai('crowded')))
      const spent = asked.filter(({ status }) => status === 'fulfilled').length * USAGE.output
      expect(provider.of('ok#crowded').length * USAGE.output).toBe(spent)
      expect(spent).toBeLessThanOrEqual(100 + Math.floor(100 / EXPECTED) * (USAGE.output - EXPECTED))
      expect(spent).toBeGreaterThan(100 - EXPECTED)
    })

    it('a route leaves out what a budget cannot pay for, and says so', async () => {
      const { ask, auth } = clientsOf('chooses')
      const { response } = await ask.openai('auto:best')
      expect(response.headers.get('x-switchyard-model')).toBe('good-openai')
      const { excluded } = await settled(gateway.url, response.headers.get('x-switchyard-decision'), auth)
      expect(excluded.map(({ candidate }) => candidate)).toEqual(['unpriced', 'dear'])
      await expect(ask.openai('unpriced')).rejects.toMatchObject({ status: 403, code: 'forbidden' })
      await expect(ask.openai('dear')).rejects.toMatchObject({ code: 'insufficient_quota' })
    })
  })
}
