/**
 * Doubly robust targets (Dudík, Langford and Li 2011, arXiv 1103.4601): of a row of which one candidate's outcome is known, drawn with known chances, every candidate
 * gets what a fit on other rows predicts of it, and the drawn one a correction beside:
 *
 *     prediction + (outcome − prediction) / chance.
 *
 * On average over the draws that is the truth, whatever the prediction is, so that who was asked what does not bend what is learned; and every row
 * says something of every candidate, which the outcome alone does not.
 */
import type { EstimatorFamily, TrainingSet } from '../../spec.ts'
import { shuffle } from '../random.ts'

const FOLDS = 5
/** A correction counts at most so many times: a chance below 1 / 20 is taken for one, which trades some truth for less noise. */
const MOST_WEIGHT = 20

/**
 * The same family, fitted on doubly robust targets where chances are known; predictions are cross-fitted within the rows of each fit (Chernozhukov et al. 2018), so that
 * a fit has seen nothing of rows that it was not given.
 */
export function robust<Options extends object>(family: EstimatorFamily<Options>): EstimatorFamily<Options> {
  return {
    ...family,
    fit: (data, options, random) => family.fit(withTargets(data, family, options, random), options, random),
  }
}

function withTargets<Options extends object>(
  data: TrainingSet,
  family: EstimatorFamily<Options>,
  options: Options,
  random: () => number,
): TrainingSet {
  const { queries, candidates, quality, chances } = data
  if (!chances || queries.length < FOLDS) return data
  const width = candidates.length
  const ids = candidates.map(({ id }) => id)
  const targets = new Float64Array(quality.length)
  const order = shuffle([...queries.keys()], random)
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = order.filter((_, place) => place % FOLDS !== fold).sort((a, b) => a - b)
    const estimator = family.load(family.fit(partOf(data, others), options, random), ids)
    for (const i of order.filter((_, place) => place % FOLDS === fold)) {
      const predicted = estimator.estimate(queries[i]!, candidates).quality
      for (const [column, expected] of predicted.entries()) {
        const at = i * width + column
        const weight = Math.min(MOST_WEIGHT, 1 / chances[at]!)
        targets[at] = Number.isNaN(quality[at]!) ? expected : expected + weight * (quality[at]! - expected)
      }
    }
  }
  return { ...data, quality: targets }
}

/** Some rows of what is known one outcome a row. */
function partOf({ queries, candidates, quality, outputTokens }: TrainingSet, rows: readonly number[]): TrainingSet {
  const width = candidates.length
  const pick = (matrix: Float64Array) =>
    Float64Array.from(
      { length: rows.length * width },
      (_, k) => matrix[rows[Math.floor(k / width)]! * width + (k % width)]!,
    )
  return {
    queries: rows.map((row) => queries[row]!),
    candidates,
    quality: pick(quality),
    outputTokens: pick(outputTokens),
  }
}
