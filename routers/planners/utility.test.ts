import { describe, expect, it } from 'vitest'
import { testPlanner } from '../contract.ts'
import { candidatesOf, queryOf, seeded } from '../fixtures.ts'
import { utility } from './utility.ts'

const planner = utility.load({})

testPlanner(planner)

describe('utility', () => {
  const candidates = candidatesOf(3)
  const plan = (quality: number[], costUsd: number[], lambda: number) => {
    const priced = {
      quality: Float64Array.from(quality),
      qualityStd: new Float64Array(3),
      outputTokens: new Float64Array(3),
      costUsd: Float64Array.from(costUsd),
      support: 1,
    }
    return planner.plan(queryOf(seeded(1)), candidates, priced, { lambda, limits: {} }, () => 0)
  }

  it('orders arm and alternates by quality − λ · cost', () => {
    expect(plan([0.9, 0.8, 0.5], [0.02, 0.001, 0.0001], 0)).toMatchObject({ arm: 0, alternates: [1, 2] })
    expect(plan([0.9, 0.8, 0.5], [0.02, 0.001, 0.0001], 50)).toMatchObject({ arm: 1, alternates: [2, 0] })
    expect(plan([0.9, 0.8, 0.5], [0.02, 0.001, 0.0001], 1e9)).toMatchObject({ arm: 2, alternates: [1, 0] })
  })

  it('takes the cheapest at infinite λ, free ones included', () => {
    expect(plan([0.9, 0.8, 0.5], [0.02, 0, 0.0001], Number.POSITIVE_INFINITY)).toMatchObject({
      arm: 1,
      alternates: [2, 0],
    })
    expect(plan([0.1, 0.8, 0.5], [0.01, 0.01, 0.01], Number.POSITIVE_INFINITY).arm).toBe(1)
  })

  it('tells its numbers with four significant digits', () => {
    expect(plan([0.123456, 0.5, 0.5], [0.00123456, 2, 2], 45.17309045454121).reason).toContain(
      '(0.1235, $0.001235, λ = 45.17)',
    )
  })

  it('breaks ties by cost, then by id', () => {
    expect(plan([0.5, 0.5, 0.5], [2, 1, 1], 0)).toMatchObject({ arm: 1, alternates: [2, 0] })
  })

  it('counts an unknown price as the highest known one and says so', () => {
    const chosen = plan([0.9, 0.8, 0.7], [Number.NaN, 0.001, 0.02], 10)
    expect(chosen).toMatchObject({ arm: 1, alternates: [0, 2] })
    expect(plan([0.9, 0.5, 0.5], [Number.NaN, 0.001, 0.02], 0).reason).toContain('price not known')
  })
})
