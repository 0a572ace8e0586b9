import { expect, it } from 'vitest'
import { findEstimator, findPlanner } from '../../../routers/index.ts'
import type { RoutePolicy } from '../../route/decide.ts'
import { costing, query } from '../../route/fixture.ts'
import { PRIORS_ALONE } from '../../route/guard.ts'
import type { Planner } from '../../spec.ts'
import type { LoggedRequest } from './request.ts'
import { createTarget } from './target.ts'

const family = findEstimator('constant')
const nothing = { queries: [], candidates: [], quality: new Float64Array(0), outputTokens: new Float64Array(0) }
const policyOf = (planner: Planner): RoutePolicy => ({
  estimator: family.load(
    family.fit(nothing, family.defaults, () => 0),
    [],
  ),
  planner,
  guard: PRIORS_ALONE,
  candidates: [],
})
const utility = findPlanner('utility').load({})
/** Prior quality rises with the price. */
const candidates = [costing('small', 0.0001), costing('middle', 0.001), costing('large', 0.02)]

const request = (feasible: readonly string[], lambda = 0): LoggedRequest => ({
  arm: 0,
  query: query(),
  decision: {
    lambda,
    considered: { candidates: feasible, chances: feasible.map(() => 1 / feasible.length) },
    query: { hash: 'h' },
  },
  worth: { quality: 1 },
  outcome: { costUsd: 0 },
})

it('is certain of what a policy that draws nothing asks, at the λ of the request and among those who were feasible', () => {
  const chancesOn = createTarget(policyOf(utility), { candidates })
  expect(chancesOn(request(['large', 'small', 'middle']))).toEqual([1, 0, 0])
  expect(chancesOn(request(['large', 'small', 'middle'], 1e6))).toEqual([0, 1, 0])
  expect(chancesOn(request(['small', 'middle']))).toEqual([0, 1])
})

it('has the chances of one that draws, within what the route lets it explore', () => {
  const greedy = policyOf(findPlanner('epsilon-greedy').load({ epsilon: 0.3 }))
  const feasible = request(['small', 'middle', 'large'])
  const rounded = (chances: readonly number[]) => chances.map((chance) => Number(chance.toFixed(9)))
  expect(rounded(createTarget(greedy, { candidates })(feasible))).toEqual([0.1, 0.1, 0.8])
  // Prior qualities are 0.5, 0.7 and 0.9.
  const held = createTarget(greedy, { candidates, exploration: { allowed: true, maxLoss: 0.25 } })
  expect(rounded(held(feasible))[0]).toBe(0)
})

it('gives nothing to a candidate that the route no longer has', () => {
  const chancesOn = createTarget(policyOf(utility), { candidates })
  expect(chancesOn(request(['gone', 'middle', 'small']))).toEqual([0, 1, 0])
  expect(chancesOn(request(['gone']))).toEqual([0])
})

it('asks nobody whether a long request fits: those that were feasible then are', () => {
  const chancesOn = createTarget(policyOf(utility), {
    candidates: candidates.map((one) => ({ ...one, contextWindow: 10 })),
  })
  expect(chancesOn(request(['small', 'large']))).toEqual([0, 1])
})

it('takes what was logged as it was', () => {
  expect(createTarget('logged', { candidates })(request(['small', 'gone']))).toEqual([0.5, 0.5])
})

it('refuses a policy that judges answers', () => {
  const cascade: Planner = {
    name: 'cascade',
    plan: (...asked) => ({
      ...utility.plan(...asked),
      kind: 'cascade',
      maxLatencyMs: 1,
      judge: () => ({ kind: 'accept', arm: 0, chance: 1, reason: '' }),
    }),
  }
  expect(() => createTarget(policyOf(cascade), { candidates })(request(['small', 'large']))).toThrow(
    expect.objectContaining({ code: 'policy_unfit' }),
  )
})
