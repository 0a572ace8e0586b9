import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyIsotonic, fitIsotonic } from './isotonic.ts'

/** The same by its min-max formula: value_i = max over a ≤ i of min over b ≥ i of the mean of outcomes a … b (Robertson et al. 1988). */
function minMax(outcomes: readonly number[]): number[] {
  const average = (a: number, b: number) => outcomes.slice(a, b + 1).reduce((sum, y) => sum + y, 0) / (b - a + 1)
  return outcomes.map((_, i) => {
    const heights = outcomes.flatMap((_, a) =>
      a <= i ? [Math.min(...outcomes.flatMap((_, b) => (b >= i ? [average(a, b)] : [])))] : [],
    )
    return Math.max(...heights)
  })
}

describe('an isotonic curve', () => {
  it('is the closest that never falls', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }), (quarters) => {
        const outcomes = quarters.map((quarter) => quarter / 4)
        const scores = outcomes.map((_, i) => i)
        const curve = fitIsotonic(scores, outcomes)
        for (const [i, value] of minMax(outcomes).entries()) expect(applyIsotonic(curve, i)).toBeCloseTo(value, 12)
      }),
    )
  })

  it('needs no order and takes equal scores as one', () => {
    const curve = fitIsotonic([3, 1, 2, 2, 1], [1, 0, 1, 0, 0])
    expect([1, 2, 3].map((score) => applyIsotonic(curve, score))).toEqual([0, 0.5, 1])
  })

  it('is straight between its points and flat beyond', () => {
    const curve = fitIsotonic([0, 1, 2, 4], [0, 0.5, 0.25, 1])
    expect([-9, 0, 1, 1.5, 2, 3, 4, 9].map((score) => applyIsotonic(curve, score))).toEqual([
      0, 0, 0.375, 0.375, 0.375, 0.6875, 1, 1,
    ])
  })

  it('of outcomes that only fall is their mean', () => {
    expect(fitIsotonic([1, 2, 3], [1, 0.5, 0]).values).toEqual([0.5, 0.5])
  })

  it('of nothing cannot be', () => {
    expect(() => fitIsotonic([], [])).toThrow('at least one outcome')
  })
})
