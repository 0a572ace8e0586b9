import { describe, expect, it } from 'vitest'
import { plantedSet, seeded } from '../../routers/fixtures.ts'
import { findEstimator, findPlanner, planners } from '../../routers/index.ts'
import { FEATURES } from '../embed/features.ts'
import { decodePolicy, encodePolicy } from '../policy/file.ts'
import { decide } from '../route/decide.ts'
import { costing, query } from '../route/fixture.ts'
import type { JsonObject } from '../spec.ts'
import { fitPolicy } from '../train/fit.ts'
import type { OutcomeSet } from '../train/outcomes.ts'
import { compilePolicy, constantPolicy, routerOf } from './policy.ts'

it('the policy of the first day chooses alike for short and long requests, at any λ', () => {
  const policy = constantPolicy(routerOf({ preset: 'cost-aware' }))
  const candidates = [costing('small', 0.0001), costing('middle', 0.001), costing('large', 0.02)]
  const chosen = (lambda: number, asked: Parameters<typeof query>[0]) => {
    const decided = decide({
      query: query(asked),
      candidates,
      policy,
      preference: { lambda, limits: {} },
      random: () => 0,
    })
    expect(decided.considered.guard.factor).toBe(0)
    return decided.candidates[decided.plan.arm]!.id
  }
  for (const lambda of [0, 5, 20, 100, 1000, 1e5]) {
    const short = chosen(lambda, { inputTokens: 1, maxOutputTokens: 1 })
    expect(chosen(lambda, { inputTokens: 7000 })).toBe(short)
  }
})

describe('a policy file', () => {
  const planted = plantedSet(150, seeded(1))
  const candidates = planted.candidates
  const ids = candidates.map(({ id }) => id)
  const set: OutcomeSet = {
    name: 'planted',
    queries: planted.queries.map((_, i) => ({ id: `q${i}`, task: '', split: 'train', prompt: `prompt ${i}` })),
    candidates,
    quality: planted.quality,
    outputTokens: planted.outputTokens,
    costUsd: planted.outputTokens.map((tokens, i) => (tokens * candidates[i % ids.length]!.price!.outputPerMTok) / 1e6),
    inputTokens: new Float64Array(planted.quality.length).fill(500),
    latencyMs: new Float64Array(planted.quality.length).fill(Number.NaN),
    duplicates: [],
    sha256: 'a'.repeat(64),
  }
  const OPTIONS: Readonly<Record<string, JsonObject>> = {
    utility: {},
    budget: { usdPerThousand: 0.3 },
    threshold: { strong: ids.at(-1)!, weak: ids[0]!, share: 0.3 },
    hedge: { chance: 0.8 },
    balance: { quotas: { [ids[0]!]: 0.4 } },
    'category-map': { usdPerThousand: 0.3 },
    'epsilon-greedy': { epsilon: 0.2 },
  }
  const trained = (planner: string) =>
    fitPolicy({
      set,
      rows: planted.queries.map((_, row) => row),
      queries: planted.queries,
      family: findEstimator('constant'),
      planner: findPlanner(planner),
      plannerOptions: OPTIONS[planner]!,
      judge: findPlanner('utility').load({}),
      encoder: null,
      random: seeded(2),
      createdAt: '2026-01-01T00:00:00.000Z',
    })
  const installation = { encoder: null, features: FEATURES, candidates: ids }

  const fitted = planners.filter(({ needs }) => needs !== 'answers')
  it.each(fitted.map(({ name }) => name))('with the planner %s serves what it was fitted to', async (name) => {
    const { manifest, state } = trained(name)
    const { policy } = compilePolicy(await decodePolicy(encodePolicy(manifest, state)), installation)
    const random = seeded(3)
    const plans = planted.queries.map(
      (query) => decide({ query, candidates, policy, preference: { lambda: 50, limits: {} }, random }).plan,
    )
    expect(policy.planner.name).toBe(name)
    const share = (arm: number) => plans.filter((plan) => plan.arm === arm).length / plans.length
    if (name === 'threshold') expect(Math.abs(share(ids.length - 1) - 0.3)).toBeLessThan(0.1)
    if (name === 'balance') expect(Math.abs(share(0) - 0.4)).toBeLessThan(0.1)
    if (name === 'budget') {
      const spent = plans.reduce((sum, { arm }, row) => sum + set.costUsd[row * ids.length + arm]!, 0)
      expect(Math.abs(((1000 * spent) / plans.length - 0.3) / 0.3)).toBeLessThan(0.2)
    }
  })

  it('without a version of its planner is of version 1, and with another is refused', async () => {
    const { manifest, state } = trained('utility')
    const load = async (planner: { name: string; version?: number; options: JsonObject }) =>
      compilePolicy(await decodePolicy(encodePolicy({ ...manifest, planner }, state)), installation).policy
    expect((await load({ name: 'utility', options: {} })).planner.name).toBe('utility')
    await expect(load({ name: 'utility', version: 2, options: {} })).rejects.toThrow(
      /version 2 of the planner "utility"/,
    )
  })

  it('with parameters that cannot be loaded is unfit, not a failure of the gateway', async () => {
    const { manifest, state } = trained('utility')
    const planner = { name: 'hedge', version: findPlanner('hedge').version, options: { chance: 2 } }
    const policy = await decodePolicy(encodePolicy({ ...manifest, planner }, state))
    expect(() => compilePolicy(policy, installation)).toThrow(
      expect.objectContaining({ code: 'policy_unfit', message: expect.stringContaining('cannot be loaded') }),
    )
  })
})
