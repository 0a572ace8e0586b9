/** What every store must do with days that are over, whatever is behind it: run by the tests of each. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decision, Feedback, LogRow, Outcome, Statistics, Store } from '../spec.ts'
import { sampleAttempt, sampleDecision, sampleOutcome } from './contract.ts'
import { createMemoryStore } from './memory.ts'

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
  row: sampleOutcome(decision, changes),
})
const scored = (decision: string, value: number, changes: Partial<Feedback> = {}): LogRow => ({
  table: 'feedback',
  row: { decision, principal: 'p', source: 'user', value, at: START, ...changes },
})
const vector = (hash: string): LogRow => ({
  table: 'embeddings',
  row: { hash, encoder: 'e', vector: Float32Array.of(1, 0), at: START },
})
const asking = (hash: string) => ({ query: { ...sampleDecision('').query, hash } })

/** Sums of floating-point numbers depend on their order. */
const rounded = (all: readonly Statistics[]) =>
  all.map((one) => ({
    ...one,
    costUsd: Math.round(one.costUsd * 1e9) / 1e9,
    latencyMs: Math.round(one.latencyMs * 1e6) / 1e6,
    score: Math.round(one.score * 1e9) / 1e9,
  }))

async function all(store: Store, table: LogRow['table']): Promise<LogRow[]> {
  const found: LogRow[] = []
  for (let after = 0; ; ) {
    const { rows, next } = await store.rows(table, { after, limit: 2 })
    if (next === null) return found
    found.push(...rows)
    after = next
  }
}

/** `open` gives an empty store. */
export function describeMaintenance(name: string, open: () => Promise<Store>): void {
  describe(`maintenance: ${name}`, () => {
    async function opened(...appends: LogRow[][]): Promise<Store> {
      const store = await open()
      for (const rows of appends) await store.append(rows)
      return store
    }

    test('gives rows in the order in which they were written, by page', async () => {
      const store = await opened([decided('b', { at: 2 }), decided('a', { at: 1 })], [decided('c', { at: 3 })])
      const first = await store.rows('decisions', { after: 0, limit: 2 })
      expect(first.rows).toEqual([decided('b', { at: 2 }), decided('a', { at: 1 })])
      const second = await store.rows('decisions', { after: first.next!, limit: 2 })
      expect(second.rows).toEqual([decided('c', { at: 3 })])
      expect(await store.rows('decisions', { after: second.next!, limit: 2 })).toEqual({ rows: [], next: null })
      await store.append([vector('h')])
      expect(await all(store, 'embeddings')).toEqual([vector('h')])
      await store.close()
    })

    test('gives a row again that took the place of one already read, also after everything was deleted', async () => {
      const store = await opened([decided('a'), ended('a', { status: 'unknown' }), scored('a', 0, { at: 5 })])
      const read = {
        outcomes: (await store.rows('outcomes', { after: 0, limit: 9 })).next!,
        feedback: (await store.rows('feedback', { after: 0, limit: 9 })).next!,
      }
      await store.append([ended('a'), scored('a', 1, { at: 6 }), scored('a', 0.5, { at: 4 })])
      const outcomes = await store.rows('outcomes', { after: read.outcomes, limit: 9 })
      const feedback = await store.rows('feedback', { after: read.feedback, limit: 9 })
      expect(outcomes.rows).toEqual([ended('a')])
      expect(feedback.rows).toEqual([scored('a', 1, { at: 6 })])
      await store.maintain({ now: START + 9 * DAY, keepDays: 1 })
      expect(await all(store, 'outcomes')).toEqual([])
      await store.append([decided('b'), ended('b')])
      expect((await store.rows('outcomes', { after: outcomes.next!, limit: 9 })).rows).toEqual([ended('b')])
      await store.close()
    })

    test('knows every activation of a route, newest first', async () => {
      const activate = (route: string, policy: string | null): LogRow => ({
        table: 'policies',
        row: { route, policy, at: 1, reason: 'asked for', share: 1 },
      })
      const store = await opened([activate('a', 'one'), activate('b', 'other'), activate('a', null)])
      await store.append([activate('a', 'two')])
      expect((await store.history('a', 2)).map(({ policy }) => policy)).toEqual(['two', null])
      expect((await store.history('a', 9)).map(({ policy }) => policy)).toEqual(['two', null, 'one'])
      expect(await store.history('nobody', 9)).toEqual([])
      await store.maintain({ now: START + 9 * DAY, keepDays: 1 })
      expect(await store.history('a', 9)).toHaveLength(3)
      await store.close()
    })

    test('closes as unknown what has had no outcome for an hour, until what happened is known', async () => {
      const store = await opened([decided('old'), decided('new', { at: START + 2 }), decided('done'), ended('done')])
      await store.maintain({ now: START + HOUR + 1, keepDays: null })
      expect((await store.decision('old'))?.outcome).toMatchObject({
        status: 'unknown',
        candidate: 'small',
        attempts: 0,
      })
      expect((await store.decision('new'))?.outcome).toBeNull()
      expect((await store.decision('done'))?.outcome).toEqual(sampleOutcome('done'))
      await store.append([ended('old')])
      expect((await store.decision('old'))?.outcome).toEqual(sampleOutcome('old'))
      await store.maintain({ now: START + HOUR + 2, keepDays: null })
      expect((await store.decision('new'))?.outcome?.status).toBe('unknown')
      await store.close()
    })

    test('sums up what requests came to', async () => {
      const other = { usage: null, usageSource: null, costUsd: null, candidate: 'large', status: 'timeout' } as const
      const store = await opened(
        [decided('a'), ended('a'), scored('a', 1), scored('a', 0, { source: 'judge' })],
        [decided('b'), ended('b'), scored('b', 1)],
        [decided('c', { at: START + DAY - 1 }), ended('c', other)],
        [decided('d', { at: START + DAY, tenant: 'ann', route: null })],
      )
      const sample = sampleOutcome('')
      const none = { inputTokens: 0, outputTokens: 0, costUsd: 0, priced: 0, scored: 0, score: 0 }
      const expected = [
        {
          ...{ day: 20_000, tenant: 'default', route: 'auto', candidate: 'large', status: 'timeout' },
          ...{ ...none, requests: 1, latencyMs: sample.latencyMs },
        },
        {
          ...{ day: 20_000, tenant: 'default', route: 'auto', candidate: 'small', status: 'ok', requests: 2 },
          ...{ inputTokens: 62, outputTokens: 80, costUsd: 0.00062, priced: 2, latencyMs: 1282, scored: 2, score: 1.5 },
        },
        {
          ...{ day: 20_001, tenant: 'ann', route: null, candidate: 'small', status: 'unknown' },
          ...{ ...none, requests: 1, latencyMs: 0 },
        },
      ]
      for (const keepDays of [null, null, 1]) {
        expect(rounded(await store.statistics({ since: START }))).toEqual(expected)
        expect(rounded(await store.statistics({ since: START + DAY }))).toEqual(expected.slice(2))
        expect(rounded(await store.statistics({ since: 0, tenant: 'ann' }))).toEqual(expected.slice(2))
        await store.maintain({ now: START + 9 * DAY, keepDays })
      }
      expect(await all(store, 'decisions')).toEqual([])
      expect(rounded(await store.statistics({ since: START }))).toEqual(expected)
      await store.close()
    })

    test('knows what was spent, also of deleted days', async () => {
      const store = await opened(
        [decided('a'), ended('a', { costUsd: 1 })],
        [decided('b', { at: START + DAY + 5 }), ended('b', { costUsd: 2 })],
        [decided('c', { at: START + DAY + 9, tenant: 'ann' }), ended('c', { costUsd: 4 })],
        [decided('d', { at: START + DAY + 9, tenant: 'bob' }), ended('d', { costUsd: null })],
      )
      expect(await store.spent(START + DAY + 6)).toEqual(new Map([['ann', 4]]))
      const both = new Map([
        ['ann', 4],
        ['default', 2],
      ])
      for (const keepDays of [null, null, 1]) {
        expect(await store.spent(START + DAY)).toEqual(both)
        expect(await store.spent(START)).toEqual(new Map([...both, ['default', 3]]))
        await store.maintain({ now: START + 9 * DAY, keepDays })
      }
      expect(await store.spent(START)).toEqual(new Map([...both, ['default', 3]]))
      await store.close()
    })

    test('deletes old days with all that belongs to them, and no vector that is still referred to', async () => {
      const store = await opened(
        [
          decided('old', asking('both')),
          { table: 'attempts', row: sampleAttempt('old') },
          ended('old'),
          scored('old', 1),
        ],
        [decided('older', asking('gone')), vector('gone'), vector('both'), vector('never')],
        [decided('kept', { at: START + DAY, ...asking('both') }), ended('kept')],
      )
      expect(await store.maintain({ now: START + 3 * DAY, keepDays: 3 })).toEqual({ deleted: 0, more: false })
      expect(await store.maintain({ now: START + 3 * DAY, keepDays: 2 })).toEqual({ deleted: 2, more: false })
      expect(await all(store, 'decisions')).toEqual([decided('kept', { at: START + DAY, ...asking('both') })])
      expect(await all(store, 'outcomes')).toEqual([ended('kept')])
      expect([...(await all(store, 'attempts')), ...(await all(store, 'feedback'))]).toEqual([])
      expect(await store.embedding('gone', 'e')).toBeNull()
      expect(await store.embedding('both', 'e')).not.toBeNull()
      await store.close()
    })

    test('loses and doubles nothing, whatever comes late and whenever days are summed up and deleted', {
      timeout: 120_000,
    }, async () => {
      const step = fc.oneof(
        { weight: 4, arbitrary: fc.record({ do: fc.constant('decide' as const), day: fc.nat(4), tenant: fc.nat(1) }) },
        { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat() }) },
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constant('score' as const),
            which: fc.nat(),
            value: fc.integer({ min: 0, max: 4 }),
          }),
        },
        {
          weight: 2,
          arbitrary: fc.record({
            do: fc.constant('maintain' as const),
            day: fc.nat(6),
            keepDays: fc.option(fc.integer({ min: 1, max: 4 })),
            twice: fc.boolean(),
          }),
        },
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 24, size: 'max' }), async (steps) => {
          // What it must come to: the same rows where nothing is ever deleted.
          const [store, model] = [await open(), createMemoryStore()]
          let decisions = 0
          let time = 0
          async function append(rows: LogRow[]): Promise<void> {
            await store.append(rows)
            await model.append(rows)
          }
          /** Nothing is said of a decision that is deleted: the flow does not find it. */
          async function find(which: number) {
            const id = `${which % Math.max(1, decisions)}`
            return (await store.decision(id)) && id
          }
          async function compare(): Promise<void> {
            expect(rounded(await store.statistics({ since: 0 }))).toEqual(rounded(await model.statistics({ since: 0 })))
            const [found, wanted] = [await store.spent(START + DAY), await model.spent(START + DAY)]
            expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort())
            for (const [tenant, usd] of wanted) expect(found.get(tenant)).toBeCloseTo(usd, 9)
          }
          for (const now of steps) {
            time += 1
            if (now.do === 'decide') {
              await append([decided(`${decisions}`, { at: START + now.day * DAY, tenant: `${now.tenant}` })])
              decisions += 1
            } else if (now.do === 'end') {
              const id = await find(now.which)
              const known = id === null ? undefined : (await store.decision(id))?.outcome
              if (id !== null && (!known || known.status === 'unknown')) await append([ended(id, { costUsd: time })])
            } else if (now.do === 'score') {
              const id = await find(now.which)
              if (id !== null) await append([scored(id, now.value / 4, { at: time })])
            } else {
              const when = { now: START + now.day * DAY, keepDays: now.keepDays }
              await Promise.all([store.maintain(when), now.twice ? store.maintain(when) : undefined])
              await model.maintain({ ...when, keepDays: null })
              await compare()
            }
          }
          await store.maintain({ now: START + 9 * DAY, keepDays: 1 })
          await model.maintain({ now: START + 9 * DAY, keepDays: null })
          await compare()
          expect(await all(store, 'decisions')).toEqual([])
          await store.close()
        }),
        { numRuns: 15 },
      )
    })
  })
}
