import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Prediction, Preference } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { queryOf, seeded } from '../fixtures.ts'
import { predictionOf } from './fixtures.ts'
import { squarecb } from './squarecb.ts'

testPlanner(squarecb.load({}))
testPlanner(squarecb.load({ gamma: 50 }))

const query = queryOf(seeded(1))

/** @param lessons `null`: nothing learns online */
function plan(
  { candidates, priced }: Prediction,
  { gamma, lessons = null, preference = {}, random = () => 0 }: Asked = {},
) {
  const planner = squarecb.load(gamma === undefined ? {} : { gamma })
  const known = lessons === null ? priced : { ...priced, lessons }
  return planner.plan(query, candidates, known, { lambda: 0, limits: {}, ...preference }, random)
}

interface Asked {
  readonly gamma?: number
  readonly lessons?: number | null
  readonly preference?: Partial<Preference>
  readonly random?: () => number
}

describe('squarecb', () => {
  it('weighs two arms by hand: 1 / (2 + γ · gap), and the rest', () => {
    const { chances, arm, propensity, explored } = plan(predictionOf([0.5, 0.6], [0.001, 0.001]), { gamma: 80 })
    expect(chances).toEqual([expect.closeTo(1 / (2 + 8), 12), expect.closeTo(0.9, 12)])
    expect([arm, propensity, explored]).toEqual([1, expect.closeTo(0.9, 12), false])
  })

  it('weighs costs as λ does: gaps of 0.1 + 10 · 0.01 and 0.05', () => {
    const one = predictionOf([0.7, 0.6, 0.65], [0.001, 0.011, 0.001])
    const { chances } = plan(one, { gamma: 20, preference: { lambda: 10 } })
    expect(chances).toEqual([1 - 1 / 7 - 1 / 4, 1 / 7, 1 / 4].map((chance) => expect.closeTo(chance, 12)))
  })

  it('says when it explored, and asks the best next', () => {
    const explored = plan(predictionOf([0.5, 0.6], [0.001, 0.001]), { gamma: 80, random: () => 0.95 })
    expect(explored).toMatchObject({ arm: 0, explored: true, alternates: [1] })
    expect(explored.propensity).toBeCloseTo(0.1, 12)
  })

  it('draws equals alike, whatever γ', () => {
    const { chances } = plan(predictionOf([0.5, 0.5, 0.5], [0.001, 0.001, 0.001]), { gamma: 1e9 })
    expect(chances).toEqual([1 / 3, 1 / 3, 1 / 3].map((chance) => expect.closeTo(chance, 12)))
  })

  it('explores the less the more was learned: γ grows with √(K · (n + 1))', () => {
    const chance = (lessons: number) => plan(predictionOf([0.5, 0.6], [0.001, 0.001]), { lessons }).chances[0]!
    const gamma = (lessons: number) => (1 / chance(lessons) - 2) / 0.1
    expect(gamma(99) / gamma(24)).toBeCloseTo(2, 9)
    const three = plan(predictionOf([0.5, 0.6, 0.6], [0.001, 0.001, 0.001]), { lessons: 24 }).chances[0]!
    expect((1 / three - 3) / 0.1 / gamma(24)).toBeCloseTo(Math.sqrt(3 / 2), 9)
  })

  it('explores nothing where nothing learns, unless a γ says so', () => {
    const one = predictionOf([0.5, 0.6], [0.001, 0.001])
    expect(plan(one, { random: () => 0.999 })).toMatchObject({ chances: [0, 1], arm: 1, explored: false })
    expect(plan(one, { lessons: 0 }).chances[0]).toBeGreaterThan(0)
  })

  it('does not explore where it may not', () => {
    const preference = { exploration: { allowed: false } }
    const one = predictionOf([0.5, 0.6], [0.001, 0.001])
    expect(plan(one, { gamma: 1, preference, random: () => 0.999 })).toMatchObject({ chances: [0, 1], propensity: 1 })
  })

  it('never asks who may fall short by more than the limit, and shares among those left', () => {
    const preference = { exploration: { allowed: true, maxLoss: 0.1 } }
    const { chances } = plan(predictionOf([0.4, 0.55, 0.6], [0.001, 0.001, 0.001]), { gamma: 60, preference })
    expect(chances).toEqual([0, 1 / 5, 4 / 5].map((chance) => expect.closeTo(chance, 12)))
    expect(chances[0]).toBe(0)
  })

  it('leaves the best at least 1 / K, and orders the others by their gap', () => {
    const some = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(
        some,
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (quality, gamma, lambda) => {
          const one = predictionOf(
            quality,
            quality.map((value) => value / 100),
          )
          const { chances, explored, alternates } = plan(one, { gamma, preference: { lambda } })
          const best = [...chances].sort((a, b) => b - a)[0]!
          expect(best).toBeGreaterThanOrEqual(1 / quality.length - 1e-12)
          expect(explored).toBe(false)
          const along = alternates.map((arm) => chances[arm]!)
          expect(along).toEqual(along.toSorted((a, b) => b - a))
        },
      ),
    )
  })
})
