/** Predictions by hand and by chance, and what a planner does with them, for the tests of planners. */
import type { Planner, Prediction } from '../../src/spec.ts'
import { candidatesOf, queryOf, seeded } from '../fixtures.ts'

/** One row per query; the candidates are `model-0`, `model-1` … */
export function predictionOf(quality: readonly number[], costUsd: readonly number[], std = 0.1): Prediction {
  const priced = {
    quality: Float64Array.from(quality),
    qualityStd: new Float64Array(quality.length).fill(std),
    outputTokens: new Float64Array(quality.length).fill(100),
    costUsd: Float64Array.from(costUsd),
    support: 1,
  }
  return { candidates: candidatesOf(quality.length), priced, spentUsd: priced.costUsd, quality: priced.quality }
}

/** Three candidates, on average the better the dearer, with costs that vary by query. */
export function predictionsOf(count: number, random: () => number): Prediction[] {
  return Array.from({ length: count }, () => {
    const length = 0.5 + random()
    return predictionOf(
      [0.4, 0.5, 0.6].map((base) => base + 0.3 * random()),
      [0.001, 0.004, 0.02].map((usd) => usd * length),
    )
  })
}

const query = queryOf(seeded(1))

/** The probability of each arm. */
export function chancesOf(planner: Planner, { candidates, priced }: Prediction, lambda = 10): readonly number[] {
  return planner.plan(query, candidates, priced, { lambda, limits: {} }, () => 0.5).chances
}

/** Mean over the predictions of what the chances of each arm make of `value`. */
export function expected(
  planner: Planner,
  predictions: readonly Prediction[],
  value: (prediction: Prediction, arm: number) => number,
): number {
  const of = (one: Prediction) =>
    chancesOf(planner, one).reduce((sum, chance, arm) => sum + chance * value(one, arm), 0)
  return predictions.reduce((sum, one) => sum + of(one), 0) / predictions.length
}
