import { expect, it } from 'vitest'
import type { Candidate, Capability, Plan } from '../spec.ts'
import { standAside } from './aside.ts'

const candidates = ['small', 'large', 'unpriced'].map(
  (id): Candidate => ({
    id,
    provider: 'p',
    model: id,
    wire: 'openai',
    price: null,
    contextWindow: 1000,
    capabilities: new Set(),
    tags: [],
  }),
)
const priced = { quality: Float64Array.of(0.5, 0.9, 1), costUsd: Float64Array.of(0.001, 0.02, Number.NaN) }
const cascade: Plan = {
  kind: 'cascade',
  arm: 0,
  alternates: [2, 1],
  propensity: 1,
  chances: [1, 0, 0],
  explored: false,
  reason: 'small is asked first',
  maxLatencyMs: 1000,
  judge: () => ({ kind: 'accept', arm: 0, chance: 1, reason: '' }),
}
const aside = (plan: Plan, lambda: number, ...requires: Capability[]) =>
  standAside(plan, { query: { requires: new Set(requires) }, candidates, priced, lambda })

it('leaves a cascade alone where its answers are texts', () => {
  expect(aside(cascade, 1, 'tools', 'vision', 'json_schema', 'logprobs')).toBe(cascade)
})

it.each(['n', 'audio'] as const)('asks the best one alone where %s is required', (capability) => {
  const plan = aside(cascade, 10, capability, 'tools')
  // 0.49, 0.7, and a price that nobody knows.
  expect(plan).toMatchObject({ kind: 'single', arm: 1, alternates: [0, 2], propensity: 1, chances: [0, 1, 0] })
  expect(plan.reason).toContain(`requires ${capability} cannot be judged`)
  // 0.4 and 0.1 − … at a λ where money matters; at 0 quality alone does, at ∞ the price alone.
  expect(aside(cascade, 100, capability).arm).toBe(0)
  expect(aside(cascade, 0, capability).arm).toBe(2)
  expect(aside(cascade, Number.POSITIVE_INFINITY, capability)).toMatchObject({ arm: 0, alternates: [1, 2] })
})

it('has nothing to say of single calls', () => {
  const { judge: _judge, maxLatencyMs: _limit, ...rest } = { ...cascade, kind: 'single' as const }
  expect(aside(rest, 10, 'n')).toBe(rest)
})
