import { describe, expect, it } from 'vitest'
import type { Prediction } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { queryOf, seeded } from '../fixtures.ts'
import { categoryMap } from './categoryMap.ts'
import { predictionOf } from './fixtures.ts'

testPlanner(categoryMap.load({ usdPerThousand: 2, experts: { general: 'model-2' } }))

/** A query of a category, none where it has no name. */
function queryIn(category: string | undefined, quality: readonly number[], costUsd: readonly number[]): Prediction {
  const prediction = predictionOf(quality, costUsd)
  return { ...prediction, priced: { ...prediction.priced, ...(category !== undefined && { category }) } }
}

const fitted = (predictions: readonly Prediction[], usdPerThousand: number) =>
  JSON.parse(JSON.stringify(categoryMap.fit!(predictions, { usdPerThousand })))
const planOf = (params: Parameters<typeof categoryMap.load>[0], { candidates, priced }: Prediction, lambda = 10) =>
  categoryMap.load(params).plan(queryOf(seeded(1)), candidates, priced, { lambda, limits: {} }, () => 0.5)

describe('category-map', () => {
  const costs = [0.001, 0.004, 0.01]
  // Per USD, the second candidate buys most in maths, the third in law. In chat the first is almost as good as any.
  const queries = [
    queryIn('maths', [0.2, 0.7, 0.8], costs),
    queryIn('maths', [0.4, 0.9, 0.8], costs),
    queryIn('law', [0.1, 0.2, 0.9], costs),
    queryIn('chat', [0.8, 0.8, 0.9], costs),
  ]

  it('gives each category the expert that the budget allows', () => {
    const experts = (usd: number) => fitted(queries, usd).experts
    // Mean spend in USD per 1,000: all to the first 1; maths to the second 2.5; law to the third 3.25; both 4.75; and chat too 7.
    expect(experts(1)).toEqual({ maths: 'model-0', law: 'model-0', chat: 'model-0' })
    expect(experts(3.2)).toEqual({ maths: 'model-1', law: 'model-0', chat: 'model-0' })
    expect(experts(3.25)).toEqual({ maths: 'model-1', law: 'model-1', chat: 'model-0' })
    expect(experts(4.75)).toEqual({ maths: 'model-1', law: 'model-2', chat: 'model-0' })
    expect(experts(7)).toEqual({ maths: 'model-1', law: 'model-2', chat: 'model-2' })
    expect(experts(100)).toEqual(experts(7))
  })

  it('spends what was recorded and no more, on its own queries', () => {
    const doubled = queries.map((one) => ({ ...one, spentUsd: one.spentUsd.map((usd) => 2 * usd) }))
    expect(fitted(doubled, 9.5).experts).toEqual({ maths: 'model-1', law: 'model-2', chat: 'model-0' })
    const params = fitted(doubled, 9)
    const spent = doubled.reduce((sum, one) => sum + one.spentUsd[planOf(params, one).arm]!, 0)
    expect((1000 * spent) / doubled.length).toBeLessThanOrEqual(9)
  })

  it('sends each query to the expert of its category whatever λ asks, and says so', () => {
    const params = fitted(queries, 4.75)
    for (const lambda of [0, 10, 1e6]) {
      expect(queries.map((one) => planOf(params, one, lambda).arm)).toEqual([1, 1, 2, 0])
    }
    expect(planOf(params, queries[2]!).reason).toBe(
      'model-2 is the expert for law queries within a budget of $4.75 per 1,000 queries, whatever λ the request asks',
    )
  })

  it('takes queries without a category for one more, and decides by λ where the map has no expert', () => {
    const general = queryIn(undefined, [0.5, 0.6, 0.9], costs)
    expect(fitted([...queries, general], 100).experts).toMatchObject({ general: 'model-2' })
    const params = fitted(queries, 100)
    expect([0, 1e6].map((lambda) => planOf(params, general, lambda).arm)).toEqual([2, 0])
    expect(planOf(params, queryIn('poems', [0.1, 0.2, 0.1], costs), 0)).toMatchObject({
      arm: 1,
      reason: expect.stringContaining('no expert for poems queries'),
    })
  })

  it('lets another stand in where the expert is not able to answer', () => {
    const params = fitted(queries, 100)
    const { candidates, priced, ...rest } = queries[2]!
    const two = (values: Float64Array) => values.slice(0, 2)
    const left = {
      candidates: candidates.slice(0, 2),
      priced: { ...priced, quality: two(priced.quality), costUsd: two(priced.costUsd) },
      ...rest,
    }
    expect(planOf(params, left, 0)).toMatchObject({ arm: 1, reason: expect.stringContaining('stands in for model-2') })
  })

  it('with an estimator that names no categories is the best constant within the budget', () => {
    const none = [0.3, 0.5, 0.7].map((base) => queryIn(undefined, [base, base + 0.1, base + 0.2], costs))
    expect(fitted(none, 5).experts).toEqual({ general: 'model-1' })
  })

  it('refuses a budget below the cheapest, costs that are not known, and a damaged map', () => {
    expect(() => fitted(queries, 0.9)).toThrow(/cannot be met: the cheapest experts cost \$1;/)
    expect(() => fitted([], 5)).toThrow(RangeError)
    expect(() => categoryMap.load({ usdPerThousand: 1, experts: { law: 3 } })).toThrow(/train the policy again/)
    expect(() => categoryMap.load({ usdPerThousand: 1 })).toThrow(RangeError)
  })
})
