/** A canary in the Worker: requests are drawn, and the cron trigger ends it by what D1 has of both. */
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { ulid } from 'ulid'
import { expect, it, vi } from 'vitest'
import type { ConfigInput } from '../config/schema.ts'
import { FEATURES } from '../embed/features.ts'
import { openD1Store } from '../log/store.d1.ts'
import { encodePolicy } from '../policy/file.ts'
import { createD1Policies } from '../policy/files.d1.ts'
import type { Activation, LogRow, PolicyManifest } from '../spec.ts'
import { createWorker } from '../worker.ts'

vi.stubGlobal('fetch', async (_: string, { body }: { body: Uint8Array }) => {
  const { model } = JSON.parse(new TextDecoder().decode(body))
  const message = { role: 'assistant', content: 'Yes.' }
  const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }
  return Response.json({ id: 'x', model, choices: [{ index: 0, message, finish_reason: 'stop' }], usage })
})

const config: ConfigInput = {
  providers: { up: { kind: 'openai', baseUrl: 'https://upstream.test/v1' } },
  candidates: ['cheap', 'dear'].map((id, i) => ({
    id,
    provider: 'up',
    model: id,
    price: { inputPerMTok: 1 + 9 * i, outputPerMTok: 1 + 9 * i },
    contextWindow: 100_000,
    maxOutput: 1_000,
    capabilities: [],
  })),
  encoder: { driver: 'none' },
}

/** Sends every query to the dear one. */
function policyForDear(): Uint8Array {
  const candidates = ['cheap', 'dear']
  const [quality, outputTokens] = [
    [0, 1],
    [10, 10],
  ]
  const manifest: PolicyManifest = {
    format: 1,
    estimator: { name: 'constant', version: 1, params: {} },
    guard: { shrink: 0, minSupport: 0, quality: quality!, outputTokens: outputTokens!, evidence: {} },
    planner: { name: 'utility', options: {} },
    encoder: { id: 'none', precision: 'none', dim: 0, sha256: '' },
    features: FEATURES,
    candidates,
    trainedOn: { source: 'by hand', rows: 1, sha256: '', createdAt: '2026-01-01T00:00:00.000Z' },
    metrics: {},
  }
  const data = Float64Array.from([...quality!, 0.01, 0.01, ...outputTokens!, 10, 10])
  return encodePolicy(manifest, { params: {}, tensors: { means: { dtype: 'F64', shape: [4, 2], data } } })
}

it('decides beside what serves, and ends by its figures when the cron trigger comes', async () => {
  const log = await openD1Store(env.DB, { keepAlive: () => {} })
  const policy = await createD1Policies(env.DB).write(policyForDear())
  const at = Date.now() - 60_000
  const activate = (row: Pick<Activation, 'policy' | 'at' | 'share'>) =>
    log.append([{ table: 'policies', row: { route: 'auto', reason: 'by hand', ...row } }])
  await activate({ policy: null, at, share: 1 })
  await activate({ policy, at: at + 1, share: 0.5 })
  const worker = createWorker({ config })
  const ask = async () => {
    const context = createExecutionContext()
    const request = new Request<unknown, IncomingRequestCfProperties>('https://localhost/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hi' }] }),
    })
    const response = await worker.fetch!(request, { ...env }, context)
    expect(response.status, await response.text()).toBe(200)
    await waitOnExecutionContext(context)
    return (await log.decision(response.headers.get('x-switchyard-decision') ?? ''))!.decision
  }
  const asked = []
  for (let i = 0; i < 16; i++) asked.push(await ask())
  expect(new Set(asked.map((one) => one.policy))).toEqual(new Set([null, policy]))
  for (const one of asked) expect([one.candidate === 'dear', one.propensity]).toEqual([one.policy === policy, 0.5])

  const rewards = Array.from({ length: 60 }, (_, i) => at + 10 + i).flatMap((at) =>
    [null, policy].map((policy): LogRow => {
      const row = {
        at,
        tenant: 't',
        route: 'auto',
        source: 'user',
        costUsd: 0.001,
        lambda: 1,
        propensity: 0.5,
      } as const
      const quality = policy === null ? 0.9 : 0.1
      return { table: 'rewards', row: { ...row, decision: ulid(at), policy, candidate: 'any', quality } }
    }),
  )
  await log.append(rewards)
  const context = createExecutionContext()
  await worker.scheduled!(createScheduledController(), { ...env }, context)
  await waitOnExecutionContext(context)
  expect((await log.history('auto', 1))[0]).toMatchObject({
    policy: null,
    share: 1,
    ends: at + 1,
    reason: 'The canary has shown to be worse.',
    evidence: { verdict: 'worse', canary: policy, pairs: 60 },
  })
  expect(await ask()).toMatchObject({ policy: null, propensity: 1 })
})
