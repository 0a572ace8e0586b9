import { expect, it } from 'vitest'
import { sampleAttempt, sampleDecision, sampleOutcome } from '../log/contract.ts'
import type { Considered, Decision } from '../spec.ts'
import { explain } from './explain.ts'

const considered: Considered = {
  candidates: ['small', 'large'],
  quality: [0.5, 0.75],
  qualityStd: [0.1, 0.2],
  costUsd: [0.001, 0.02],
  utility: [0.4, 0.3],
  chances: [1, 0],
  support: 0.123456,
  guard: { shrink: 0.5, minSupport: 0.1, factor: 0.25 },
  neighbours: [],
  excluded: [],
}
const told = (changes: Partial<Considered>, decision: Partial<Decision> = {}) => {
  const record = sampleDecision('d', { considered: { ...considered, ...changes }, ...decision })
  return explain({ decision: record, attempts: [], outcome: null, feedback: [] })
}
const words = (...given: Parameters<typeof told>) => told(...given).explanation.join(' ')

it('says that a policy predicted, and how much of it the guard let through', () => {
  expect(words({})).toContain('predicted quality and length')
  expect(words({})).toContain('support 0.1235 of 1')
  expect(words({})).toContain('the factor 0.25')
  expect(told({}).guard).toEqual(considered.guard)
})

it('says that the constant decided wherever the factor is 0, also with some support', () => {
  const unknown = { support: 0.09, guard: { ...considered.guard, factor: 0 } }
  expect(words(unknown)).toContain('left the choice to its constant')
  expect(words(unknown)).toContain('support 0.09; its guard asks for more than 0.1')
  expect(words(unknown)).not.toContain('predicted quality')
  const shut = { support: 1, guard: { shrink: 0, minSupport: 0, factor: 0 } }
  expect(words(shut)).toContain('left the choice to its constant')
  expect(words(shut)).not.toContain('asks for more')
})

it('says on the first day what can be done', () => {
  const dayOne = words({ support: 0, guard: { shrink: 0, minSupport: 0, factor: 0 } }, { policy: null })
  expect(dayOne).toContain('No learned policy serves this route')
  expect(dayOne).toContain('outcome set')
  expect(dayOne).toContain('switchyard promote')
})

it('says what was learned online, and whether the request was explored', () => {
  const learned = { lessons: 12, offline: [0.5, 0.7], chances: [0.25, 0.75] }
  const explored = words(learned, { explored: true, candidate: 'small' })
  expect(explored).toContain(
    'had learned from 12 rewards, which changed the predicted quality of large from 0.7 to 0.75.',
  )
  expect(explored).toContain('small was not predicted to be best, and was drawn to learn of it')
  expect(words(learned, { explored: false })).toContain('This request was not explored.')
  expect(told(learned).candidates[1]).toMatchObject({ quality: 0.75, offline: 0.7, chance: 0.75 })
  expect(words(learned, { policy: null })).toContain('begins with the prior qualities')
  const nothing = words({ lessons: 0, offline: considered.quality }, { explored: false })
  expect(nothing).toContain('had learned nothing yet')
  expect(nothing).toContain('not explored, and no other candidate had a chance')
  expect(words({})).not.toContain('learn')
})

it('tells λ with four significant digits', () => {
  expect(words({}, { lambda: 45.17309045454121 })).toContain('worth 45.17 of quality')
})

it('tells each step of a cascade, and why its answer was not enough', () => {
  const attempts = [
    sampleAttempt('d', { candidate: 'small', latencyMs: 320.4, costUsd: 0.0001, verdict: 'large is asked: worth it.' }),
    sampleAttempt('d', { index: 1, candidate: 'large', error: 'upstream_timeout', latencyMs: 5000, costUsd: null }),
    sampleAttempt('d', {
      index: 2,
      candidate: 'large',
      latencyMs: 900,
      costUsd: 0.02,
      verdict: 'small is accepted: 0.8.',
    }),
  ]
  const outcome = sampleOutcome('d', { candidate: 'small', costUsd: 0.0201 })
  const { explanation } = explain({ decision: sampleDecision('d'), attempts, outcome, feedback: [] })
  expect(explanation.slice(-4)).toEqual([
    'Call 1: small answered after 320 ms for $0.0001. large is asked: worth it.',
    'Call 2: large failed (upstream_timeout) after 5000 ms.',
    'Call 3: large answered after 900 ms for $0.02. small is accepted: 0.8.',
    'Of 2 asked for $0.0201 in all, the client got the answer of small.',
  ])
  const single = explain({ decision: sampleDecision('d'), attempts: [sampleAttempt('d')], outcome, feedback: [] })
  expect(single.explanation.join(' ')).not.toContain('Call 1')
})
