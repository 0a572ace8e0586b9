import { expect, it } from 'vitest'
import type { Candidate } from '../spec.ts'
import { costUsd, expectedCostUsd, namedCostUsd } from './cost.ts'

const price = { inputPerMTok: 3, cachedInputPerMTok: 0.3, cacheWritePerMTok: 3.75, outputPerMTok: 15 }
const usage = { input: 1000, cachedInput: 600, cacheWrite: 300, output: 50, reasoning: 40 }

it('charges fresh, cached, cache-writing and output tokens at their own prices', () => {
  expect(costUsd(price, usage)).toBeCloseTo((100 * 3 + 600 * 0.3 + 300 * 3.75 + 50 * 15) / 1e6, 12)
})

it('charges cached tokens as input where the price list says nothing of them', () => {
  const plain = { inputPerMTok: 3, outputPerMTok: 15 }
  expect(costUsd(plain, usage)).toBeCloseTo((1000 * 3 + 50 * 15) / 1e6, 12)
})

it('never counts fresh tokens below zero when a provider reports more cached than input', () => {
  expect(costUsd(price, { ...usage, input: 0, cacheWrite: 0, output: 0 })).toBeCloseTo((600 * 0.3) / 1e6, 12)
})

it('says that an unpriced cost is unknown, never zero', () => {
  expect(costUsd(null, usage)).toBeNull()
  expect(expectedCostUsd(null, 10, 10)).toBeNaN()
  expect(expectedCostUsd(price, 1000, 100)).toBeCloseTo(0.0045, 12)
})

it('expects of a named candidate what is believed of it, and no more than it may write', () => {
  const candidate = (more: Partial<Candidate>): Candidate => ({
    id: 'm',
    provider: 'p',
    model: 'm',
    wire: 'openai',
    price: { inputPerMTok: 1, outputPerMTok: 1e6 },
    contextWindow: 1000,
    capabilities: new Set(),
    tags: [],
    ...more,
  })
  const tokens = (more: Partial<Candidate>, asked: { maxOutputTokens?: number } = {}) =>
    namedCostUsd(candidate(more), { inputTokens: 0, ...asked })
  expect(tokens({})).toBe(300)
  expect(tokens({ priors: { outputTokens: 50 } })).toBe(50)
  expect(tokens({ maxOutput: 40 })).toBe(40)
  expect(tokens({ maxOutput: 40 }, { maxOutputTokens: 5 })).toBe(5)
  expect(tokens({ price: null })).toBeNaN()
})
