/** The admin API through a real gateway, in whatever runtime: policies come in, serve, give way, and the log comes out. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import { FEATURES } from '../../src/embed/features.ts'
import { encodePolicy } from '../../src/policy/file.ts'
import type { PolicyManifest } from '../../src/spec.ts'
import { openaiAt } from '../clients.ts'
import { candidateAt, NO_ENCODER } from '../config.ts'
import { settled } from '../decisions.ts'
import type { Serving, Start } from './start.ts'

export const ADMIN_KEY = 'admin-0a9b8c7d6e'
export const WEB_KEY = 'web-1b2c3d4e5f'
const digest = (key: string) => createHash('sha256').update(key).digest('hex')
const CANDIDATES = ['demo-chatty', 'demo-coder', 'demo-math', 'demo-sage']

export const adminConfig: ConfigInput = {
  providers: { demo: { kind: 'demo' } },
  candidates: CANDIDATES.map((id) => candidateAt('demo', id)),
  keys: [
    { name: 'ops', sha256: digest(ADMIN_KEY), admin: true },
    { name: 'web', sha256: digest(WEB_KEY) },
  ],
  encoder: NO_ENCODER,
}

/** A policy that sends every query to one candidate. */
export function policyFor(favourite: string, changes: Partial<PolicyManifest> = {}): Uint8Array<ArrayBuffer> {
  const quality = CANDIDATES.map((id) => (id === favourite ? 1 : 0))
  const outputTokens = CANDIDATES.map(() => 10)
  const rows = [...quality, ...CANDIDATES.map(() => 0.01), ...outputTokens, ...CANDIDATES.map(() => 10)]
  const manifest: PolicyManifest = {
    format: 1,
    estimator: { name: 'constant', version: 1, params: {} },
    guard: { shrink: 0, minSupport: 0, quality, outputTokens, evidence: {} },
    planner: { name: 'utility', options: {} },
    encoder: { id: 'none', precision: 'none', dim: 0, sha256: '' },
    features: FEATURES,
    candidates: CANDIDATES,
    trainedOn: { source: `for ${favourite}`, rows: 10, sha256: '', createdAt: '2026-01-01T00:00:00.000Z' },
    metrics: { gain: 0.1 },
    ...changes,
  }
  const means = { dtype: 'F64', shape: [4, CANDIDATES.length], data: Float64Array.from(rows) } as const
  return encodePolicy(manifest, { params: {}, tensors: { means } })
}

export const idOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

interface Serves {
  readonly policy: string | null
  readonly since: string | null
  readonly reason: string
  readonly refused: { readonly policy: string; readonly reason: string } | null
  readonly canary: { readonly policy: string | null; readonly share: number; readonly state: object | null } | null
}

/** All that an answer of the admin API may have; which path has what is in `src/flow`. */
interface AdminAnswer {
  readonly error: { readonly message: string; readonly code: string }
  readonly id: string
  readonly routes: readonly Serves[]
  readonly policies: readonly object[]
  readonly serves: Serves
  readonly log: string
  readonly columns: Readonly<Record<string, readonly string[]>>
  readonly rows: readonly (readonly unknown[])[]
  readonly next: number | null
}

/** Sends as an admin; what comes back, parsed. */
export function adminAt(url: string, key = ADMIN_KEY) {
  return async (method: string, path: string, body?: object) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body !== undefined && {
        body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body),
      }),
    })
    return { status: response.status, json: (await response.json()) as AdminAnswer }
  }
}

/** Asks for the route as a tenant; the decision as the log has it. */
export async function askAuto(url: string) {
  const asked = openaiAt(url, WEB_KEY).chat.completions.create({
    model: 'auto',
    messages: [{ role: 'user', content: 'Hello there' }],
  })
  const { response } = await asked.withResponse()
  const id = response.headers.get('x-switchyard-decision')
  return settled(url, id, { authorization: `Bearer ${WEB_KEY}` })
}

export function describeAdmin(name: string, start: Start): void {
  describe(`admin API: ${name}`, () => {
    let gateway: Serving
    let admin: ReturnType<typeof adminAt>
    beforeAll(async () => {
      gateway = await start({ config: adminConfig })
      admin = adminAt(gateway.url)
    })
    afterAll(() => gateway?.discard())

    const [math, coder] = [policyFor('demo-math'), policyFor('demo-coder')]
    const route = async () => (await admin('GET', '/v1/policies')).json.routes[0]!

    it('is for admin keys alone, and says what makes one', async () => {
      for (const [method, path] of [
        ['GET', '/v1/policies'],
        ['POST', '/v1/policies'],
        ['POST', '/v1/routes/auto/policy'],
        ['GET', '/v1/log'],
        ['GET', '/v1/log/decisions'],
      ] as const) {
        const { status, json } = await adminAt(gateway.url, WEB_KEY)(method, path, method === 'POST' ? {} : undefined)
        expect(status).toBe(403)
        expect(json.error.message).toContain('The key "web" is no admin key. This needs one: a key with "admin": true')
        expect((await adminAt(gateway.url, 'wrong')(method, path)).status).toBe(401)
      }
    })

    it('stores a policy, puts it in charge and serves by it', async () => {
      expect(await route()).toMatchObject({
        policy: null,
        since: null,
        reason: 'Nothing was ever activated: the constant serves.',
      })
      const none = await admin('POST', '/v1/routes/auto/policy', { policy: 'previous' })
      expect([none.status, none.json.error.message]).toEqual([404, expect.stringContaining('nothing to go back to')])

      expect(await admin('POST', '/v1/policies', math)).toEqual({ status: 201, json: { id: idOf(math) } })
      expect((await admin('POST', '/v1/policies', math)).status).toBe(201)
      const { json } = await admin('GET', '/v1/policies')
      expect(json.policies).toEqual([
        expect.objectContaining({
          id: idOf(math),
          estimator: 'constant',
          candidates: CANDIDATES,
          trainedOn: expect.objectContaining({ source: 'for demo-math' }),
          guard: { shrink: 0 },
          metrics: { gain: 0.1 },
        }),
      ])
      expect(json.routes[0]?.policy).toBeNull()

      const used = await admin('POST', '/v1/routes/auto/policy', { policy: idOf(math).slice(0, 8) })
      expect(used).toMatchObject({
        status: 200,
        json: { serves: { route: 'auto', policy: idOf(math), refused: null } },
      })
      expect(await route()).toMatchObject({ policy: idOf(math), reason: 'activated with the key "ops"' })
      expect((await askAuto(gateway.url)).decision).toMatchObject({ policy: idOf(math), candidate: 'demo-math' })
    })

    it('goes back to what served before, the constant at last', async () => {
      await admin('POST', '/v1/policies', coder)
      await admin('POST', '/v1/routes/auto/policy', { policy: idOf(coder), reason: 'better at code' })
      expect(await route()).toMatchObject({ policy: idOf(coder), reason: 'better at code' })
      expect((await askAuto(gateway.url)).decision).toMatchObject({ policy: idOf(coder), candidate: 'demo-coder' })

      const back = await admin('POST', '/v1/routes/auto/policy', { policy: 'previous' })
      expect(back.json.serves).toMatchObject({ policy: idOf(math), reason: 'rolled back with the key "ops"' })
      expect((await askAuto(gateway.url)).decision).toMatchObject({ policy: idOf(math), candidate: 'demo-math' })

      const constant = await admin('POST', '/v1/routes/auto/policy', { policy: 'constant' })
      expect(constant.json.serves).toMatchObject({ policy: null })
      expect((await askAuto(gateway.url)).decision.policy).toBeNull()
    })

    it('refuses what is damaged or does not fit, and what served goes on', async () => {
      await admin('POST', '/v1/routes/auto/policy', { policy: idOf(math) })
      const flipped = math.slice()
      flipped[20]! ^= 1
      const damaged = await admin('POST', '/v1/policies', flipped)
      expect([damaged.status, damaged.json.error.code]).toEqual([422, 'policy_damaged'])

      const misfits = {
        encoder: policyFor('demo-math', {
          encoder: { id: 'use-lite', precision: 'int8', dim: 512, sha256: 'a'.repeat(64) },
        }),
        features: policyFor('demo-math', { features: ['length'] }),
        candidates: policyFor('demo-math', { candidates: ['a', 'b', 'c', 'd'] }),
        estimator: policyFor('demo-math', { estimator: { name: 'constant', version: 99, params: {} } }),
      }
      for (const misfit of Object.values(misfits)) {
        expect((await admin('POST', '/v1/policies', misfit)).status).toBe(201)
        const refused = await admin('POST', '/v1/routes/auto/policy', { policy: idOf(misfit) })
        expect([refused.status, refused.json.error.code]).toEqual([422, 'policy_unfit'])
      }
      for (const [path, body, status] of [
        ['/v1/routes/auto/policy', { policy: '0'.repeat(64) }, 404],
        ['/v1/routes/none/policy', { policy: 'constant' }, 404],
        ['/v1/routes/auto/policy', { policy: 7 }, 400],
        ['/v1/routes/auto/policy', { policy: 'constant', route: 'auto' }, 400],
      ] as const) {
        expect((await admin('POST', path, body)).status).toBe(status)
      }
      expect(await route()).toMatchObject({ policy: idOf(math), refused: null })
      expect((await askAuto(gateway.url)).decision.policy).toBe(idOf(math))
    })

    it('tries a policy on a share of the requests, and logs the chances that came of both', async () => {
      await admin('POST', '/v1/routes/auto/policy', { policy: 'constant' })
      await admin('POST', '/v1/routes/auto/policy', { policy: idOf(math), reason: 'trusted' })
      const tried = { policy: idOf(coder), share: 0.5, hold: true, reason: 'to find out' }
      const { status, json } = await admin('POST', '/v1/routes/auto/policy', tried)
      expect([status, json.serves]).toEqual([
        200,
        expect.objectContaining({ policy: idOf(math), reason: 'trusted', canary: expect.objectContaining(tried) }),
      ])
      const asked = []
      for (let i = 0; i < 12; i++) asked.push((await askAuto(gateway.url)).decision)
      // Half of each, so all twelve by the same one would be a matter of one in two thousand.
      expect(new Set(asked.map(({ policy }) => policy))).toEqual(new Set([idOf(math), idOf(coder)]))
      for (const { policy, candidate, propensity } of asked)
        expect([policy, propensity]).toEqual([candidate === 'demo-coder' ? idOf(coder) : idOf(math), 0.5])

      for (const [body, message] of [
        [{ policy: idOf(math), share: 0.5 }, 'It serves this route already'],
        [{ policy: 'previous', share: 0.5 }, 'leave "share" out'],
        [{ policy: 'constant', share: 0 }, 'above 0 and at most 1'],
      ] as const) {
        const refused = await admin('POST', '/v1/routes/auto/policy', body)
        expect([refused.status, refused.json.error.message]).toEqual([400, expect.stringContaining(message)])
      }
      const back = await admin('POST', '/v1/routes/auto/policy', { policy: 'previous' })
      expect(back.json.serves).toMatchObject({ policy: idOf(math), canary: null })
      expect((await askAuto(gateway.url)).decision).toMatchObject({ policy: idOf(math), propensity: 1 })
    })

    it('gives the log of all tenants page by page, each row once', async () => {
      const ids = [(await askAuto(gateway.url)).id, (await askAuto(gateway.url)).id]
      const { json } = await admin('GET', '/v1/log')
      expect(json.log).toMatch(/^[0-9a-f]{32}$/)
      const [at, tenant] = ['id', 'tenant'].map((column) => json.columns.decisions!.indexOf(column))
      const seen: unknown[] = []
      for (let after = 0; ; ) {
        const page = (await admin('GET', `/v1/log/decisions?after=${after}&limit=2`)).json
        if (page.next === null) break
        expect(page.rows.length).toBeLessThanOrEqual(2)
        for (const row of page.rows) {
          seen.push(row[at!])
          expect(row[tenant!]).toBe('web')
        }
        after = page.next
      }
      expect(seen.slice(-2)).toEqual(ids)
      expect(new Set(seen).size).toBe(seen.length)
      expect((await admin('GET', '/v1/log/meta')).status).toBe(404)
      expect((await admin('GET', '/v1/log/decisions?after=x')).status).toBe(400)
      expect((await admin('GET', '/v1/log/decisions?limit=1000000')).status).toBe(400)
    })
  })
}
