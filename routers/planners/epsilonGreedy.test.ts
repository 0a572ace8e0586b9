import { describe, expect, it } from 'vitest'
import type { Preference } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { queryOf, seeded } from '../fixtures.ts'
import { epsilonGreedy } from './epsilonGreedy.ts'
import { predictionOf } from './fixtures.ts'

testPlanner(epsilonGreedy.load({ epsilon: 0.2 }))
testPlanner(epsilonGreedy.load({ epsilon: 1 }))

const { candidates, priced } = predictionOf([0.4, 0.55, 0.6, 0.5], [0.001, 0.001, 0.001, 0.001])

function plan(epsilon: number, exploration?: Preference['exploration'], random = () => 0) {
  const preference = { lambda: 0, limits: {}, ...(exploration && { exploration }) }
  return epsilonGreedy.load({ epsilon }).plan(queryOf(seeded(1)), candidates, priced, preference, random)
}

describe('epsilon-greedy', () => {
  it('shares ε among all, the best included', () => {
    expect(plan(0.2).chances).toEqual([0.05, 0.05, 0.85, 0.05].map((chance) => expect.closeTo(chance, 12)))
  })

  it('says when it explored', () => {
    expect(plan(0.2, undefined, () => 0.84)).toMatchObject({ arm: 2, explored: false })
    expect(plan(0.2, undefined, () => 0.86)).toMatchObject({ arm: 1, propensity: 0.05, explored: true })
  })

  it('shares among those within the limit alone', () => {
    expect(plan(0.3, { allowed: true, maxLoss: 0.11 }).chances).toEqual(
      [0, 0.1, 0.8, 0.1].map((chance) => expect.closeTo(chance, 12)),
    )
  })

  it('explores nothing where it may not, and with ε = 0', () => {
    expect(plan(0.3, { allowed: false }, () => 0.999)).toMatchObject({ chances: [0, 0, 1, 0], propensity: 1 })
    expect(plan(0, undefined, () => 0.999).arm).toBe(2)
  })

  it('refuses a share that is none', () => {
    expect(() => epsilonGreedy.load({ epsilon: 1.5 })).toThrow(RangeError)
    expect(() => epsilonGreedy.load({})).toThrow(RangeError)
  })
})
