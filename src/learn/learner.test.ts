import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOnlineModel } from '../../routers/online/residual.ts'
import { sampleDecision } from '../log/contract.ts'
import { createMemoryStore } from '../log/memory.ts'
import type { LogRow, Reward, Store } from '../spec.ts'
import { createFold, type FoldOptions } from './fold.ts'
import { openLearner } from './learner.ts'

const shape = { features: 2, dim: 0, forgetting: 0.99 }
const options: FoldOptions = {
  route: 'auto',
  policy: 'p',
  keyShare: 0.5,
  forgetting: 0.99,
  create: (saved) => createOnlineModel(shape, saved),
}
const { id: model } = createOnlineModel(shape)

function rewardOf(n: number, changes: Partial<Reward> = {}): Reward {
  return {
    decision: `d${n}`,
    at: n,
    tenant: n % 3 === 0 ? 'bob' : 'ann',
    route: 'auto',
    policy: 'p',
    candidate: n % 2 === 0 ? 'small' : 'large',
    source: 'user',
    quality: (n % 5) / 5,
    costUsd: 0.001,
    lambda: 10,
    propensity: 0.5,
    lesson: { model, features: Float64Array.of(Math.sin(n), Math.cos(n)), predicted: 0.5 },
    ...changes,
  }
}

const folded = (rewards: readonly Reward[]) => {
  const fold = createFold(options)
  for (const reward of rewards) fold.take(reward)
  return fold.save()
}

describe('a fold', () => {
  it('learns what each lesson says, at the weight that its key has left', () => {
    const direct = createOnlineModel(shape)
    const fold = createFold(options)
    // ann alone twice, bob joins, ann is one ahead, then has said too much: about 0 but for what was forgotten meanwhile.
    for (const [n, tenant] of ['ann', 'ann', 'bob', 'ann', 'ann'].entries()) fold.take(rewardOf(n, { tenant }))
    for (const n of [0, 1, 2, 3]) {
      const { candidate, lesson, quality } = rewardOf(n)
      direct.learn(candidate, { ...lesson!, weight: 1 }, quality)
    }
    const estimate = {
      quality: Float64Array.of(0.5),
      qualityStd: Float64Array.of(0.1),
      outputTokens: Float64Array.of(1),
      support: 1,
    }
    const query = {
      text: '',
      vector: null,
      features: Float64Array.of(1, 0),
      inputTokens: 1,
      requires: new Set<never>(),
    }
    const small = [{ id: 'small' } as Parameters<typeof direct.correct>[1][number]]
    const said = (from: typeof direct) => from.correct(query, small, estimate).quality[0]!
    expect(fold.lessons).toBe(5)
    expect(Math.abs(said(fold.model) - said(direct))).toBeLessThan(1e-3)
    expect(said(fold.model)).not.toBe(0.5)
  })

  it('passes over other routes, policies and models, and what teaches nothing', () => {
    const { lesson: _, ...plain } = rewardOf(2)
    const others = [
      rewardOf(2, { route: 'code' }),
      rewardOf(2, { policy: null }),
      rewardOf(2, { policy: 'q' }),
      rewardOf(2, { lesson: { model: 'another', features: new Float64Array(9), predicted: 0 } }),
      plain,
    ]
    expect(folded([rewardOf(1), ...others, rewardOf(3)])).toEqual(folded([rewardOf(1), rewardOf(3)]))
  })

  it('is the same bytes wherever it was saved and opened again in between', () => {
    const rewards = Array.from({ length: 40 }, (_, n) => rewardOf(n))
    const whole = folded(rewards)
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(39)), (cuts) => {
        let fold = createFold(options)
        for (const [n, reward] of rewards.entries()) {
          if (cuts.includes(n)) fold = createFold(options, fold.save())
          fold.take(reward)
        }
        expect(fold.save()).toEqual(whole)
      }),
    )
  })
})

describe('a learner', () => {
  const DAY = 86_400_000
  const write = (store: Store, n: number, reward = rewardOf(n)) => {
    const rows: LogRow[] = [
      { table: 'decisions', row: sampleDecision(`d${n}`, { at: n * DAY }) },
      { table: 'rewards', row: reward },
    ]
    return store.append(rows)
  }
  const open = (store: Store) => openLearner('auto', { store, ...options })

  it('knows after every restart what it knew, though what it learned from was deleted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('write', 'follow', 'restart', 'maintain'), { maxLength: 40 }),
        async (steps) => {
          const store = createMemoryStore()
          const written: Reward[] = []
          let learner = await open(store)
          for (const step of steps) {
            if (step === 'write') {
              const reward = rewardOf(written.length)
              written.push(reward)
              await write(store, written.length - 1, reward)
            }
            if (step === 'follow') await learner.follow()
            if (step === 'restart') learner = await open(store)
            if (step === 'maintain') {
              await learner.keep(0)
              await store.maintain({ now: written.length * DAY, keepDays: 2 })
            }
          }
          await learner.follow()
          expect(learner.fold.save()).toEqual(folded(written))
          expect((await open(store)).fold.save()).toEqual(folded(written))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('reads what was written while it was reading, and all of more than one page', async () => {
    const store = createMemoryStore()
    const learner = await open(store)
    const rewards = Array.from({ length: 1200 }, (_, n) => rewardOf(n))
    for (const [n, reward] of rewards.slice(0, 1100).entries()) await write(store, n, reward)
    const reading = learner.follow()
    for (const [n, reward] of rewards.slice(1100).entries()) await write(store, 1100 + n, reward)
    await Promise.all([reading, learner.follow(), learner.follow()])
    expect(learner.fold.lessons).toBe(1200)
    expect(learner.fold.save()).toEqual(folded(rewards))
  })

  it('says that the log cannot be read, and goes on from there once it can', async () => {
    const store = createMemoryStore()
    let broken = false
    const rows: Store['rows'] = async (...args) => {
      if (broken) throw new Error('unreadable')
      return store.rows(...args)
    }
    const learner = await openLearner('auto', { store: { ...store, rows }, ...options })
    await write(store, 1)
    broken = true
    await expect(learner.follow()).rejects.toThrow('unreadable')
    await expect(learner.keep(0)).rejects.toThrow('unreadable')
    broken = false
    await learner.follow()
    expect(learner.fold.lessons).toBe(1)
  })
})
