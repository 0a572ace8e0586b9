/** The store contract against D1 as the Workers runtime has it. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { describeStore, sampleDecision } from './contract.ts'
import { describeMaintenance } from './maintenance.contract.ts'
import { openD1Store } from './store.d1.ts'

const TABLES = ['decisions', 'attempts', 'outcomes', 'feedback', 'embeddings', 'policies', 'statistics', 'meta']

async function openEmpty() {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`delete from ${table}`)))
  return openD1Store(env.DB, { keepAlive: () => {} })
}

describeStore('D1', openEmpty)
describeMaintenance('D1', openEmpty)

test('an append goes on after the request that began it', async () => {
  const kept: Promise<unknown>[] = []
  const store = await openD1Store(env.DB, { keepAlive: (work) => kept.push(work) })
  store.append([{ table: 'decisions', row: sampleDecision('left') }]).catch(() => {})
  expect(kept).toHaveLength(1)
  await kept[0]
  expect(await store.decision('left')).not.toBeNull()
})

test('the salt belongs to the database', async () => {
  await openEmpty()
  await env.DB.prepare('delete from meta').run()
  const open = () => openD1Store(env.DB, { keepAlive: () => {} })
  const [first, second] = await Promise.all([open(), open()])
  expect(first.salt).toMatch(/^[0-9a-f]{64}$/)
  expect([second.salt, (await open()).salt]).toEqual([first.salt, first.salt])
  expect((await openEmpty()).salt).not.toBe(first.salt)
})

test('a database without tables is refused with what to do', async () => {
  await env.DB.prepare('alter table meta rename to elsewhere').run()
  await expect(openD1Store(env.DB, { keepAlive: () => {} })).rejects.toMatchObject({
    code: 'log_failed',
    message: expect.stringContaining('wrangler d1 migrations apply'),
  })
  await env.DB.prepare('alter table elsewhere rename to meta').run()
})
