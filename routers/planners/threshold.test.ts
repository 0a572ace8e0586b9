import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Prediction } from '../../src/spec.ts'
import { testPlanner } from '../contract.ts'
import { seeded } from '../fixtures.ts'
import { chancesOf, expected, predictionOf, predictionsOf } from './fixtures.ts'
import { threshold } from './threshold.ts'

testPlanner(threshold.load({ strong: 'model-0', weak: 'model-1', threshold: 0.6, drawn: 0.5 }))
testPlanner(threshold.load({ strong: 'model-0', weak: 'model-1', threshold: 0.7, drawn: 0.4 }))

const fitted = (predictions: readonly Prediction[], share: number, [strong, weak] = ['model-2', 'model-0']) =>
  threshold.load(JSON.parse(JSON.stringify(threshold.fit!(predictions, { strong: strong!, weak: weak!, share }))))

describe('threshold', () => {
  // The strong one wins with probability 0.7, 0.6, 0.6 and 0.5.
  const four = [0.4, 0.2, 0.2, 0].map((gain) => predictionOf([0.5, 0.9, 0.5 + gain], [0.001, 0.002, 0.011]))
  const strong = (share: number) => four.map((one) => chancesOf(fitted(four, share), one)[2])

  it('gives the strong one the share where it most probably wins, and draws at the threshold', () => {
    expect(strong(0)).toEqual([0, 0, 0, 0])
    expect(strong(0.25)).toEqual([1, 0, 0, 0])
    expect(strong(0.5)).toEqual([1, 0.5, 0.5, 0])
    expect(strong(0.75)).toEqual([1, 1, 1, 0])
    expect(strong(1)).toEqual([1, 1, 1, 1])
  })

  it('asks the other of the two next, and others only where neither is able', () => {
    const planner = fitted(four, 0.25)
    const ask = ({ candidates, priced }: Prediction) =>
      planner.plan({} as never, candidates, priced, { lambda: 0, limits: {} }, () => 0)
    expect(ask(four[0]!)).toMatchObject({ arm: 2, alternates: [0, 1], propensity: 1 })
    expect(ask(four[3]!)).toMatchObject({ arm: 0, alternates: [2, 1] })
    expect(ask(predictionOf([0.5, 0.9], [0.001, 0.002]))).toMatchObject({ arm: 0, alternates: [1] })
    const others = predictionOf([0.5, 0.9], [0.001, 0.002])
    const renamed = others.candidates.map((one) => ({ ...one, id: `other-${one.id}` }))
    expect(ask({ ...others, candidates: renamed })).toMatchObject({ arm: 1, alternates: [0] })
  })

  const toStrong = (_: Prediction, arm: number) => Number(arm === 2)

  it('hits any share exactly on its own queries', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (seed, share) => {
        const seen = predictionsOf(50, seeded(seed))
        expect(expected(fitted(seen, share), seen, toStrong)).toBeCloseTo(share, 9)
      }),
      { numRuns: 25 },
    )
  })

  it('gives new queries the same share, on average over samples it was fitted to', () => {
    const fresh = predictionsOf(2000, seeded(5000))
    const shares = Array.from({ length: 40 }, (_, seed) =>
      expected(fitted(predictionsOf(50, seeded(seed)), 0.3), fresh, toStrong),
    )
    expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) / shares.length - 0.3)).toBeLessThan(0.03)
  })

  it('refuses a pair that no training query knows, and damaged parameters', () => {
    expect(() => fitted(four, 0.5, ['model-9', 'model-0'])).toThrow(/model-9/)
    expect(() => threshold.load({ strong: 'a', weak: 'b', threshold: 'x', drawn: 0 })).toThrow(/train the policy again/)
  })
})
