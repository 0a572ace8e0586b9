import { expect, it } from 'vitest'
import { ableCandidates, affordableCandidates, infeasible } from './feasible.ts'
import { candidate, costing, query } from './fixture.ts'

it('asks for capabilities, length of the answer and context, naming the first limit that a candidate breaks', () => {
  const pool = [
    costing('plain', 1),
    costing('tools', 1, { capabilities: new Set(['tools']) }),
    costing('short', 1, { capabilities: new Set(['tools']), maxOutput: 100 }),
    costing('small', 1, { capabilities: new Set(['tools']), contextWindow: 1499 }),
  ]
  const { arms, excluded } = ableCandidates(query({ requires: new Set(['tools']), maxOutputTokens: 500 }), pool)
  expect(arms).toEqual([1])
  expect(excluded).toEqual([
    { candidate: 'plain', limit: 'requires tools' },
    { candidate: 'short', limit: 'max_output 100 < 500' },
    { candidate: 'small', limit: 'context_window 1499 < 1500' },
  ])
})

it('leaves room for an answer even when the client did not say how long', () => {
  const pool = [costing('a', 1, { contextWindow: 1255 }), costing('b', 1, { contextWindow: 1256 })]
  expect(ableCandidates(query({ inputTokens: 1000 }), pool).arms).toEqual([1])
})

it('keeps limits on cost and quality; a price not known keeps none', () => {
  const pool = ['cheap', 'dear', 'weak'].map((id) => costing(id, 1)).concat(candidate('unpriced', null))
  const priced = {
    quality: Float64Array.of(0.8, 0.8, 0.4, 0.8),
    qualityStd: new Float64Array(4),
    outputTokens: new Float64Array(4),
    costUsd: Float64Array.of(0.001, 0.123456, 0.001, Number.NaN),
    support: 1,
  }
  const limited = affordableCandidates(pool, priced, { maxCostUsd: 0.01, minQuality: 0.5 })
  expect(limited.arms).toEqual([0])
  expect(limited.excluded.map(({ limit }) => limit)).toEqual([
    'max_cost 0.01 USD < 0.1235',
    'min_quality 0.5 > 0.4',
    'max_cost 0.01 USD, price not known',
  ])
  expect(affordableCandidates(pool, priced, {}).arms).toEqual([0, 1, 2, 3])
})

it('says context_length_exceeded exactly when a shorter request would have found a candidate', () => {
  const long = { candidate: 'a', limit: 'context_window 8000 < 9000' }
  const unable = { candidate: 'b', limit: 'requires vision' }
  const poor = { candidate: 'c', limit: 'max_cost 0.1 USD < 0.2' }
  expect(infeasible([long]).code).toBe('context_length_exceeded')
  expect(infeasible([long, unable]).code).toBe('context_length_exceeded')
  expect(infeasible([long, poor]).code).toBe('no_feasible_candidate')
  expect(infeasible([unable]).code).toBe('no_feasible_candidate')
  expect(infeasible([]).code).toBe('no_feasible_candidate')
  expect(infeasible([unable, poor]).message).toContain('b (requires vision); c (max_cost')
})
