/** The store contract against D1 as the Workers runtime has it. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { DAY_MS } from '../day.ts'
import { describeStore, sampleDecision, sampleOutcome } from './contract.ts'
import { describeLearning } from './learning.contract.ts'
import { describeMaintenance } from './maintenance.contract.ts'
import { openD1Store } from './store.d1.ts'

const TABLES = [
  'decisions',
  'attempts',
  'outcomes',
  'feedback',
  'embeddings',
  'rewards',
  'snapshots',
  'policies',
  'statistics',
  'meta',
]

async function openEmpty() {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`delete from ${table}`)))
  return openD1Store(env.DB, { keepAlive: () => {} })
}

describeStore('D1', openEmpty)
describeMaintenance('D1', openEmpty)
describeLearning('D1', openEmpty)

test('an append goes on after the request that began it', async () => {
  const kept: Promise<unknown>[] = []
  const store = await openD1Store(env.DB, { keepAlive: (work) => kept.push(work) })
  store.append([{ table: 'decisions', row: sampleDecision('left') }]).catch(() => {})
  expect(kept).toHaveLength(1)
  await kept[0]
  expect(await store.decision('left')).not.toBeNull()
})

test('the sums are right after every step of maintenance, and another run between any two of them changes nothing', async () => {
  const start = 20_000 * DAY_MS
  const options = { now: start + 3 * DAY_MS, keepDays: 1 }
  let steps = 0
  for (let at = 0; at <= steps; at++) {
    const store = await openEmpty()
    for (const day of [0, 1, 2]) {
      const id = `${day}`
      await store.append([
        { table: 'decisions', row: sampleDecision(id, { at: start + day * DAY_MS }) },
        { table: 'outcomes', row: sampleOutcome(id) },
      ])
      if (day === 0) await store.maintain({ now: start + DAY_MS, keepDays: null })
    }
    const sums = await store.statistics({ since: 0 })
    expect(sums.map(({ requests }) => requests)).toEqual([1, 1, 1])
    steps = 0
    const stepwise = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        expect(await store.statistics({ since: 0 })).toEqual(sums)
        if (steps === at) await store.maintain(options)
        steps += 1
        return env.DB.batch(statements)
      },
    } as unknown as D1Database
    await (await openD1Store(stepwise, { keepAlive: () => {} })).maintain(options)
    expect(await store.statistics({ since: 0 })).toEqual(sums)
    expect((await store.decisions({ limit: 9 })).map(({ decision }) => decision.id)).toEqual(['2'])
  }
  expect(steps).toBeGreaterThan(4)
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
