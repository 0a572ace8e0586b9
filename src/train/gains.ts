/** What decisions made without having seen a row's outcomes gain over the best constant. */

import { mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { at, lambdaGrid } from './rows.ts'

/** Values of λ beside 0, and how far they go beyond the slopes of the hull. */
const LAMBDAS = 12
const LAMBDA_REACH = 3

/** Rows with the folds they were held out in. */
export interface Judged {
  readonly set: OutcomeSet
  readonly costs: Float64Array
  readonly rows: readonly number[]
  readonly foldOf: readonly number[]
  /** Indexes into `rows` whose outcomes are all known. */
  readonly judged: readonly number[]
}

/** The λ at which decisions are judged. */
export function judgedLambdas({ set, rows, judged }: Judged): number[] {
  const complete = judged.map((i) => rows[i]!)
  return lambdaGrid(set, complete, { points: LAMBDAS, reach: LAMBDA_REACH })
}

/**
 * Per judged row: (utility of the choice − utility of the best constant) / mean headroom, averaged over the λ; and the mean
 * gain at each λ. The headroom is the oracle's mean gain over that constant. A λ without headroom (one candidate is best for
 * every query) says nothing and counts 0.
 */
export function gainsOver(
  data: Judged,
  lambdas: readonly number[],
  decide: (i: number, lambda: number) => number,
): { perQuery: Float64Array; perLambda: number[] } {
  const { set, costs, rows, foldOf, judged } = data
  const perQuery = new Float64Array(judged.length)
  const perLambda = lambdas.map((lambda) => {
    const worth = (row: number, column: number) =>
      at(set, set.quality, row, column) - lambda * at(set, costs, row, column)
    const best = bestConstants(data, worth)
    const incumbents = judged.map((i) => worth(rows[i]!, best[foldOf[i]!]!))
    const heights = judged.map((i) => Math.max(...set.candidates.map((_, column) => worth(rows[i]!, column))))
    const headroom = mean(heights) - mean(incumbents)
    if (!(headroom > 1e-12)) return 0
    const gains = judged.map((i, j) => (worth(rows[i]!, decide(i, lambda)) - incumbents[j]!) / headroom)
    for (const [j, gain] of gains.entries()) perQuery[j]! += gain / lambdas.length
    return mean(gains)
  })
  return { perQuery, perLambda }
}

/** For each fold the candidate of highest total worth over the judged rows of the other folds. */
function bestConstants(data: Judged, worth: (row: number, column: number) => number): number[] {
  const { set, rows, foldOf, judged } = data
  const width = set.candidates.length
  const folds = Math.max(...foldOf) + 1
  const sums = new Float64Array(folds * width)
  const totals = new Float64Array(width)
  for (const i of judged) {
    for (let column = 0; column < width; column++) {
      const value = worth(rows[i]!, column)
      totals[column]! += value
      sums[foldOf[i]! * width + column]! += value
    }
  }
  return Array.from({ length: folds }, (_, fold) => {
    const others = totals.map((total, column) => total - sums[fold * width + column]!)
    return others.indexOf(Math.max(...others))
  })
}
