/** SIGTERM: open answers end as they should, nobody new comes in, nothing is missing from the log. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../benchmarks/faults/provider.ts'
import { ANSWER } from '../benchmarks/faults/wire.ts'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { eventually, readLog } from './decisions.ts'
import { type Gateway, startGateway } from './gateway.ts'

let provider: FaultProvider
beforeAll(async () => {
  provider = await startFaultProvider()
})
afterAll(() => provider.close())

async function startWith(drainTimeoutMs: number): Promise<Gateway> {
  const fault = (id: string, model: string) => [
    candidateAt('openai', id, { model }),
    candidateAt('anthropic', `${id}-anthropic`, { model }),
  ]
  return startGateway({
    config: {
      server: { drainTimeoutMs },
      providers: providersAt(`${provider.origin}/v1`),
      candidates: [...fault('slow', 'drip:60'), ...fault('endless', 'stall:9')],
      encoder: NO_ENCODER,
    },
  })
}

/** Opens a stream and resolves, once its first word is there, to what becomes of it. */
async function open(gateway: Gateway, model: string, client: 'openai' | 'anthropic') {
  const words = Promise.withResolvers<void>()
  const onText = () => words.resolve()
  const answer = ask(client, gateway.url, { model, stream: true, turns: [user('Hi')], onText })
  const settled = Promise.allSettled([answer]).then(([result]) => result)
  await Promise.race([words.promise, answer])
  return { settled }
}

it('lets open streams end, refuses new connections, exits with 0 and a complete log', async () => {
  const gateway = await startWith(30_000)
  try {
    const clients = Array.from({ length: 20 }, (_, i) => (i % 2 ? 'openai' : 'anthropic'))
    const streams = await Promise.all(
      clients.map((client, i) => open(gateway, i % 4 < 2 ? 'slow' : 'slow-anthropic', client)),
    )
    const started = performance.now()
    const exit = gateway.stop('SIGTERM')
    let over = false
    for (const { settled } of streams) settled.then(() => (over = true))
    await eventually(async () => {
      const error: unknown = await fetch(`${gateway.url}/healthz`, { headers: { connection: 'close' } }).catch(
        (thrown: unknown) => thrown,
      )
      const cause = error instanceof TypeError ? error.cause : null
      return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED' ? true : null
    }, 'new connections are refused')
    expect(over).toBe(false)

    const results = await Promise.all(streams.map(({ settled }) => settled))
    for (const result of results) expect(result).toMatchObject({ status: 'fulfilled', value: { text: ANSWER } })
    expect(await exit).toBe(0)
    // Ended because the streams had, not because the limit had come.
    expect(performance.now() - started).toBeLessThan(15_000)
    const log = readLog(gateway.folder)
    expect([...log.values()]).toEqual(Array(20).fill('ok'))
    for (const result of results) {
      expect(log.has(result.status === 'fulfilled' ? result.value.headers.get('x-switchyard-decision')! : '')).toBe(
        true,
      )
    }
  } finally {
    await gateway.discard()
  }
})

it('at the drain limit cuts what is left: clients get an error, the log an outcome', async () => {
  const gateway = await startWith(300)
  try {
    const streams = await Promise.all(
      (['openai', 'anthropic'] as const).flatMap((client) =>
        ['endless', 'endless-anthropic'].map((model) => open(gateway, model, client)),
      ),
    )
    expect(await gateway.stop('SIGTERM')).toBe(0)
    for (const { settled } of streams) expect((await settled).status).toBe('rejected')
    const statuses = [...readLog(gateway.folder).values()]
    expect(statuses).toHaveLength(4)
    expect(statuses).not.toContain(null)
    expect(statuses).not.toContain('ok')
  } finally {
    await gateway.discard()
  }
})

it('whoever asks twice does not want to wait', async () => {
  const gateway = await startWith(30_000)
  try {
    const { settled } = await open(gateway, 'endless', 'openai')
    const exit = gateway.stop('SIGTERM')
    await eventually(() => (gateway.output().includes('"draining"') ? true : null), 'the gateway drains')
    await delay(50)
    gateway.process.kill('SIGTERM')
    expect(await exit).toBe(130)
    expect((await settled).status).toBe('rejected')
  } finally {
    await gateway.discard()
  }
})
