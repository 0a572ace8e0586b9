/** A canary through a running gateway: it ends by itself, by what clients say of its answers, and no request notices. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openStore } from '../src/log/store.node.ts'
import { startGateway } from './gateway.ts'
import { adminAt, adminConfig, idOf, policyFor, WEB_KEY } from './suites/admin.ts'

const headers = { authorization: `Bearer ${WEB_KEY}`, 'content-type': 'application/json' }

/** Asks without end, and scores each answer by the model that gave it, until it is told to stop. */
function startClients(url: string, worthOf: (model: string) => number, count = 4) {
  const statuses = new Map<number, number>()
  let stopped = false
  const client = async () => {
    while (!stopped) {
      const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello there' }] })
      const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
      await answer.text()
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const decision = answer.headers.get('x-switchyard-decision')
      const value = worthOf(answer.headers.get('x-switchyard-model') ?? '')
      await fetch(`${url}/v1/feedback`, { method: 'POST', headers, body: JSON.stringify({ decision, value }) })
      await sleep(5)
    }
  }
  const clients = Promise.all(Array.from({ length: count }, client))
  return {
    async stop() {
      stopped = true
      await clients
      return statuses
    },
  }
}

it('is taken back when it is worse and completed when it is better, under load, with an audit row each', async () => {
  const gateway = await startGateway({ config: adminConfig })
  const admin = adminAt(gateway.url)
  const [math, coder] = [policyFor('demo-math'), policyFor('demo-coder')]
  const route = async () => (await admin('GET', '/v1/policies')).json.routes[0]!
  /** The gateway looks every few seconds. */
  const ended = async () => {
    for (;;) {
      const found = await route()
      if (found.canary === null) return found
      await sleep(100)
    }
  }
  const clients = startClients(gateway.url, (model) => (model === 'demo-math' ? 0.8 : 0.2))
  try {
    for (const policy of [math, coder]) await admin('POST', '/v1/policies', policy)
    await admin('POST', '/v1/routes/auto/policy', { policy: idOf(math) })

    await admin('POST', '/v1/routes/auto/policy', { policy: idOf(coder), share: 0.3, reason: 'to find out' })
    const worse = await ended()
    expect(worse).toMatchObject({ policy: idOf(math), reason: 'The canary has shown to be worse.' })

    await admin('POST', '/v1/routes/auto/policy', { policy: idOf(coder) })
    await admin('POST', '/v1/routes/auto/policy', { policy: idOf(math), share: 0.3, reason: 'it was better' })
    const better = await ended()
    expect(better).toMatchObject({ policy: idOf(math), reason: 'The canary has shown to be better.' })

    await admin('POST', '/v1/routes/auto/policy', { policy: 'previous' })
    expect(await route()).toMatchObject({ policy: idOf(coder) })
    const statuses = await clients.stop()
    expect([...statuses.keys()]).toEqual([200])
    expect(statuses.get(200)).toBeGreaterThan(50)

    const file = join(gateway.data, 'switchyard.sqlite')
    const store = await openStore({ file, durability: 'process', maxQueuedRows: 10 })
    const history = await store.history('auto', 20)
    await store.close()
    expect(
      history.map(({ policy, share, ends }) => [policy === idOf(math) ? 'math' : 'coder', share, ends !== undefined]),
    ).toEqual([
      ['coder', 1, false],
      ['math', 1, true],
      ['math', 0.3, false],
      ['coder', 1, false],
      ['math', 1, true],
      ['coder', 0.3, false],
      ['math', 1, false],
    ])
    const verdict = history.find(({ ends }) => ends !== undefined)?.evidence
    expect(verdict).toMatchObject({ verdict: 'better', canary: idOf(math) })
  } finally {
    await clients.stop()
    await gateway.discard()
  }
}, 120_000)
