/** The whole Worker, inside the runtime that it is deployed to. */
import { createExecutionContext } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { answersOf, candidatesOf, queryOf, seeded } from '../routers/fixtures.ts'
import { estimators, presets } from '../routers/index.ts'
import { environmentConfig } from './config/environment.ts'
import type { ConfigInput } from './config/schema.ts'
import { FEATURES } from './embed/features.ts'
import { encodePolicy } from './policy/file.ts'
import type { EncoderInfo, EstimatorFamily, PolicyManifest } from './spec.ts'
import { createWorker } from './worker.ts'

type Incoming = Request<unknown, IncomingRequestCfProperties>

const chat = (prompt: string) => JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }] })

it('answers, routed by the embedded policy', async () => {
  const body = chat('What is 17 + 25 * 4?')
  const response = await exports.default.fetch('https://gateway.test/v1/chat/completions', { method: 'POST', body })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: expect.stringContaining('117') } }] })
  expect(response.headers.get('x-switchyard-decision')).toMatch(/^[0-9A-Z]{26}$/)
})

describe('what cannot be served', () => {
  const ask = (config: ConfigInput | string, url: string, headers: Record<string, string> = {}) =>
    createWorker({ config }).fetch!(
      new Request(`${url}/v1/models`, { headers }) as Incoming,
      { ...env },
      createExecutionContext(),
    )
  const open: ConfigInput = { ...environmentConfig({ OPENAI_API_KEY: 'x' }) }
  const providers = { openai: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1' } } as const
  const keyless: ConfigInput = { ...open, providers }

  it('is a pool that costs money without client keys, anywhere but on this machine', async () => {
    const refused = await ask(keyless, 'https://gateway.test')
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('Add `keys`') } })
    expect((await ask(keyless, 'http://localhost:8080')).status).toBe(200)
    expect((await ask(environmentConfig({}), 'https://gateway.test')).status).toBe(200)
  })

  it('is a broken configuration, of which only its owner is told more', async () => {
    const broken =
      '{ "providers": { "openai": { "kind": "openai", "apiKey": { "env": "NOT_THERE" } } }, "candidates": [] }'
    const here = await ask(broken, 'http://127.0.0.1:8080')
    expect(here.status).toBe(500)
    expect(await here.json()).toMatchObject({ error: { message: expect.stringContaining('NOT_THERE') } })
    const there = await ask(broken, 'https://gateway.test', { 'anthropic-version': '2023-06-01' })
    expect(there.status).toBe(500)
    const told = await there.text()
    expect(told).not.toContain('NOT_THERE')
    expect(JSON.parse(told)).toMatchObject({
      type: 'error',
      error: { message: expect.stringContaining('wrangler tail') },
    })
  })

  it('is a log whose tables are not there, with the command that makes them', async () => {
    const DB = { prepare: () => env.DB.prepare('select * from missing') } as unknown as D1Database
    const request = new Request('http://localhost/v1/models') as Incoming
    const response = await createWorker().fetch!(request, { ...env, DB }, createExecutionContext())
    expect(await response.text()).toContain('wrangler d1 migrations apply')
  })
})

describe('policies of every estimator', () => {
  const CANDIDATES = candidatesOf(4).map(({ id }) => id)
  const random = seeded(7)
  const queries = Array.from({ length: 120 }, () => queryOf(random, { dim: 512, features: FEATURES.length }))
  const quality = Float64Array.from({ length: queries.length * 4 }, () => Number(random() < 0.6))
  const data = {
    queries,
    candidates: candidatesOf(4),
    quality,
    outputTokens: Float64Array.from({ length: queries.length * 4 }, () => 50 + 100 * random()),
    answers: answersOf(quality, 4, random),
    tasks: queries.map((_, i) => (i % 2 === 0 ? 'even' : 'odd')),
  }

  let config: ConfigInput
  let encoder: EncoderInfo
  beforeAll(async () => {
    encoder = await (await env.ASSETS.fetch('https://assets.local/use-lite/encoder.json')).json()
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('admin'))
    const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
    config = {
      providers: { demo: { kind: 'demo' } },
      candidates: CANDIDATES.map((id) => ({
        id,
        provider: 'demo',
        model: 'demo-math',
        price: { inputPerMTok: 1, outputPerMTok: 4 },
        contextWindow: 10_000,
      })),
      keys: [{ name: 'admin', sha256, admin: true }],
      encoder: { timeoutMs: 20_000 },
    }
  })

  function policyOf(family: EstimatorFamily): Uint8Array<ArrayBuffer> {
    const manifest: PolicyManifest = {
      format: 1,
      estimator: { name: family.name, version: family.version, params: {} },
      guard: {
        shrink: 1,
        minSupport: 0,
        quality: CANDIDATES.map(() => 0.6),
        outputTokens: CANDIDATES.map(() => 100),
        evidence: {},
      },
      planner: { name: 'utility', options: {} },
      encoder,
      features: FEATURES,
      candidates: CANDIDATES,
      trainedOn: { source: 'chance', rows: queries.length, sha256: '', createdAt: '2026-01-01T00:00:00.000Z' },
      metrics: {},
    }
    const state = family.fit(data, family.defaults, seeded(3))
    return encodePolicy({ ...manifest, estimator: { ...manifest.estimator, params: state.params } }, state)
  }

  it.each(estimators.map((family) => [family.name, family] as const))(
    '%s: stored, put in charge, deciding',
    async (_, family) => {
      const worker = createWorker({ config })
      const send = async (path: string, body: BodyInit) => {
        const headers = { authorization: 'Bearer admin' }
        const request = new Request(`https://gateway.test${path}`, { method: 'POST', headers, body }) as Incoming
        const response = await worker.fetch!(request, { ...env }, createExecutionContext())
        const json: { id?: string } = await response.json()
        return { json, decision: response.headers.get('x-switchyard-decision') }
      }
      const { id } = (await send('/v1/policies', policyOf(family))).json
      const activated = await send('/v1/routes/auto/policy', JSON.stringify({ policy: id }))
      expect(activated.json).toMatchObject({ serves: { policy: id } })
      const { decision } = await send('/v1/chat/completions', chat('What is 17 + 25 * 4?'))
      const row = await env.DB.prepare('select policy, embedded from decisions where id = ?').bind(decision).first()
      expect(row).toEqual({ policy: id, embedded: 1 })
    },
  )

  it('are those of all presets', () => {
    const names = estimators.map(({ name }) => name)
    expect(presets.filter(({ estimator }) => !names.includes(estimator))).toEqual([])
  })
})
