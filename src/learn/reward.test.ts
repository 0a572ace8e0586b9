import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sampleOutcome } from '../log/contract.ts'
import type { Feedback, Outcome } from '../spec.ts'
import { type RewardDefinition, worthOf } from './reward.ts'

const definition: RewardDefinition = {
  signals: { abort: 0.25, truncated: 0.5, refusal: 0, none: 0.75 },
  waitMs: 1000,
}
const score = (value: number, changes: Partial<Feedback> = {}): Feedback => ({
  decision: 'd',
  principal: 'ann',
  source: 'user',
  value,
  at: 10,
  ...changes,
})
const worth = (feedback: readonly Feedback[], changes: Partial<Outcome> | null = {}, now = 5_000) =>
  worthOf({ feedback, outcome: changes && sampleOutcome('d', { at: 4_000, signals: [], ...changes }) }, definition, now)

it('is the mean over principals of their newest scores, users and checks alike', () => {
  expect(worth([score(1)])).toEqual({ quality: 1, source: 'user' })
  const feedback = [
    score(0, { at: 10 }),
    score(1, { at: 20 }),
    score(0.5, { principal: 'bob', source: 'check' }),
    score(0, { principal: 'judge', source: 'judge' }),
    score(0, { principal: 'eve', source: 'implicit' }),
  ]
  expect(worth(feedback)).toEqual({ quality: 0.75, source: 'user' })
})

it('is what judges say where nobody else does, before any wait is over', () => {
  const judged = [score(0.25, { source: 'judge' }), score(0, { source: 'implicit' })]
  expect(worth(judged, {}, 4_001)).toEqual({ quality: 0.25, source: 'judge' })
  expect(worth([score(0.5)], null)).toEqual({ quality: 0.5, source: 'user' })
})

it('is the lowest of the signals that apply, once the wait is over', () => {
  expect(worth([], {}, 4_999)).toBeNull()
  expect(worth([])).toEqual({ quality: 0.75, source: 'implicit' })
  expect(worth([], { signals: ['truncated'] })?.quality).toBe(0.5)
  expect(worth([], { signals: ['truncated', 'refusal'] })?.quality).toBe(0)
  expect(worth([score(0.125, { source: 'implicit' })], { signals: ['truncated'] })?.quality).toBe(0.125)
  expect(worth([score(1, { source: 'implicit' })])?.quality).toBe(0.75)
  expect(worth([], { status: 'client_abort', signals: ['abort'] })?.quality).toBe(0.25)
})

it('is nothing where the definition or the outcome says nothing', () => {
  expect(worth([], { signals: ['retry'] })).toBeNull()
  expect(worthOf({ feedback: [], outcome: sampleOutcome('d') }, { signals: {}, waitMs: 0 }, 1e15)).toBeNull()
  for (const status of ['upstream_error', 'timeout', 'client_error', 'unknown'] as const) {
    expect(worth([], { status })).toBeNull()
  }
  expect(worth([], null)).toBeNull()
})

it('lies in [0, 1] and does not depend on the order in which scores came in', () => {
  const sources = ['user', 'judge', 'check', 'implicit'] as const
  const feedback = fc.uniqueArray(
    fc.record({
      principal: fc.constantFrom('ann', 'bob'),
      source: fc.constantFrom(...sources),
      value: fc.constantFrom(0, 0.25, 0.5, 1),
      at: fc.nat(50),
    }),
    { selector: ({ principal, at }) => `${principal} ${at}` },
  )
  fc.assert(
    fc.property(feedback, (given) => {
      const all = given.map((one) => ({ decision: 'd', ...one }))
      const found = worth(all)!
      expect(found.quality).toBeGreaterThanOrEqual(0)
      expect(found.quality).toBeLessThanOrEqual(1)
      expect(worth(all.toReversed())?.quality).toBe(found.quality)
    }),
  )
})
