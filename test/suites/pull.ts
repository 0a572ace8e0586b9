/** `switchyard push` and `switchyard pull` against a real gateway, in whatever runtime. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explain } from '../../src/flow/explain.ts'
import { openStore } from '../../src/log/store.node.ts'
import { eventually } from '../decisions.ts'
import { newFolder, removeFolder, run } from '../gateway.ts'
import { ADMIN_KEY, adminAt, adminConfig, askAuto, idOf, policyFor, WEB_KEY } from './admin.ts'
import type { Serving, Start } from './start.ts'

const TABLES = ['embeddings', 'attempts', 'outcomes', 'feedback', 'decisions']

export function describePull(name: string, start: Start): void {
  describe(`push and pull: ${name}`, () => {
    let gateway: Serving
    let folder: string
    let asked: string[] = []
    beforeAll(async () => {
      gateway = await start({ config: { ...adminConfig, encoder: { timeoutMs: 10_000 }, log: { text: true } } })
      folder = newFolder()
    })
    afterAll(async () => {
      await gateway?.discard()
      if (folder) removeFolder(folder)
    })

    const command = (...args: string[]) => run(args, { folder, env: { SWITCHYARD_KEY: ADMIN_KEY } })
    const pulled = async (...args: string[]) => {
      const { code, output } = await command('pull', '--from', gateway.url, '--json', ...args)
      expect([code, output]).toEqual([0, expect.stringMatching(/^\{/)])
      const counts: Record<string, { read: number; stored: number }> = JSON.parse(output)
      return TABLES.map((table) => counts[table]?.stored)
    }
    const tenant = { authorization: `Bearer ${WEB_KEY}` }
    const score = async (decision: string, value: number) => {
      const body = JSON.stringify({ decision, value, comment: `worth ${value}` })
      const { status } = await fetch(`${gateway.url}/v1/feedback`, { method: 'POST', headers: tenant, body })
      expect(status).toBe(201)
    }
    /** What the gateway says of a decision, and what the log here says. */
    const both = async (id: string, data = join(folder, '.switchyard')) => {
      const response = await fetch(`${gateway.url}/v1/decisions/${id}`, { headers: tenant })
      const there: unknown = await response.json()
      const file = join(data, 'switchyard.sqlite')
      const store = await openStore({ file, durability: 'process', maxQueuedRows: 10 })
      try {
        const record = await store.decision(id)
        if (!record) throw new Error(`Decision ${id} was not copied.`)
        const { hash } = record.decision.query
        const here: unknown = JSON.parse(JSON.stringify(explain(record)))
        return { there, here, record, vector: await store.embedding(hash, 'use-lite') }
      } finally {
        await store.close()
      }
    }

    it('copies what is there, once', async () => {
      const [first, second] = [await askAuto(gateway.url), await askAuto(gateway.url)]
      await score(first.id, 0.25)
      expect(await pulled()).toEqual([1, 2, 2, 1, 2])
      const copied = await both(first.id)
      expect(copied.here).toEqual(copied.there)
      expect(copied.record.decision).toMatchObject({ tenant: 'web', query: { text: 'Hello there', embedded: true } })
      expect(copied.record.feedback).toMatchObject([{ value: 0.25, comment: 'worth 0.25' }])
      expect(copied.vector?.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5)
      const other = await both(second.id)
      expect(other.here).toEqual(other.there)
      expect(await pulled()).toEqual([0, 0, 0, 0, 0])
      asked = [first.id, second.id]
    })

    it('copies what is new since, and the scores that changed', async () => {
      for (const [i, id] of asked.entries()) await score(id, 1 - i / 2)
      const third = await askAuto(gateway.url)
      expect(await pulled()).toEqual([0, 1, 1, 2, 1])
      for (const id of [...asked, third.id]) {
        const { here, there } = await both(id)
        expect(here).toEqual(there)
      }
      expect((await both(asked[0]!)).record.feedback).toMatchObject([{ value: 1, comment: 'worth 1' }])
    })

    it('copies into another folder from the beginning, and says what it did', async () => {
      const into = join(folder, 'elsewhere')
      const { code, output } = await command('pull', '--from', `${gateway.url}/v1/`, '--into', into)
      expect([code, output]).toEqual([0, expect.stringContaining('decisions: 3 stored')])
      expect(existsSync(join(into, 'switchyard.sqlite'))).toBe(true)
    })

    it('leaves it to each installation what serves there', async () => {
      const math = policyFor('demo-math')
      writeFileSync(join(folder, 'math.safetensors'), math)
      const only = await command('push', 'math.safetensors', '--to', gateway.url)
      expect([only.code, only.output]).toEqual([0, expect.stringContaining(`Stored policy ${idOf(math)}`)])
      expect((await askAuto(gateway.url)).decision.policy).not.toBe(idOf(math))

      await command('policies', 'import', 'math.safetensors')
      const used = await command('push', idOf(math).slice(0, 10), '--to', gateway.url, '--use')
      expect([used.code, used.output]).toEqual([0, expect.stringContaining('Route auto is served by it from now on.')])
      expect((await askAuto(gateway.url)).decision).toMatchObject({ policy: idOf(math), candidate: 'demo-math' })

      writeFileSync(join(folder, 'coder.safetensors'), policyFor('demo-coder'))
      const there = ['coder.safetensors', '--to', gateway.url, '--use']
      const tried = await command('push', ...there, '--canary', '0.25', '--reason', 'to find out')
      expect([tried.code, tried.output]).toEqual([0, expect.stringContaining('it decides 25 % of the requests')])
      const [serves] = (await adminAt(gateway.url)('GET', '/v1/policies')).json.routes
      expect(serves).toMatchObject({ policy: idOf(math), canary: { share: 0.25, reason: 'to find out' } })
      await adminAt(gateway.url)('POST', '/v1/routes/auto/policy', { policy: 'previous' })

      await pulled()
      expect((await command('policies', 'list')).output).toContain('nothing was ever promoted')
    }, 120_000)

    it('ends a canary that was pushed by what clients say of its answers, and the log keeps why', async () => {
      const admin = adminAt(gateway.url)
      const [math, coder] = [policyFor('demo-math'), policyFor('demo-coder')]
      await admin('POST', '/v1/routes/auto/policy', { policy: idOf(math) })
      writeFileSync(join(folder, 'coder.safetensors'), coder)
      const tried = ['--use', '--canary', '0.5', '--reason', 'to find out']
      expect((await command('push', 'coder.safetensors', '--to', gateway.url, ...tried)).code).toBe(0)
      for (let i = 0; i < 80; i++) {
        const { id, decision } = await askAuto(gateway.url)
        await score(id, decision.policy === idOf(coder) ? 0.1 : 0.9)
      }
      await gateway.maintain?.()
      const serves = await eventually(async () => {
        const [found] = (await admin('GET', '/v1/policies')).json.routes
        return found?.canary === null ? found : null
      }, 'the canary ends')
      expect(serves).toMatchObject({ policy: idOf(math), reason: 'The canary has shown to be worse.' })
      expect((await askAuto(gateway.url)).decision).toMatchObject({ policy: idOf(math), propensity: 1 })

      const columns = (await admin('GET', '/v1/log')).json.columns.policies!
      const { rows } = (await admin('GET', '/v1/log/policies?after=0&limit=1000')).json
      const [began, ended] = rows.slice(-2).map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])))
      expect(began).toMatchObject({ policy: idOf(coder), share: 0.5, reason: 'to find out', ends: null })
      expect(ended).toMatchObject({ policy: idOf(math), share: 1, reason: serves.reason, ends: began?.at })
      expect(JSON.parse(String(ended?.evidence))).toMatchObject({ verdict: 'worse', canary: idOf(coder) })
    }, 120_000)

    it('refuses to push what is damaged or does not fit', async () => {
      const flipped = policyFor('demo-coder')
      flipped[20]! ^= 1
      writeFileSync(join(folder, 'damaged.safetensors'), flipped)
      const damaged = await command('push', 'damaged.safetensors', '--to', gateway.url, '--use')
      expect([damaged.code, damaged.output]).toEqual([2, expect.stringContaining('damaged or of another kind')])

      const misfit = policyFor('demo-coder', { features: ['length'] })
      writeFileSync(join(folder, 'misfit.safetensors'), misfit)
      const refused = await command('push', 'misfit.safetensors', '--to', gateway.url, '--use')
      expect([refused.code, refused.output]).toEqual([
        2,
        expect.stringContaining('was trained on other prompt features'),
      ])
      const { json } = await adminAt(gateway.url)('GET', '/v1/policies')
      expect(json.routes[0]?.policy).not.toBe(idOf(misfit))
    })
  })
}
