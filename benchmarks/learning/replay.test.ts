import { describe, expect, it } from 'vitest'
import { candidatesOf, queryOf, seeded } from '../../routers/fixtures.ts'
import { findPlanner } from '../../routers/index.ts'
import { constantPolicy } from '../../src/compose/policy.ts'
import { FEATURES } from '../../src/embed/features.ts'
import { withPriors } from '../../src/route/priors.ts'
import type { Candidate, Planner, Priced } from '../../src/spec.ts'
import { type LearnerSpec, type ReplayOptions, replay } from './replay.ts'
import type { Phase, Scenario, World } from './scenario.ts'

const ROUNDS = 40
const CHANGE = ROUNDS / 2
const random = seeded(1)
const queries = Array.from({ length: ROUNDS }, () => queryOf(random, { features: FEATURES.length }))
const three = withPriors(candidatesOf(3))

/** Each candidate as good on every query. */
function phaseOf(candidates: readonly Candidate[], quality: readonly number[]): Phase {
  const rows = (values: readonly number[]) => queries.map(() => Float64Array.from(values))
  return { candidates, quality: rows(quality), costUsd: rows(quality.map(() => 0)) }
}

const whole = phaseOf(three, [0.3, 0.4, 0.8])
const constant = constantPolicy({ estimator: 'linear', planner: 'utility', plannerOptions: {} })

/** What the planner was told in every round. */
function told(sees: LearnerSpec['sees'], options: Partial<ReplayOptions> = {}, [before, after] = [whole, whole]) {
  const scenario: Scenario = { name: 'stationary', before, after, policies: { learned: constant, none: constant } }
  const world: World = { set: '', queries, lambda: 0, star: 'model-0', scenario: () => scenario }
  const known: Priced[] = []
  const utility = findPlanner('utility').load({})
  const planner: Planner = {
    ...utility,
    plan(query, candidates, priced, preference, draw) {
      known.push(priced)
      return utility.plan(query, candidates, priced, preference, draw)
    },
  }
  const rest = { seed: 1, rounds: ROUNDS, forgetting: 1, maxLoss: 1, delay: 0, scored: 1, ...options }
  replay(world, scenario, { name: '', prior: 'none', planner, sees }, rest)
  return known
}

const lessonsOf = (known: readonly Priced[]) => known.map(({ lessons }) => lessons)
const rounds = Array.from({ length: ROUNDS }, (_, t) => t)

describe('a replay', () => {
  it('learns an outcome once so many more requests were decided', () => {
    expect(lessonsOf(told('asked'))).toEqual(rounds)
    expect(lessonsOf(told('asked', { delay: 3 }))).toEqual(rounds.map((t) => Math.max(0, t - 3)))
    expect(lessonsOf(told('nothing', { delay: 3 }))).toEqual(rounds.map(() => undefined))
  })

  it('learns of a share of the requests, of the same ones whoever learns and however late', () => {
    const learned = lessonsOf(told('asked', { scored: 0.3 }))
    expect(learned.at(-1)).toBeGreaterThan(0.1 * ROUNDS)
    expect(learned.at(-1)).toBeLessThan(0.5 * ROUNDS)
    expect(lessonsOf(told('all', { scored: 0.3 }))).toEqual(learned.map((count) => three.length * count!))
    expect(lessonsOf(told('asked', { scored: 0.3, delay: 5 }))).toEqual(
      rounds.map((t) => (t < 5 ? 0 : learned[t - 5]!)),
    )
    expect(lessonsOf(told('asked', { scored: 0.3, seed: 2 }))).not.toEqual(learned)
    expect(new Set(lessonsOf(told('all', { scored: 0 })))).toEqual(new Set([0]))
  })

  it('forgets by the request, however many outcomes of it are seen', () => {
    const last = (sees: 'asked' | 'all') => told(sees, { forgetting: 0.9 }).at(-1)!
    // Of the one that was always asked both have learned the same, so that what they think of it is the same.
    const best = 2
    expect(last('all').quality[best]).toBeCloseTo(last('asked').quality[best]!, 12)
    expect(last('all').quality[0]).not.toBe(last('asked').quality[0])
  })
})

describe('full information in a world that changes', () => {
  const prior = three.map(({ priors }) => priors!.quality!)

  it('sees what degrades as it is since', () => {
    const known = told('all', { forgetting: 0.9 }, [whole, phaseOf(three, [0.3, 0.4, 0.1])])
    const steady = told('all', { forgetting: 0.9 })
    const star = (of: readonly Priced[], t: number) => of[t]!.quality[2]!
    // At the change nobody knows yet. From there on each round is planned twice, first by what was known at the change.
    expect(star(known, CHANGE + 1)).toBe(star(steady, CHANGE))
    expect(star(known, known.length - 2)).not.toBe(star(known, known.length - 1))
    expect(star(known, known.length - 1)).toBeLessThan(star(steady, ROUNDS - 1) - 0.1)
  })

  it('knows nothing of a newcomer before it is there', () => {
    const known = told('all', {}, [phaseOf(three.slice(0, 2), [0.3, 0.4]), whole])
    expect(known[CHANGE - 1]!.quality).toHaveLength(2)
    expect(known[CHANGE + 1]!.quality[2]).toBe(prior[2])
    expect(known[CHANGE + 1]!.quality[0]).not.toBe(prior[0])
    expect(known.at(-1)!.quality[2]).not.toBe(prior[2])
    expect(known.at(-1)!.lessons).toBe(2 * CHANGE + 3 * (CHANGE - 1))
  })
})
