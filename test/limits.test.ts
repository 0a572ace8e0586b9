/** Limits and budgets, through the Node gateway; a restart forgets nothing. */
import { afterAll, expect, it } from 'vitest'
import { startFaultProvider } from '../benchmarks/faults/provider.ts'
import { USAGE } from '../benchmarks/faults/wire.ts'
import { sha256Hex } from '../src/bytes.ts'
import { openaiAt } from './clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { settled } from './decisions.ts'
import { newFolder, removeFolder, startGateway } from './gateway.ts'
import { describeLimits } from './suites/limits.ts'

describeLimits('the Node gateway', startGateway)

const folder = newFolder()
const provider = await startFaultProvider()
afterAll(async () => {
  await provider.close()
  removeFolder(folder)
})

it('what was spent is known after a restart, and after a kill', async () => {
  const config = {
    providers: providersAt(`${provider.origin}/v1`),
    candidates: [candidateAt('openai', 'good', { model: 'ok', price: { inputPerMTok: 0, outputPerMTok: 1e6 } })],
    keys: [{ name: 'web', sha256: await sha256Hex(new TextEncoder().encode('web')), limits: { usdPerDay: 55 } }],
    encoder: NO_ENCODER,
  }
  const auth = { authorization: 'Bearer web' }
  const ask = (url: string) =>
    openaiAt(url, 'web')
      .chat.completions.create({ model: 'good', messages: [{ role: 'user', content: 'Hi' }], max_tokens: USAGE.output })
      .asResponse()
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const gateway = await startGateway({ config, folder })
    const { headers } = await ask(gateway.url)
    const { outcome } = await settled(gateway.url, headers.get('x-switchyard-decision'), auth)
    expect(outcome.costUsd).toBe(USAGE.output)
    await gateway.stop(signal)
  }
  const gateway = await startGateway({ config, folder })
  await expect(ask(gateway.url)).rejects.toMatchObject({ code: 'insufficient_quota' })
  expect(provider.of('ok')).toHaveLength(2)
  await gateway.stop('SIGKILL')
})
