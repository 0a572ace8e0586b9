/** What every store must do with what is learned from, whatever is behind it: run by the tests of each. */
import { describe, expect, test } from 'vitest'
import type { Decision, LogRow, Outcome, Reward, Store } from '../spec.ts'
import { sampleDecision, sampleOutcome } from './contract.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Some midnight. */
const START = 20_000 * DAY

const decided = (id: string, changes: Partial<Decision> = {}): LogRow => ({
  table: 'decisions',
  row: sampleDecision(id, { at: START, ...changes }),
})
const ended = (decision: string, changes: Partial<Outcome> = {}): LogRow => ({
  table: 'outcomes',
  row: sampleOutcome(decision, { at: START, ...changes }),
})
const rewardOf = (decision: string, changes: Partial<Reward> = {}): Reward => ({
  decision,
  at: START,
  tenant: 'ann',
  route: 'auto',
  policy: null,
  candidate: 'small',
  source: 'user',
  quality: 0.75,
  costUsd: null,
  lambda: 12.5,
  propensity: 0.25,
  ...changes,
})
const rewarded = (row: Reward): LogRow => ({ table: 'rewards', row })
const snapshot = (name: string, seq: number, bytes: readonly number[]): LogRow => ({
  table: 'snapshots',
  row: { name, at: START, seq, bytes: Uint8Array.from(bytes) },
})
const all = async (store: Store, table: LogRow['table']) =>
  (await store.rows(table, { after: 0, limit: 100 })).rows.map(({ row }) => row)

/** `open` gives an empty store. */
export function describeLearning(name: string, open: () => Promise<Store>): void {
  describe(`learning: ${name}`, () => {
    async function opened(...appends: LogRow[][]): Promise<Store> {
      const store = await open()
      for (const rows of appends) await store.append(rows)
      return store
    }

    test('keeps the first reward of a decision, with its lesson bit for bit, in the order of writing', async () => {
      const features = Float64Array.from([0.1, -1 / 3, 1e-300])
      const taught = rewardOf('b', { lesson: { model: 'm', features: features.subarray(0, 3), predicted: 0.1 + 0.2 } })
      const plain = rewardOf('a', { policy: 'p', costUsd: 0.002, source: 'implicit', propensity: 0 })
      const store = await opened([rewarded(taught)], [rewarded(plain)])
      await store.append([rewarded(rewardOf('b', { quality: 0 })), rewarded(rewardOf('c'))])
      expect(await all(store, 'rewards')).toEqual([taught, plain, rewardOf('c')])
    })

    test('sums up what explored requests have cost by route, since a moment', async () => {
      const store = await opened(
        [decided('1'), ended('1', { costUsd: 0.25 })],
        [decided('2'), ended('2', { costUsd: 0.5 })],
        [decided('other', { route: 'code' }), ended('other', { costUsd: 1 })],
        [decided('not explored', { explored: false }), ended('not explored', { costUsd: 8 })],
        [decided('named', { route: null }), ended('named', { costUsd: 8 })],
        [decided('yesterday', { at: START - 1 }), ended('yesterday', { costUsd: 8 })],
        [decided('unknown'), ended('unknown', { costUsd: null })],
        [decided('open')],
      )
      expect(await store.explored(START)).toEqual(
        new Map([
          ['auto', 0.75],
          ['code', 1],
        ]),
      )
      expect(await store.explored(START + 1)).toEqual(new Map())
    })

    test('finds what is not settled by its outcome, once, up to the first that is too young', async () => {
      const store = await opened(
        [decided('due'), ended('due')],
        [decided('settled'), ended('settled'), rewarded(rewardOf('settled'))],
        [decided('named', { route: null }), ended('named')],
        [ended('lost')],
        [decided('second'), ended('second')],
        [decided('young'), ended('young', { at: START + 10 })],
        [decided('after'), ended('after')],
      )
      const look = async (after: number, until: number, limit = 100, scored = false) => {
        const { records, next } = await store.unsettled({ after, until, limit, scored })
        return { ids: records.map(({ decision }) => decision.id), next }
      }
      const first = await look(0, START)
      expect(first.ids).toEqual(['due', 'second'])
      expect(await look(first.next!, START)).toEqual({ ids: [], next: null })
      expect((await look(first.next!, START + 10)).ids).toEqual(['young', 'after'])
      // By page: every outcome is looked at once, whether or not anything is to be settled.
      const found: string[] = []
      for (let after = 0, pages = 0; ; pages++) {
        const page = await look(after, START + 10, 2)
        if (page.next === null) {
          expect(pages).toBe(4)
          break
        }
        found.push(...page.ids)
        after = page.next
      }
      expect(found).toEqual(['due', 'second', 'young', 'after'])
      const [record] = (await store.unsettled({ after: 0, until: START, limit: 1, scored: false })).records
      expect(record?.outcome?.decision).toBe('due')
      const score = { decision: 'second', principal: 'ann', source: 'user', value: 1, at: START } as const
      await store.append([{ table: 'feedback', row: score }])
      expect((await look(0, START + 10, 100, true)).ids).toEqual(['second'])
    })

    test('keeps the newest snapshot of a name', async () => {
      const store = await opened([snapshot('a', 3, [1, 2, 255]), snapshot('b', 4, [])], [snapshot('a', 9, [7])])
      expect(await store.snapshot('a')).toEqual({ name: 'a', at: START, seq: 9, bytes: Uint8Array.of(7) })
      expect(await store.snapshot('b')).toEqual({ name: 'b', at: START, seq: 4, bytes: new Uint8Array(0) })
      expect(await store.snapshot('c')).toBeNull()
      expect(await all(store, 'snapshots')).toHaveLength(2)
    })

    test('deletes rewards with their decisions, and keeps snapshots', async () => {
      const store = await opened(
        [decided('old'), ended('old'), rewarded(rewardOf('old')), snapshot('a', 1, [1])],
        [decided('new', { at: START + 5 * DAY }), rewarded(rewardOf('new'))],
      )
      await store.maintain({ now: START + 5 * DAY, keepDays: 2 })
      expect(await all(store, 'rewards')).toEqual([rewardOf('new')])
      // Numbers go on: who had read up to the deleted one misses nothing.
      expect((await store.rows('rewards', { after: 1, limit: 10 })).rows).toHaveLength(1)
      expect(await store.snapshot('a')).not.toBeNull()
    })

    test('keeps a reward for an hour, however old its decision: whoever learns may not have read it yet', async () => {
      const now = START + 5 * DAY
      const late = rewardOf('late', { at: now - HOUR + 1 })
      const store = await opened([decided('old'), rewarded(rewardOf('old'))], [decided('late'), rewarded(late)])
      expect(await store.maintain({ now, keepDays: 2 })).toEqual({ deleted: 1, more: false })
      expect(await all(store, 'rewards')).toEqual([late])
      expect((await store.decision('late'))?.decision.id).toBe('late')
      expect(await store.maintain({ now: now + 1, keepDays: 2 })).toEqual({ deleted: 1, more: false })
      expect(await all(store, 'rewards')).toEqual([])
    })
  })
}
