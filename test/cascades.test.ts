/** Cascades through the Node gateway. */
import { expect, it } from 'vitest'
import { startFaultProvider } from '../benchmarks/faults/provider.ts'
import { ANSWER } from '../benchmarks/faults/wire.ts'
import { cascadePolicy } from './cascadePolicy.ts'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { eventually, readLog } from './decisions.ts'
import { startGateway } from './gateway.ts'
import { adminAt, idOf } from './suites/admin.ts'
import { CLIENT_KEY, describeCascades, OPERATOR } from './suites/cascades.ts'

describeCascades('the Node gateway', startGateway)

it('a cascade under way at SIGTERM asks whom it needs, and its client gets the answer', async () => {
  const provider = await startFaultProvider()
  const ids = ['slow-1', 'slow-2']
  const gateway = await startGateway({
    config: {
      providers: providersAt(`${provider.origin}/v1`),
      candidates: ids.map((id, i) =>
        candidateAt(i === 0 ? 'openai' : 'anthropic', id, {
          model: `drip:30#${id}`,
          price: { inputPerMTok: i + 1, outputPerMTok: i + 1 },
        }),
      ),
      routes: { auto: { lambda: 1 } },
      keys: [OPERATOR],
      encoder: NO_ENCODER,
    },
  })
  try {
    const admin = adminAt(gateway.url, CLIENT_KEY)
    const policy = cascadePolicy(ids)
    await admin('POST', '/v1/policies', policy)
    expect((await admin('POST', '/v1/routes/auto/policy', { policy: idOf(policy) })).status).toBe(200)
    const answers = (['openai', 'anthropic'] as const).map((client) =>
      ask(client, gateway.url, { model: 'auto', stream: true, turns: [user('Hi')] }),
    )
    await eventually(() => (provider.of('drip:30#slow-1').length === 2 ? true : null), 'the first model is asked')
    expect(provider.of('drip:30#slow-2')).toHaveLength(0)
    const exit = gateway.stop('SIGTERM')
    for (const { text, headers } of await Promise.all(answers)) {
      expect(text).toBe(ANSWER)
      expect(headers.get('x-switchyard-model')).toBe('slow-2')
    }
    expect(await exit).toBe(0)
    expect([...readLog(gateway.folder).values()]).toEqual(['ok', 'ok'])
  } finally {
    await gateway.discard()
    await provider.close()
  }
})
