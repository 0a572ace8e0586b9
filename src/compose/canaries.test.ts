/** Canaries on a real log, watched as two processes do. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ulid } from 'ulid'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type FileStore, openStore } from '../log/store.node.ts'
import type { Activation, LogRow } from '../spec.ts'
import { createCanaries, watchCanary } from './canaries.ts'

const BEGAN = Date.UTC(2026, 10, 22)
const canary: Activation = { route: 'auto', policy: 'new', at: BEGAN, reason: 'tried', share: 0.1 }
const arms = { canary, incumbent: 'old', keyShare: 0.5 }

let folder: string
let stores: FileStore[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'switchyard-canaries-'))
  const open = () => openStore({ file: join(folder, 'log.sqlite'), durability: 'process', maxQueuedRows: 100_000 })
  stores = [await open(), await open()]
})
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()))
  rmSync(folder, { recursive: true })
})

/** `count` rewards of either, a millisecond apart. */
function rewards(count: number, from: number, quality: { readonly new: number; readonly old: number }): LogRow[] {
  return Array.from({ length: count }, (_, i) => from + i).flatMap((at) =>
    (['old', 'new'] as const).map(
      (policy): LogRow => ({
        table: 'rewards',
        row: {
          decision: ulid(at),
          at,
          tenant: 'someone',
          route: 'auto',
          policy,
          candidate: 'small',
          source: 'user',
          quality: quality[policy],
          costUsd: 0,
          lambda: 1,
          propensity: 1,
        },
      }),
    ),
  )
}

it('begins with the first reward of its time, however long the log was before', async () => {
  const [store] = stores
  await store!.append(rewards(300, BEGAN - 1000, { new: 0, old: 1 }))
  await store!.append(rewards(40, BEGAN + 10, { new: 0.7, old: 0.6 }))
  const asked: number[] = []
  const watch = watchCanary(
    {
      rows: (table, options) => {
        asked.push(options.after)
        return store!.rows(table, options)
      },
    },
    arms,
  )
  await watch.read()
  expect(watch.state()).toMatchObject({ pairs: 40, canary: { scored: 40 }, incumbent: { scored: 40 } })
  expect(watch.state().difference).toBeCloseTo(0.1, 12)
  // 680 rows are not read one by one.
  expect(asked.length).toBeLessThan(40)
  await store!.append(rewards(5, BEGAN + 60, { new: 0.7, old: 0.6 }))
  await Promise.all([watch.read(), watch.read()])
  expect(watch.state().pairs).toBe(45)
})

it.each([
  ['worse', { new: 0, old: 1 }, 'old', 'The canary has shown to be worse.'],
  ['better', { new: 1, old: 0 }, 'new', 'The canary has shown to be better.'],
] as const)(
  'ends one that is %s once, though two processes find it out at the same time',
  async (verdict, quality, policy, reason) => {
    const [store, other] = stores
    await store!.append([{ table: 'policies', row: { ...canary, policy: 'old', at: BEGAN - 1, share: 1 } }])
    await store!.append([{ table: 'policies', row: canary }, ...rewards(100, BEGAN, quality)])
    const both = stores.map((one) => createCanaries({ store: one, now: () => BEGAN + 1000 }))
    expect(await Promise.all(both.map((one) => one.look([arms])))).toEqual([true, true])
    const history = await other!.history('auto', 10)
    expect(history.map(({ policy, share }) => [policy, share])).toEqual([
      [policy, 1],
      ['new', 0.1],
      ['old', 1],
    ])
    expect(history[0]).toMatchObject({ reason, ends: BEGAN, evidence: { verdict, canary: 'new', pairs: 100 } })
  },
)

it('lets one that holds go on when it is better, and one that somebody decided on be', async () => {
  const [store] = stores
  const held: Activation = { ...canary, hold: true }
  await store!.append([{ table: 'policies', row: held }, ...rewards(100, BEGAN, { new: 1, old: 0 })])
  const watched = createCanaries({ store: store!, now: () => BEGAN + 1000 })
  expect(await watched.look([{ ...arms, canary: held }])).toBe(false)
  expect(watched.state(held)?.verdict).toBe('better')
  expect(await store!.history('auto', 10)).toHaveLength(1)

  const decided: Activation = { route: 'auto', policy: 'third', at: BEGAN + 500, reason: 'by hand', share: 1 }
  await store!.append([{ table: 'policies', row: decided }])
  await createCanaries({ store: store!, now: () => BEGAN + 1000 }).look([arms])
  expect((await store!.history('auto', 1))[0]).toEqual(decided)
})

it('rejects where the log cannot be read, and counts nothing twice afterwards', async () => {
  const [store] = stores
  await store!.append(rewards(30, BEGAN, { new: 0.5, old: 0.5 }))
  let failing = true
  const watch = watchCanary(
    { rows: (table, options) => (failing ? Promise.reject(new Error('gone')) : store!.rows(table, options)) },
    arms,
  )
  await expect(watch.read()).rejects.toThrow('gone')
  failing = false
  await watch.read()
  expect(watch.state().pairs).toBe(30)
})
