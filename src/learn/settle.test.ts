import { expect, it } from 'vitest'
import { createOnlineModel } from '../../routers/online/residual.ts'
import { sampleDecision, sampleOutcome } from '../log/contract.ts'
import { createMemoryStore } from '../log/memory.ts'
import type { Considered, Decision, LogRow, Outcome, Reward } from '../spec.ts'
import { type SettleOptions, settle } from './settle.ts'
import { createSweep } from './sweep.ts'

const definition = { signals: { none: 0.75 }, waitMs: 1000 }
const model = createOnlineModel({ features: 2, dim: 4, forgetting: 1 })
const vector = Float32Array.of(0.5, 0.5, -0.5, 0.5)
const sample = sampleDecision('')
const considered: Considered = { ...sample.considered!, offline: [0.4, 0.6], lessons: 3 }
const query: Decision['query'] = { ...sample.query, hash: 'h', features: [0.25, 1], embedded: true }

async function rewardOf(
  decision: Partial<Decision>,
  { score = 1, ...rest }: { score?: number; outcome?: Partial<Outcome> | null; options?: Partial<SettleOptions> } = {},
): Promise<Reward | undefined> {
  const store = createMemoryStore()
  const { outcome = {} } = rest
  const rows: LogRow[] = [
    { table: 'decisions', row: sampleDecision('d', { considered, query, ...decision }) },
    { table: 'embeddings', row: { hash: 'h', encoder: 'e', vector, at: 0 } },
    { table: 'feedback', row: { decision: 'd', principal: 'ann', source: 'user', value: score, at: 1 } },
    ...(outcome ? [{ table: 'outcomes' as const, row: sampleOutcome('d', outcome) }] : []),
  ]
  await store.append(rows)
  const options = { store, definition, encoder: 'e', online: () => model, now: 77, ...rest.options }
  await settle([(await store.decision('d'))!], options)
  const [entry] = (await store.rows('rewards', { after: 0, limit: 10 })).rows
  return entry?.table === 'rewards' ? entry.row : undefined
}

it('writes what a decision was worth, with what is to be learned from it', async () => {
  expect(await rewardOf({}, { score: 0.5, outcome: { costUsd: 0.002 } })).toEqual({
    decision: 'd',
    at: 77,
    tenant: 'default',
    route: 'auto',
    policy: sample.policy,
    candidate: 'small',
    source: 'user',
    quality: 0.5,
    costUsd: 0.002,
    lambda: 12.5,
    propensity: 0.75,
    lesson: {
      model: model.id,
      features: model.encode({
        text: 'whatever',
        vector,
        features: Float64Array.of(0.25, 1),
        inputTokens: 5,
        requires: new Set(),
      }),
      predicted: 0.4,
    },
  })
})

it('is about the candidate that answered; where that is not the one drawn, it has no propensity', async () => {
  const reward = await rewardOf({}, { outcome: { candidate: 'large' } })
  expect(reward).toMatchObject({ candidate: 'large', propensity: 0, lesson: { predicted: 0.6 } })
})

it('has no lesson where nothing learned, nothing learns, or the candidate was not considered', async () => {
  const { offline: _, ...without } = considered
  expect(await rewardOf({ considered: without })).not.toHaveProperty('lesson')
  expect(await rewardOf({}, { options: { online: () => undefined } })).not.toHaveProperty('lesson')
  expect(await rewardOf({}, { outcome: { candidate: 'stranger' } })).not.toHaveProperty('lesson')
  // Of a version that knew fewer features.
  expect(await rewardOf({ query: { ...query, features: [1] } })).not.toHaveProperty('lesson')
})

it('learns from features alone where there was no vector, or it is gone', async () => {
  const none = model.encode({
    text: '',
    vector: null,
    features: Float64Array.of(0.25, 1),
    inputTokens: 1,
    requires: new Set(),
  })
  expect((await rewardOf({ query: { ...query, embedded: false } }))?.lesson?.features).toEqual(none)
  expect((await rewardOf({}, { options: { encoder: null } }))?.lesson?.features).toEqual(none)
  expect((await rewardOf({}, { options: { encoder: 'another' } }))?.lesson?.features).toEqual(none)
})

it('waits for the outcome, and passes over what was not routed', async () => {
  expect(await rewardOf({}, { outcome: null })).toBeUndefined()
  expect(await rewardOf({ route: null, lambda: null, considered: null })).toBeUndefined()
})

it('a sweep settles what nobody scored once its wait is over, and goes on where it was', async () => {
  const store = createMemoryStore()
  const append = (id: string, at: number) =>
    store.append([
      { table: 'decisions', row: sampleDecision(id) },
      { table: 'outcomes', row: sampleOutcome(id, { at, signals: [] }) },
    ])
  const looked: number[] = []
  const start = () =>
    createSweep(
      {
        ...store,
        unsettled: (options) => {
          looked.push(options.after)
          return store.unsettled(options)
        },
      },
      (records, now) => settle(records, { store, definition, encoder: null, online: () => undefined, now }),
    )
  const settled = async () =>
    (await store.rows('rewards', { after: 0, limit: 1000 })).rows.map(({ row }) => 'decision' in row && row.decision)
  const first = start()
  for (let n = 0; n < 450; n++) await append(`d${n}`, 1_000)
  await append('young', 1_001)
  const all = { limit: 1000, ...definition }
  expect(await first.run({ now: 2_000, ...all, limit: 300 })).toBe(true)
  expect(await settled()).toHaveLength(300)
  expect(await first.run({ now: 2_000, ...all })).toBe(false)
  expect(await settled()).toEqual(Array.from({ length: 450 }, (_, n) => `d${n}`))
  await first.keep(0)

  looked.length = 0
  const second = start()
  await second.run({ now: 2_000, ...all })
  expect(looked).toEqual([900]) // What was settled is not looked at again: 450 decisions, 450 outcomes.
  await second.run({ now: 2_001, ...all })
  expect((await settled()).at(-1)).toBe('young')
  expect(await settled()).toHaveLength(451)

  await second.keep(0)
  looked.length = 0
  await first.run({ now: 2_001, ...all })
  await first.keep(0)
  expect([looked, (await store.snapshot('settled'))?.seq]).toEqual([[902], 902]) // Where the second has come, not where the first was.
})
