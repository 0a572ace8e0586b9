/** Cascades through the vendors' official clients and a real gateway, in whatever runtime: one clean answer, whoever was asked for it. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../../benchmarks/faults/provider.ts'
import { ANSWER, eventsOf, replyOf, USAGE } from '../../benchmarks/faults/wire.ts'
import type { Wire } from '../../src/spec.ts'
import { cascadePolicy } from '../cascadePolicy.ts'
import { type Answer, ask, openaiAt, user } from '../clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from '../config.ts'
import { eventually, newest, settled } from '../decisions.ts'
import { adminAt, idOf } from './admin.ts'
import type { Serving, Start } from './start.ts'

const WIRES = ['openai', 'anthropic'] as const
const CLIENTS = WIRES.flatMap((client) => [false, true].map((stream) => ({ client, stream })))

/** The key that the clients of the tests use. */
export const CLIENT_KEY = 'none'
/** A key that can pay for the first model and not for the second. */
const POOR = 'poor'
const digest = (key: string) => createHash('sha256').update(key).digest('hex')
const authorization = `Bearer ${CLIENT_KEY}`
export const OPERATOR = { name: 'ops', sha256: digest(CLIENT_KEY), admin: true }

/**
 * By rising price, at which provider and what it does: the first two check each other, the third decides where they differ. Two healthy ones say the
 * same.
 */
const CASCADES = {
  agree: ['openai ok', 'anthropic ok', 'openai ok'],
  differ: ['openai say:yes', 'anthropic say:no', 'openai ok', 'anthropic ok'],
  'into-openai': ['anthropic ok', 'openai ok'],
  'into-anthropic': ['openai ok', 'anthropic ok'],
  silent: ['openai hang', 'anthropic ok', 'openai ok'],
  cut: ['openai ok', 'anthropic cut-event:9:fin'],
  'cut-first': ['anthropic cut-event:9:rst', 'openai ok'],
  refused: ['anthropic ok', 'openai status:401'],
  nobody: ['openai cut-event:9:fin', 'anthropic cut-event:9:end'],
  late: ['openai ok', 'anthropic hang'],
  left: ['openai ok', 'anthropic hang', 'openai ok'],
  tools: ['demo demo-math', 'demo demo-sage'],
} as const
type Name = keyof typeof CASCADES

const NAMES = Object.keys(CASCADES) as Name[]
const LATE_MS = 1500

const modelsOf = (name: Name): readonly string[] => CASCADES[name]
const idsOf = (name: Name) => modelsOf(name).map((_, i) => `${name}-${i + 1}`)
/** USD per million tokens. */
const priceOf = (position: number) => 10 ** position

export function describeCascades(name: string, start: Start): void {
  describe(name, () => {
    let provider: FaultProvider
    let gateway: Serving

    const placeOf = (route: Name, i: number) =>
      modelsOf(route)[i]!.split(' ') as ['openai' | 'anthropic' | 'demo', string]
    const modelOf = (route: Name, i: number) => `${placeOf(route, i)[1]}#${route}-${i + 1}`
    const hitsOf = (route: Name, i: number) => provider.of(modelOf(route, i))
    const record = (answer: Pick<Answer, 'headers'>) =>
      settled(gateway.url, answer.headers.get('x-switchyard-decision'), { authorization })
    const askFor = (route: Name, client: Wire, stream: boolean) =>
      ask(client, gateway.url, { model: route, stream, turns: [user('Hi')] })

    beforeAll(async () => {
      provider = await startFaultProvider()
      const timeouts = { firstTokenTimeoutMs: 3_000, idleTimeoutMs: 700 }
      gateway = await start({
        config: {
          providers: { ...providersAt(`${provider.origin}/v1`, { timeouts }), demo: { kind: 'demo' } },
          candidates: NAMES.flatMap((route) =>
            idsOf(route).map((id, i) => {
              const [at, behaviour] = placeOf(route, i)
              return candidateAt(at, id, {
                model: at === 'demo' ? behaviour : modelOf(route, i),
                price: { inputPerMTok: priceOf(i), outputPerMTok: priceOf(i) },
                priors: { outputTokens: 20 },
              })
            }),
          ),
          routes: Object.fromEntries(NAMES.map((route) => [route, { candidates: idsOf(route), lambda: 1 }])),
          keys: [OPERATOR, { name: POOR, sha256: digest(POOR), limits: { usdPerDay: 0.0003 } }],
          encoder: NO_ENCODER,
        },
      })
      const admin = adminAt(gateway.url, CLIENT_KEY)
      for (const route of NAMES) {
        const policy = cascadePolicy(idsOf(route), route === 'late' ? LATE_MS : undefined)
        expect((await admin('POST', '/v1/policies', policy)).status).toBe(201)
        const activated = await admin('POST', `/v1/routes/${route}/policy`, { policy: idOf(policy) })
        expect(activated.status, JSON.stringify(activated.json)).toBe(200)
      }
    })
    afterAll(async () => {
      await gateway?.discard()
      await provider.close()
    })

    describe.each(CLIENTS)('client $client, streaming $stream', ({ client, stream }) => {
      it('gets an answer on which two agree', async () => {
        const answer = await askFor('agree', client, stream)
        expect(answer).toMatchObject({ text: ANSWER, usage: USAGE })
        expect(answer.headers.get('x-switchyard-steps')).toBe('2')
        const { attempts, outcome } = await record(answer)
        expect(attempts).toMatchObject([
          { candidate: 'agree-1', verdict: expect.stringContaining('agree-2 is asked') },
          { candidate: 'agree-2', verdict: expect.stringContaining('agree-2 is accepted') },
        ])
        expect(outcome).toMatchObject({ status: 'ok', candidate: 'agree-2' })
      })

      it('gets one clean answer with its own usage, and is told what all of them cost', async () => {
        const answer = await askFor('differ', client, stream)
        expect(answer).toMatchObject({ text: ANSWER, usage: USAGE, finish: client === 'openai' ? 'stop' : 'end_turn' })
        const { decision, attempts, outcome, explanation } = await record(answer)
        const costs = [0, 1, 2].map((i) => ((USAGE.input + USAGE.output) * priceOf(i)) / 1e6)
        const total = costs.reduce((sum, cost) => sum + cost, 0)
        expect(answer.headers.get('x-switchyard-model')).toBe('differ-3')
        expect(answer.headers.get('x-switchyard-steps')).toBe('3')
        expect(Number(answer.headers.get('x-switchyard-cost-usd'))).toBeCloseTo(total, 9)
        expect(decision).toMatchObject({ candidate: 'differ-1', stream })
        expect(outcome).toMatchObject({ status: 'ok', candidate: 'differ-3', attempts: 3 })
        expect(outcome.usage).toMatchObject(USAGE)
        expect(outcome.costUsd).toBeCloseTo(total, 12)
        expect(outcome.latencyMs).toBeGreaterThanOrEqual(outcome.ttftMs!)
        expect(outcome.ttftMs).toBeGreaterThanOrEqual(attempts.reduce((sum, { latencyMs }) => sum + latencyMs, 0) - 1)
        expect(attempts.map(({ index, candidate }) => [index, candidate])).toEqual([
          [0, 'differ-1'],
          [1, 'differ-2'],
          [2, 'differ-3'],
        ])
        for (const [i, { costUsd }] of attempts.entries()) expect(costUsd).toBeCloseTo(costs[i]!, 12)
        expect(attempts[1]!.verdict).toContain('differ-3 is asked')
        expect(explanation.join('\n')).toContain('Call 1: differ-1 answered')
      })

      it('waits no longer than the plan lets it, and gets what is there', async () => {
        const answer = await askFor('late', client, stream)
        expect(answer.text).toBe(ANSWER)
        expect(answer.headers.get('x-switchyard-model')).toBe('late-1')
        const { attempts } = await record(answer)
        expect(attempts.map(({ error }) => error)).toEqual([null, 'upstream_timeout'])
        expect(attempts[1]!.verdict).toContain(`${LATE_MS} ms are over`)
        await eventually(() => hitsOf('late', 1).at(-1)!.closedAt, 'the upstream that is not waited for is let go')
      })

      it('gets a tool call as it is', async () => {
        const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }
        const tools = [{ name: 'get_weather', schema }]
        const turns = [user('Use the weather tool for Paris')]
        const answer = await ask(client, gateway.url, { model: 'tools', stream, turns, tools })
        expect(answer.calls).toMatchObject([{ name: 'get_weather', input: { city: 'Paris' } }])
        expect(answer.headers.get('x-switchyard-steps')).toBe('1')
        expect((await record(answer)).attempts[0]!.verdict).toContain('not text alone')
      })
    })

    it.each(WIRES)('%s: the bytes of the accepted answer are those of its upstream', async (wire) => {
      const route = `into-${wire}` as const
      const model = modelOf(route, 1)
      const path = wire === 'openai' ? '/v1/chat/completions' : '/v1/messages'
      for (const stream of [false, true]) {
        const body = { model: route, max_tokens: 50, stream, messages: [{ role: 'user', content: 'Hi' }] }
        const headers = { authorization, 'content-type': 'application/json' }
        const response = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
        expect(await response.text()).toBe(
          stream ? eventsOf(wire, model).join('') : JSON.stringify(replyOf(wire, model)),
        )
        expect(response.headers.get('x-switchyard-steps')).toBe('2')
      }
    })

    it.each(WIRES)('%s client: a first model that says nothing is stood in for', async (client) => {
      const answer = await askFor('silent', client, true)
      expect(answer.text).toBe(ANSWER)
      const { attempts, outcome } = await record(answer)
      expect(attempts.map(({ candidate, error }) => [candidate, error])).toEqual([
        ['silent-1', 'upstream_timeout'],
        ['silent-2', null],
      ])
      expect(outcome).toMatchObject({ status: 'ok', candidate: 'silent-2' })
      expect(answer.headers.get('x-switchyard-steps')).toBe('2')
    })

    it.each(WIRES)('%s client: half an answer is never accepted, though it is paid for', async (client) => {
      const answer = await askFor('cut', client, true)
      expect(answer.text).toBe(ANSWER)
      expect(answer.headers.get('x-switchyard-model')).toBe('cut-1')
      const { attempts, outcome } = await record(answer)
      expect(attempts.map(({ error }) => error)).toEqual([null, 'upstream_truncated'])
      expect(attempts[1]!.costUsd).toBeGreaterThan(0)
      expect(outcome.costUsd).toBeCloseTo(attempts[0]!.costUsd! + attempts[1]!.costUsd!, 12)
      expect(outcome.usage).toMatchObject(USAGE)

      const first = await askFor('cut-first', client, true)
      expect(first.text).toBe(ANSWER)
      expect(first.headers.get('x-switchyard-model')).toBe('cut-first-2')
    })

    it.each(WIRES)('%s client: a step that is refused is skipped', async (client) => {
      const answer = await askFor('refused', client, client === 'openai')
      expect(answer.text).toBe(ANSWER)
      const { attempts } = await record(answer)
      expect(attempts.map(({ candidate, status }) => [candidate, status])).toEqual([
        ['refused-1', 200],
        ['refused-2', 401],
      ])
      expect(attempts[1]!.verdict).toContain('refused-2 gave no answer. refused-1 is accepted')
    })

    it.each(WIRES)('%s client: where nobody answers it gets the error, as an error', async (client) => {
      await expect(askFor('nobody', client, true)).rejects.toMatchObject({ status: 502 })
      const { id } = await newest(gateway.url, 'nobody', { authorization })
      const { attempts, outcome } = await settled(gateway.url, id, { authorization })
      expect(outcome).toMatchObject({ status: 'upstream_truncated', candidate: 'nobody-2', attempts: 2, finish: null })
      expect(outcome.usage?.output).toBeGreaterThan(0)
      expect(outcome.costUsd).toBeCloseTo(attempts[0]!.costUsd! + attempts[1]!.costUsd!, 12)
    })

    it.each(CLIENTS)(
      '$client client, streaming $stream: leaving stops everything, and what was spent is known',
      async ({ client, stream }) => {
        const before = hitsOf('left', 1).length
        const abort = new AbortController()
        const left = ask(client, gateway.url, {
          model: 'left',
          stream,
          turns: [user('Hi')],
          signal: abort.signal,
        }).catch(() => undefined)
        const hit = await eventually(() => hitsOf('left', 1)[before] ?? null, 'the second model is asked')
        abort.abort()
        await left
        await eventually(() => hit.closedAt, 'the second model is let go')
        const { id } = await newest(gateway.url, 'left', { authorization })
        const { attempts, outcome } = await settled(gateway.url, id, { authorization })
        expect(outcome).toMatchObject({ status: 'client_abort', candidate: 'left-2', usageSource: 'estimated' })
        expect(attempts.map(({ error }) => error)).toEqual([null, 'client_abort'])
        expect(outcome.costUsd).toBeCloseTo(attempts[0]!.costUsd! + attempts[1]!.costUsd!, 12)
        expect(hitsOf('left', 2)).toHaveLength(0)
      },
    )

    it('a budget that cannot hold the next step ends the cascade with what is there', async () => {
      const askPoor = (model: string) =>
        openaiAt(gateway.url, POOR)
          .chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] })
          .withResponse()
      // Alone the second model could be paid for; after these it cannot.
      for (let i = 0; i < 3; i++) await askPoor('differ-1')
      const { data, response } = await askPoor('differ')
      expect(data.choices[0]?.message.content).toBe('yes')
      expect(response.headers.get('x-switchyard-steps')).toBe('1')
      const { attempts } = await settled(gateway.url, response.headers.get('x-switchyard-decision'), {
        authorization: `Bearer ${POOR}`,
      })
      expect(attempts[0]!.verdict).toContain("the key's budget does not allow it")
    })
  })
}
