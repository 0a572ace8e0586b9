import { expect, it } from 'vitest'
import { seeded } from '../../../routers/fixtures.ts'
import { foldOptions, type Recipe, toOnline } from '../../compose/learners.ts'
import { constantPolicy, routerOf } from '../../compose/policy.ts'
import { createFold } from '../../learn/fold.ts'
import { sampleDecision } from '../../log/contract.ts'
import { decide } from '../../route/decide.ts'
import { costing } from '../../route/fixture.ts'
import { withPriors } from '../../route/priors.ts'
import type { Decision, Query, Reward } from '../../spec.ts'
import { decideAgain, type Serving } from './online.ts'

const recipe: Recipe = { route: 'auto', policy: null, keyShare: 0.5, features: 2, dim: 0, forgetting: 0.99 }
const policy = constantPolicy(routerOf({ preset: 'bandit' }))
const candidates = withPriors([costing('small', 0.0001), costing('middle', 0.001), costing('large', 0.02)])
const serving: Serving = { recipe, policy, candidates, exploration: { allowed: true, maxLoss: 1 }, tolerance: 0 }

/** A gateway that answers several requests before it learns of any, so that decisions and lessons run in each other's way. */
function served(): { decisions: Decision[]; rewards: Reward[] } {
  const random = seeded(3)
  const fold = createFold(foldOptions(recipe))
  const decisions: Decision[] = []
  const rewards: Reward[] = []
  for (let n = 0; n < 60; n++) {
    const features = Float64Array.of(random(), random())
    const query: Query = { text: '', vector: null, features, inputTokens: 50, requires: new Set() }
    const {
      considered,
      plan,
      candidates: able,
    } = decide({
      query,
      candidates,
      policy: { ...policy, online: toOnline(() => fold) },
      preference: { lambda: 20, limits: {}, exploration: serving.exploration },
      random,
    })
    const candidate = able[plan.arm]!.id
    const asked = { ...sampleDecision('').query, features: [...features], inputTokens: 50, embedded: false }
    decisions.push(sampleDecision(`d${n}`, { candidate, policy: null, lambda: 20, query: asked, considered }))
    const lesson = { model: fold.model.id, features, predicted: considered.offline![plan.arm]! }
    const quality = candidate === 'small' ? 1 : 0.25
    const { propensity } = plan
    const row = { decision: `d${n}`, at: n, tenant: n % 4 === 0 ? 'bob' : 'ann', route: 'auto', policy: null }
    rewards.push({ ...row, candidate, source: 'user', quality, costUsd: null, lambda: 20, propensity, lesson })
    if (n % 5 === 4) for (const reward of rewards.slice(n - 4)) fold.take(reward)
  }
  return { decisions, rewards }
}

it('makes every decision again from the log, to the last bit', () => {
  const log = { ...served(), vectors: new Map() }
  expect(new Set(log.decisions.map(({ considered }) => considered?.lessons))).toHaveLength(12)
  const stored = structuredClone(log)
  expect(decideAgain(stored, serving)).toEqual(new Map())
  expect(decideAgain({ ...stored, decisions: stored.decisions.toReversed() }, serving)).toEqual(new Map())
})

it('sees that a reward is missing, has changed or has changed its place, and that another policy was told', () => {
  const { decisions, rewards } = structuredClone(served())
  const differing = (changed: readonly Reward[], by = serving) =>
    decideAgain({ decisions, rewards: changed, vectors: new Map() }, by).size
  expect(differing(rewards.toSpliced(7, 1))).toBeGreaterThan(40)
  expect(differing(rewards.with(7, { ...rewards[7]!, quality: 0.875 }))).toBe(50)
  expect(differing(rewards.toSpliced(7, 2, rewards[8]!, rewards[7]!))).toBeGreaterThan(0)
  expect(differing(rewards, { ...serving, recipe: { ...recipe, keyShare: 1 } })).toBeGreaterThan(0)
  expect(differing(rewards, { ...serving, exploration: { allowed: true, maxLoss: 0 } })).toBe(60)
})
