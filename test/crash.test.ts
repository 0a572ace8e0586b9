/** The gateway is killed under load: what a client was told is in the log, and nothing stays without an outcome. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../benchmarks/faults/provider.ts'
import { openStore } from '../src/log/store.node.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { eventually, readLog, settled } from './decisions.ts'
import { newFolder, removeFolder, startGateway } from './gateway.ts'

const KILLS = 3
/** Requests in flight at once; every fourth is a stream that never ends. */
const CLIENTS = 32
const MODELS = ['whole', 'whole', 'streaming', 'endless'] as const

const folder = newFolder()
let provider: FaultProvider
beforeAll(async () => {
  provider = await startFaultProvider()
})
afterAll(async () => {
  await provider.close()
  removeFolder(folder)
})

/** What clients know: decisions by how far their answers had come, and feedback that was accepted. */
class Witness {
  readonly begun = new Set<string>()
  readonly complete = new Set<string>()
  readonly endless = new Set<string>()
  readonly rated = new Set<string>()
}

/** Asks one thing after another until the gateway is gone. */
async function askOn(url: string, model: (typeof MODELS)[number], witness: Witness): Promise<void> {
  const post = (path: string, body: object) => fetch(url + path, { method: 'POST', body: JSON.stringify(body) })
  for (;;) {
    const messages = [{ role: 'user', content: 'Hi' }]
    const response = await post('/v1/chat/completions', { model, messages, stream: model !== 'whole' })
    const id = response.headers.get('x-switchyard-decision')!
    witness.begun.add(id)
    if (model === 'endless') witness.endless.add(id)
    await response.text()
    witness.complete.add(id)
    if ((await post('/v1/feedback', { decision: id, value: 1 })).ok) witness.rated.add(id)
  }
}

it('a killed gateway has lost no decision and no feedback that a client has seen', async () => {
  const config = {
    providers: providersAt(`${provider.origin}/v1`),
    candidates: [
      candidateAt('openai', 'whole', { model: 'ok#whole' }),
      candidateAt('openai', 'streaming', { model: 'ok#streaming' }),
      candidateAt('openai', 'endless', { model: 'stall:9' }),
    ],
    encoder: NO_ENCODER,
  }
  const all = new Witness()
  for (let kill = 0; kill < KILLS; kill++) {
    const gateway = await startGateway({ config, folder })
    const witness = new Witness()
    const clients = Array.from({ length: CLIENTS }, (_, i) => askOn(gateway.url, MODELS[i % MODELS.length]!, witness))
    const busy = () => (witness.rated.size >= 100 && witness.endless.size === CLIENTS / 4 ? true : null)
    await Promise.race([eventually(busy, 'the gateway is under load'), ...clients])
    await gateway.stop('SIGKILL')
    expect((await Promise.allSettled(clients)).every(({ status }) => status === 'rejected')).toBe(true)

    const stored = readLog(folder)
    expect([...witness.begun].filter((id) => !stored.has(id))).toEqual([])
    for (const id of witness.endless) expect(stored.get(id)).toBeNull()
    for (const part of ['begun', 'endless', 'rated'] as const) for (const id of witness[part]) all[part].add(id)
  }

  // An hour later, nobody will come back to what was being answered.
  const store = await openStore({
    file: join(folder, '.switchyard/switchyard.sqlite'),
    durability: 'process',
    maxQueuedRows: 1,
  })
  await store.maintain({ now: Date.now() + 3_600_000, keepDays: null })
  await store.close()
  const gateway = await startGateway({ config, folder })
  const log = readLog(folder)
  expect([...log.values()].filter((status) => status !== 'ok' && status !== 'unknown')).toEqual([])
  for (const id of all.endless) expect(log.get(id)).toBe('unknown')
  expect([...all.begun].filter((id) => !log.has(id))).toEqual([])
  const [known] = all.endless
  expect((await settled(gateway.url, known!)).outcome).toMatchObject({ status: 'unknown', usage: null, costUsd: null })
  for (const id of [...all.rated].slice(-20)) {
    expect((await settled(gateway.url, id)).feedback).toMatchObject([{ value: 1 }])
  }
  await gateway.stop('SIGKILL')
})
