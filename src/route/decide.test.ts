import fc from 'fast-check'
import { expect, it } from 'vitest'
import { constant } from '../../routers/estimators/constant.ts'
import { utility } from '../../routers/planners/utility.ts'
import type { Estimator, Planner } from '../spec.ts'
import { decide, type RoutePolicy } from './decide.ts'
import { candidate, costing, query } from './fixture.ts'
import { PRIORS_ALONE } from './guard.ts'
import { lambdaLevels } from './lambda.ts'
import { priorQuality } from './priors.ts'

const pool = [costing('small', 0.0001), costing('middle', 0.001), costing('large', 0.02)]
const empty = { queries: [], candidates: [], quality: new Float64Array(0), outputTokens: new Float64Array(0) }
/** The first day: no training data. */
const dayOne: RoutePolicy = {
  estimator: constant.load(
    constant.fit(empty, constant.defaults, () => 0),
    [],
  ),
  planner: utility.load({}),
  guard: PRIORS_ALONE,
  candidates: [],
}
const levels = lambdaLevels(pool, priorQuality(pool))
const at = (lambda: number, limits = {}) => ({ lambda, limits })
const random = () => 0.5

function chosen(
  lambda: number,
  options: { asked?: Parameters<typeof query>[0]; policy?: RoutePolicy; limits?: object } = {},
) {
  const { asked, policy = dayOne, limits } = options
  const decided = decide({ query: query(asked), candidates: pool, policy, preference: at(lambda, limits), random })
  return decided.candidates[decided.plan.arm]!.id
}

it('gives three answers to best, auto and cheap on the first day, and the same for every query', () => {
  const length = fc.record({
    inputTokens: fc.integer({ min: 0, max: 7000 }),
    maxOutputTokens: fc.integer({ min: 1, max: 1000 }),
  })
  fc.assert(
    fc.property(length, (asked) => {
      const ids = [levels.best, levels.auto, levels.cheap].map((lambda) => chosen(lambda, { asked }))
      expect(ids).toEqual(['large', 'middle', 'small'])
    }),
  )
  expect(chosen(Number.POSITIVE_INFINITY)).toBe('small')
})

it('holds limits against the own length of a query, also where the constant decides', () => {
  const limits = { maxCostUsd: 0.03 }
  expect(chosen(0, { limits })).toBe('large')
  expect(chosen(0, { limits, asked: { inputTokens: 5000 } })).toBe('middle')
  expect(chosen(0, { limits, asked: { inputTokens: 5000, maxOutputTokens: 1 } })).toBe('middle')
  expect(chosen(0, { limits: { maxCostUsd: 0.018 }, asked: { maxOutputTokens: 1 } })).toBe('large')
})

it('applies limits before preference, and says which limit excluded whom', () => {
  const { candidates, considered } = decide({
    query: query(),
    candidates: [...pool, candidate('unpriced', null), costing('tiny', 0.0001, { contextWindow: 100 })],
    policy: dayOne,
    preference: at(0, { maxCostUsd: 0.005 }),
    random,
  })
  expect(candidates.map(({ id }) => id)).toEqual(['small', 'middle'])
  expect(considered.excluded.map((exclusion) => exclusion.candidate)).toEqual(['tiny', 'large', 'unpriced'])
})

it('prices what the answer may be at most, as far as the guard trusts the policy', () => {
  const sure = (estimator: Estimator): Estimator => ({
    ...estimator,
    estimate: (asked, candidates) => ({ ...estimator.estimate(asked, candidates), support: 1 }),
  })
  const cost = (asked: Parameters<typeof query>[0], shrink = 1) => {
    const policy = { ...dayOne, estimator: sure(dayOne.estimator), guard: { ...PRIORS_ALONE, shrink } }
    return decide({ query: query(asked), candidates: pool, policy, preference: at(0), random }).considered.costUsd[2]!
  }
  expect(cost({ maxOutputTokens: 1 }, 0)).toBeCloseTo(0.02, 12)
  expect(cost({ maxOutputTokens: 1 }, 0.5)).toBeCloseTo((0.02 + (0.02 * 1001) / 1300) / 2, 9)
  expect(cost({})).toBeCloseTo(0.02, 9)
  expect(cost({ maxOutputTokens: 1 })).toBeCloseTo((0.02 * 1001) / 1300, 9)
})

it('expects of every candidate what this very query costs it, also where candidates are compared by a typical one', () => {
  const asked = { inputTokens: 5000, maxOutputTokens: 1 }
  const { candidates, expectedUsd, considered } = decide({
    query: query(asked),
    candidates: pool,
    policy: dayOne,
    preference: at(0, { maxCostUsd: 0.08 }),
    random,
  })
  for (const [arm, { price }] of candidates.entries()) {
    expect(expectedUsd[arm]).toBeCloseTo((price!.inputPerMTok * 5000 + price!.outputPerMTok) / 1e6, 12)
    expect(considered.costUsd[arm]).not.toBeCloseTo(expectedUsd[arm]!, 4)
  }
})

it('follows a guarded estimate where it is supported, and the constant elsewhere', () => {
  const confident = (support: number): Estimator => ({
    name: 'confident',
    estimate: (_, candidates) => ({
      quality: Float64Array.from(candidates, ({ id }) => (id === 'small' ? 1 : 0)),
      qualityStd: new Float64Array(candidates.length),
      outputTokens: new Float64Array(candidates.length).fill(300),
      support,
      neighbours: [
        { row: 1, similarity: 0.9 },
        { row: 5, similarity: 0.8 },
      ],
    }),
  })
  const guard = { shrink: 0.9, minSupport: 0.3, quality: [0.5, 0.6, 0.8], outputTokens: [300, 300, 300], evidence: {} }
  const policy = (support: number): RoutePolicy => ({
    estimator: confident(support),
    planner: utility.load({}),
    guard,
    candidates: ['small', 'middle', 'large'],
    labels: ['first', 'second'],
  })
  expect(chosen(0, { policy: policy(1) })).toBe('small')
  expect(chosen(0, { policy: policy(0.2) })).toBe('large')
  const { considered } = decide({ query: query(), candidates: pool, policy: policy(1), preference: at(0), random })
  expect(considered.guard).toEqual({ shrink: 0.9, minSupport: 0.3, factor: 0.9 })
  const unsure = decide({ query: query(), candidates: pool, policy: policy(0.2), preference: at(0), random })
  expect(unsure.considered).toMatchObject({ support: 0.2, guard: { factor: 0 }, quality: [0.5, 0.6, 0.8] })
  expect(considered.neighbours).toEqual([
    { row: 1, similarity: 0.9, label: 'second' },
    { row: 5, similarity: 0.8 },
  ])
})

it('explains in numbers that JSON can carry', () => {
  for (const lambda of [0, 50, Number.POSITIVE_INFINITY]) {
    const { considered } = decide({
      query: query(),
      candidates: [...pool, candidate('unpriced', null)],
      policy: dayOne,
      preference: at(lambda),
      random,
    })
    expect(JSON.parse(JSON.stringify(considered))).toEqual(considered)
    expect(considered.costUsd[3]).toBeNull()
    expect(considered.utility[3]).toBe(lambda === 0 ? 0.7 : null)
  }
})

it('says where answers are judged before one is sent', () => {
  const single = dayOne.planner
  const cascade: Planner = {
    name: 'cascade',
    plan: (...asked) => ({
      ...single.plan(...asked),
      kind: 'cascade',
      maxLatencyMs: 1000,
      judge: ([first]) => ({ kind: 'accept', arm: first!.arm, chance: 1, reason: 'it came' }),
    }),
  }
  const consideredBy = (planner: Planner) =>
    decide({ query: query(), candidates: pool, policy: { ...dayOne, planner }, preference: at(0), random }).considered
  expect(consideredBy(cascade).cascade).toBe(true)
  expect(consideredBy(single)).not.toHaveProperty('cascade')
})

it('refuses when nobody may answer', () => {
  const refusal =
    (asked: Parameters<typeof query>[0], limits = {}) =>
    () =>
      chosen(0, { asked, limits })
  expect(refusal({ inputTokens: 9000 })).toThrow(expect.objectContaining({ code: 'context_length_exceeded' }))
  expect(refusal({ requires: new Set(['vision']) })).toThrow(expect.objectContaining({ code: 'no_feasible_candidate' }))
  expect(refusal({}, { minQuality: 0.95 })).toThrow(/min_quality/)
})
