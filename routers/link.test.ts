import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { fitLink } from './link.ts'
import { sigmoid } from './math.ts'

const ROWS = 4000

/** Outcomes of one candidate per curve [level, steepness], and scores between −2 and 2. */
function planted(curves: readonly (readonly [number, number])[]) {
  const random = seeded(1)
  const scores = Float64Array.from({ length: ROWS * curves.length }, () => 4 * random() - 2)
  const outcomes = scores.map((score, at) => {
    const [level, steepness] = curves[at % curves.length]!
    return Number(random() < sigmoid(level + steepness * score))
  })
  return { scores, outcomes }
}

it('recovers the curves that outcomes were drawn from', () => {
  const curves = [
    [0.5, 1],
    [-1, 2],
    [2, 0.5],
  ] as const
  const { scores, outcomes } = planted(curves)
  const { level, steepness } = fitLink(scores, outcomes, 3)
  for (const [c, [truth, slope]] of curves.entries()) {
    expect(Math.abs(level[c]! - truth)).toBeLessThan(0.15)
    expect(Math.abs(steepness[c]! - slope)).toBeLessThan(0.15)
  }
})

it('is flat where scores say nothing or the contrary, at the mean', () => {
  for (const slope of [0, -1]) {
    const { scores, outcomes } = planted([
      [0.5, slope],
      [-0.5, slope],
    ])
    const { level, steepness } = fitLink(scores, outcomes, 2)
    for (const c of [0, 1]) {
      const mean = outcomes.reduce((sum, value, at) => sum + (at % 2 === c ? value : 0), 0) / ROWS
      expect(steepness[c]).toBeGreaterThan(0)
      expect(steepness[c]).toBeLessThan(0.1)
      expect(sigmoid(level[c]!)).toBeCloseTo(mean, 1)
    }
  }
})

it('lends a candidate with few outcomes the steepness of the others', () => {
  const { scores, outcomes } = planted([
    [0, 2],
    [0, 2],
    [0, 2],
  ])
  const few = outcomes.map((outcome, at) => (at % 3 === 2 && at > 20 ? Number.NaN : outcome))
  const none = outcomes.map((outcome, at) => (at % 3 === 2 ? Number.NaN : outcome))
  for (const known of [few, none]) expect(Math.abs(fitLink(scores, known, 3).steepness[2]! - 2)).toBeLessThan(0.5)
})
