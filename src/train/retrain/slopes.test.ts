import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { type Drawn, drawnSlopes } from './slopes.ts'

const CHANCES = [0.7, 0.2, 0.1]

/** Rows whose outcome is `slope` times what is predicted, of which candidates have means of their own beside, a common part that chances follow, and noise. */
function draw(
  count: number,
  { slope, means, seed = 1 }: { slope: number; means: readonly number[]; seed?: number },
): Drawn[] {
  const random = createRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Array.from({ length: count }, (_, i) => {
    const predicted = means.map((mean) => mean + 0.2 * normal())
    const difficulty = normal()
    // Hard queries are asked of others than easy ones: a comparison of plain means would be of different queries.
    const chances = difficulty > 0 ? CHANCES : CHANCES.toReversed()
    const u = random()
    const arm = u < chances[0]! ? 0 : u < chances[0]! + chances[1]! ? 1 : 2
    const outcome = slope * (predicted[arm]! - means[arm]!) + 0.5 * difficulty + 0.1 * normal()
    return { arm, chances, predicted, outcome, fold: i % 5, prompt: i }
  })
}

it('is the weighted least squares of one row of two candidates, computed by hand', () => {
  // Drawn with 0.25: expected 0.25 · 0.4 + 0.75 · 0 = 0.1. Prediction 0.4 − 0.1 = 0.3, outcome 0.7 − 0.1 = 0.6.
  const row: Drawn = { arm: 0, chances: [0.25, 0.75], predicted: [0.4, 0], outcome: 0.7, fold: 0, prompt: 0 }
  // Drawn with 0.75: 0 − 0.1 = −0.1 against 0 − 0.1 = −0.1.
  const other: Drawn = { ...row, arm: 1, outcome: 0, prompt: 1 }
  expect(drawnSlopes([row, other]).all.slope).toBeCloseTo((0.3 * 0.6 + 0.1 * 0.1) / (0.09 + 0.01), 12)
})

it('finds the planted slope though difficulty decides who is asked, within its error', () => {
  const { all, withinFolds } = drawnSlopes(draw(4000, { slope: 0.6, means: [0, 0, 0] }))
  for (const { slope, error } of [all, withinFolds]) {
    expect(Math.abs(slope - 0.6)).toBeLessThan(3 * error)
    expect(error).toBeLessThan(0.1)
  }
})

it('says nothing of the query where predictions are means alone', () => {
  const { withinFolds } = drawnSlopes(draw(2000, { slope: 0, means: [0.3, 0, -0.3] }))
  expect(Math.abs(withinFolds.slope)).toBeLessThan(3 * withinFolds.error)
})

it('knows nothing of what was never tried', () => {
  const greedy = draw(100, { slope: 1, means: [0, 0, 0] }).map((row) => ({ ...row, arm: 0, chances: [1, 0, 0] }))
  expect(drawnSlopes(greedy).all).toEqual({ slope: 0, error: Number.POSITIVE_INFINITY })
  expect(drawnSlopes([]).withinFolds.error).toBe(Number.POSITIVE_INFINITY)
})

it('errors are as large as the slopes spread', () => {
  const drawn = Array.from({ length: 60 }, (_, i) =>
    drawnSlopes(draw(300, { slope: 0.5, means: [0.1, 0, 0], seed: i + 1 })),
  )
  for (const which of ['all', 'withinFolds'] as const) {
    const slopes = drawn.map((one) => one[which].slope)
    const centre = slopes.reduce((sum, slope) => sum + slope, 0) / slopes.length
    const spread = Math.sqrt(slopes.reduce((sum, slope) => sum + (slope - centre) ** 2, 0) / (slopes.length - 1))
    const claimed = drawn.reduce((sum, one) => sum + one[which].error, 0) / drawn.length
    expect(claimed / spread).toBeGreaterThan(0.8)
    expect(claimed / spread).toBeLessThan(1.3)
  }
})
