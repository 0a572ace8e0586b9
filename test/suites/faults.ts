/** Upstreams that break and clients that leave, seen by the vendors' official clients through a real gateway, in whatever runtime. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../../benchmarks/faults/provider.ts'
import { ANSWER } from '../../benchmarks/faults/wire.ts'
import { ask, user } from '../clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from '../config.ts'
import { decisions, eventually, newest, settled } from '../decisions.ts'
import { root } from '../gateway.ts'
import type { Serving, Start } from './start.ts'

const WIRES = ['openai', 'anthropic'] as const
const COMBINATIONS = WIRES.flatMap((client) => WIRES.map((upstream) => ({ client, upstream })))

/** What fails at the first candidate, and how often it is asked before the second is. */
const FAILOVER = [
  { id: 'failing', fault: 'status:500#failover', tries: 2 },
  { id: 'resetting', fault: 'reset#failover', tries: 2 },
  { id: 'limited', fault: 'status:429:60#failover', tries: 1 },
  { id: 'keyless', fault: 'status:401#failover', tries: 1 },
  { id: 'babbling', fault: 'html#failover', tries: 1 },
]

export function describeFaults(name: string, start: Start): void {
  describe(name, () => {
    let provider: FaultProvider
    let gateway: Serving
    let serial = 0

    /** The name of a model that breaks in the given way, at the provider of this wire format; never the same twice. */
    const broken = (wire: 'openai' | 'anthropic', fault: string) => `${fault}#${wire}-${serial++}`

    beforeAll(async () => {
      provider = await startFaultProvider()
      const timeouts = { firstTokenTimeoutMs: 3_000, idleTimeoutMs: 700 }
      const { openai, anthropic } = providersAt(`${provider.origin}/v1`, { timeouts })
      gateway = await start({
        config: {
          providers: {
            openai: { ...openai, models: ['*#openai-*'] },
            anthropic: { ...anthropic, models: ['*#anthropic-*'] },
          },
          candidates: FAILOVER.flatMap(({ id, fault }) => [
            candidateAt('openai', `${id}-first`, { model: fault, priors: { quality: 0.9 } }),
            candidateAt('anthropic', `${id}-second`, { model: `ok#${id}`, priors: { quality: 0.5 } }),
          ]),
          routes: Object.fromEntries(
            FAILOVER.map(({ id }) => [id, { candidates: [`${id}-first`, `${id}-second`], lambda: 0 }]),
          ),
          encoder: NO_ENCODER,
        },
      })
    })
    afterAll(async () => {
      await gateway.discard()
      await provider.close()
    })

    describe.concurrent.each(COMBINATIONS)('client $client, upstream $upstream', ({ client, upstream }) => {
      it.each([
        ['cut-event:9:fin', 'upstream_truncated'],
        ['cut-event:9:rst', 'upstream_truncated'],
        ['cut-event:9:end', 'upstream_truncated'],
        ['stall:9', 'timeout'],
        ['bad-event:9', 'upstream_error'],
        ['error-mid:9', 'upstream_error'],
        ['huge-line:4000000', 'upstream_error'],
      ])('a stream that breaks by %s ends in an error and is logged as %s', async (fault, status) => {
        const model = broken(upstream, fault)
        let text = ''
        const onText = (piece: string) => {
          text += piece
        }
        const asked = ask(client, gateway.url, { model, stream: true, turns: [user('Hi')], onText })
        await expect(asked).rejects.toThrow()
        expect(ANSWER.startsWith(text) && text !== '' && text !== ANSWER).toBe(true)
        const { id } = await newest(gateway.url, model)
        const { outcome } = await settled(gateway.url, id)
        expect(outcome).toMatchObject({ status, attempts: 1, finish: null })
        // What the client has received was generated, and is paid for: it must not count as nothing.
        expect(outcome.usage?.output).toBeGreaterThan(0)
        expect(provider.of(model)).toHaveLength(1)
      })

      it.each([
        ['cut:60:fin', 502, 'upstream_truncated', 3],
        ['wrong-length:50', 502, 'upstream_truncated', 3],
        ['bad-json', 502, 'upstream_error', 1],
        ['hang', 504, 'timeout', 1],
        ['stall', 504, 'timeout', 1],
        ['status:500', 502, 'upstream_error', 3],
        ['context-length', 400, 'client_error', 1],
      ])('a whole answer that breaks by %s is status %i and is logged as %s', async (fault, status, outcome, tries) => {
        const model = broken(upstream, fault)
        const error: unknown = await ask(client, gateway.url, { model, stream: false, turns: [user('Hi')] }).catch(
          (thrown: unknown) => thrown,
        )
        // What the upstream itself said passes through where it speaks the client's dialect.
        expect(error).toMatchObject({ status: fault === 'status:500' && client === upstream ? 500 : status })
        const { id } = await newest(gateway.url, model)
        expect((await settled(gateway.url, id)).outcome).toMatchObject({ status: outcome, attempts: tries })
        expect(provider.of(model)).toHaveLength(tries)
      })

      it.each([true, false])('a full upstream is asked again when it said (stream: %s)', async (stream) => {
        const model = broken(upstream, 'once/status:429:1')
        const { text, headers } = await ask(client, gateway.url, { model, stream, turns: [user('Hi')] })
        expect(text).toBe(ANSWER)
        const [first, second] = provider.of(model)
        expect(second!.at - first!.at).toBeGreaterThanOrEqual(1000)
        const { outcome, attempts } = await settled(gateway.url, headers.get('x-switchyard-decision'))
        expect(outcome).toMatchObject({ status: 'ok', attempts: 2 })
        expect(attempts.map(({ status }) => status)).toEqual([429, 200])
      })

      it('the wait that a full upstream asks for reaches the client', async () => {
        const model = broken(upstream, 'status:429:60')
        const error: unknown = await ask(client, gateway.url, { model, stream: true, turns: [user('Hi')] }).catch(
          (thrown: unknown) => thrown,
        )
        expect(error).toMatchObject({ status: 429, headers: expect.any(Headers) })
        expect((error as { headers: Headers }).headers.get('retry-after')).toBe('60')
        expect(provider.of(model)).toHaveLength(1)
      })

      it.each([
        ['before the headers, streaming', 'hang', true],
        ['before the headers, not streaming', 'hang', false],
        ['inside a whole answer', 'hang-body', false],
        ['before the first token', 'hang-first', true],
        ['in mid-stream', 'drip:100', true],
        ['while a retry waits', 'status:503:2', true],
      ])('a client that leaves %s stops the upstream', async (phase, fault, stream) => {
        const model = broken(upstream, fault)
        const abort = new AbortController()
        const options = { model, stream, turns: [user('Hi')], signal: abort.signal }
        const words = Promise.withResolvers<void>()
        const asked = ask(client, gateway.url, { ...options, onText: () => words.resolve() })
        // In mid-stream both clients end their loops quietly when they are the ones to leave.
        const left = asked.catch(() => undefined)
        const hit = await eventually(() => provider.of(model)[0] ?? null, 'the upstream is asked')
        await (phase === 'in mid-stream' ? words.promise : delay(150))
        abort.abort()
        await left
        const { id } = await newest(gateway.url, model)
        expect((await settled(gateway.url, id)).outcome.status).toBe('client_abort')
        // A connection between two tries is idle and may stay open; what counts is that no other try follows.
        if (phase !== 'while a retry waits') {
          await eventually(() => hit.closedAt, 'the connection to the upstream is closed')
          expect(hit.answered).toBe(false)
        } else await delay(2_000)
        expect(provider.of(model)).toHaveLength(1)
      })
    })

    describe.each(FAILOVER)('a first candidate that fails by $fault', ({ id, fault, tries }) => {
      it.each(WIRES)('is stood in for by the alternate, for a client of %s', async (client) => {
        const before = provider.of(fault).length
        const { text, headers } = await ask(client, gateway.url, {
          model: id,
          stream: client === 'openai',
          turns: [user('Hi')],
        })
        expect(text).toBe(ANSWER)
        expect(headers.get('x-switchyard-model')).toBe(`${id}-second`)
        const { decision, attempts, outcome } = await settled(gateway.url, headers.get('x-switchyard-decision'))
        expect(decision).toMatchObject({ candidate: `${id}-first`, alternates: [`${id}-second`] })
        expect(attempts.map(({ candidate }) => candidate)).toEqual([
          ...Array(tries).fill(`${id}-first`),
          `${id}-second`,
        ])
        expect(outcome).toMatchObject({ status: 'ok', candidate: `${id}-second`, attempts: tries + 1 })
        expect(provider.of(fault).length - before).toBe(tries)
      })
    })

    it('an upstream process that is killed in mid-stream gives every client an error', async () => {
      const script = `
        import { startFaultProvider } from ${JSON.stringify(`${root}/benchmarks/faults/provider.ts`)}
        console.log((await startFaultProvider()).origin)`
      const victim = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [origin] = await once(victim.stdout.setEncoding('utf8'), 'data')
      const own = await start({
        config: {
          providers: providersAt(`${origin.trim()}/v1`),
          candidates: WIRES.map((wire) => candidateAt(wire, `at-${wire}`, { model: `drip:200#${wire}` })),
          encoder: NO_ENCODER,
        },
      })
      try {
        const speaking = new Set<string>()
        await Promise.all(
          COMBINATIONS.map(async ({ client, upstream }) => {
            const model = `at-${upstream}`
            let text = ''
            const onText = (piece: string) => {
              text += piece
              if (speaking.add(client + upstream).size === COMBINATIONS.length) victim.kill('SIGKILL')
            }
            const asked = ask(client, own.url, { model, stream: true, turns: [user('Hi')], onText })
            await expect(asked).rejects.toThrow()
            expect(ANSWER.startsWith(text) && text !== '' && text !== ANSWER).toBe(true)
          }),
        )
        for (const { id } of await decisions(own.url)) {
          expect((await settled(own.url, id)).outcome).toMatchObject({ status: 'upstream_truncated', attempts: 1 })
        }
        // The next one finds nobody there, and is told so.
        const again = ask('openai', own.url, { model: 'auto', stream: false, turns: [user('Hi')] })
        await expect(again).rejects.toMatchObject({ status: 502, code: 'upstream_unreachable' })
      } finally {
        victim.kill('SIGKILL')
        await own.discard()
      }
    })
  })
}
