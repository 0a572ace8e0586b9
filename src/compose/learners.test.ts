import { describe, expect, it } from 'vitest'
import { sampleDecision } from '../log/contract.ts'
import { createMemoryStore } from '../log/memory.ts'
import type { Reward } from '../spec.ts'
import { createLocalLearners, type Recipe } from './learners.ts'
import { constantPolicy, routerOf } from './policy.ts'
import { recipesOf } from './recipes.ts'

const recipeOf = (policy: string | null): Recipe => ({
  route: 'auto',
  policy,
  keyShare: 1,
  features: 1,
  dim: 0,
  forgetting: 1,
})
const rewarded = (decision: string, policy: string | null, model: string): { table: 'rewards'; row: Reward } => ({
  table: 'rewards',
  row: {
    decision,
    at: 0,
    tenant: 'ann',
    route: 'auto',
    policy,
    candidate: 'small',
    source: 'user',
    quality: 1,
    costUsd: null,
    lambda: 1,
    propensity: 1,
    lesson: { model, features: Float64Array.of(1), predicted: 0.5 },
  },
})

it('a new policy begins with nothing learned; one that comes back knows what it knew, and what it was told meanwhile', async () => {
  const store = createMemoryStore()
  const learners = createLocalLearners(store, () => 0)
  await learners.serve([recipeOf(null)])
  const constant = learners.find('auto', null)!
  await store.append([rewarded('1', null, constant.id), rewarded('2', null, constant.id)])
  await learners.follow()
  expect(constant.lessons).toBe(2)

  await learners.serve([recipeOf('p')])
  expect(learners.find('auto', 'p')?.lessons).toBe(0)
  expect(learners.find('auto', null)).toBeUndefined()
  await store.append([rewarded('3', 'p', constant.id), rewarded('late', null, constant.id)])
  await learners.follow()
  expect(learners.find('auto', 'p')?.lessons).toBe(1)

  await learners.serve([recipeOf(null), recipeOf('p')])
  expect([learners.find('auto', null)?.lessons, learners.find('auto', 'p')?.lessons]).toEqual([3, 1])
  expect(learners.find('code', null)).toBeUndefined()
})

it('keeps what a policy has learned when it retires: its rewards may be deleted before it comes back', async () => {
  const DAY = 86_400_000
  const store = createMemoryStore()
  const learners = createLocalLearners(store, () => 0)
  await learners.serve([recipeOf('p')])
  const { id: model } = learners.find('auto', 'p')!
  const write = (id: string) =>
    store.append([{ table: 'decisions', row: sampleDecision(id, { at: 0 }) }, rewarded(id, 'p', model)])
  await write('1')
  await learners.keep()
  await write('2')
  await learners.serve([recipeOf('q')])
  await learners.keep()
  await store.maintain({ now: 3 * DAY, keepDays: 1 })
  expect((await store.rows('rewards', { after: 0, limit: 9 })).rows).toEqual([])

  await learners.serve([recipeOf('p')])
  expect(learners.find('auto', 'p')?.lessons).toBe(2)
})

it('what serves is the same model for as long as it is asked for', async () => {
  const learners = createLocalLearners(createMemoryStore(), () => 0)
  await learners.serve([recipeOf(null)])
  const before = learners.find('auto', null)
  await learners.serve([recipeOf(null), recipeOf('p')])
  expect(learners.find('auto', null)).toBe(before)
  await learners.serve([{ ...recipeOf(null), forgetting: 0.9 }])
  expect(learners.find('auto', null)).not.toBe(before)
})

describe('a route learns online', () => {
  const settings = (preset: string) => ({
    name: 'auto',
    router: { preset },
    candidates: ['small'],
    lambda: {},
    limits: {},
    exploration: { maxLoss: 0.2 },
  })
  const learning = { reward: { signals: {}, waitMs: 1, keyShare: 0.5 }, forgetting: 0.99 }
  const recipes = (preset: string, active: string | null) => {
    const policy = active === null ? null : constantPolicy(routerOf({ preset: active }))
    const shelf = { active: () => policy && { id: 'p', value: { policy, notes: [] } } }
    return recipesOf({ routes: [settings(preset)], learning }, shelf, { dim: 4 })
  }

  it('by its own planner before any policy is promoted, by that of the policy afterwards', () => {
    expect(recipes('cost-aware', null)).toEqual([])
    expect(recipes('bandit', null)).toMatchObject([
      { route: 'auto', policy: null, dim: 4, keyShare: 0.5, forgetting: 0.99 },
    ])
    expect(recipes('bandit', 'knn')).toEqual([])
    expect(recipes('knn', 'bandit')).toMatchObject([{ policy: 'p' }])
  })
})
