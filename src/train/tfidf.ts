/**
 * The baseline of text classification: words and pairs of words, one ridge regression per candidate on quality and one on
 * cost, the candidate with the highest quality − λ · cost. It reads the prompt and no vector, and no guard stands behind it.
 */

import { gainsOver, judgedLambdas } from './gains.ts'
import { mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom } from './random.ts'
import type { Plain } from './router.ts'
import { assignFolds, at, costsOf } from './rows.ts'
import { fitSparseRidge, predictSparse, type SparseRidge, type SparseRows, selectRows } from './sparseRidge.ts'
import { fitTerms } from './terms.ts'

/** Rows have length 1. Finer steps would be told apart by noise. */
const PENALTIES = [1, 10, 100]
const FOLDS = 4
/** Fixed, so that the baseline is the same in every run. */
const FOLD_SEED = 1

/** Predictions: rows × candidates, row-major. */
interface Predicted {
  readonly quality: Float64Array
  readonly costUsd: Float64Array
}

/** The regressions of one penalty, by candidate. */
interface Heads {
  readonly quality: readonly SparseRidge[]
  readonly costUsd: readonly SparseRidge[]
}

/**
 * The router learned from `rows`, whose outcomes must all be known. One penalty serves all regressions: that whose held-out
 * decisions gain most over the best constant, on average over λ. Squared error tends to
 * choose a smaller one, under which the maximum over candidates picks out their errors.
 */
export function tfidfRidge(set: OutcomeSet, rows: readonly number[]): Plain {
  const prompts = rows.map((row) => set.queries[row]!.prompt)
  const toTerms = fitTerms(prompts)
  const x = toTerms(prompts)
  const penalty = rows.length < FOLDS ? PENALTIES.at(-1)! : choosePenalty(set, rows, x)
  const heads = fitHeads(set, rows, x, [penalty])[0]!
  const known = new Map<number, Predicted>()
  const predictedOf = (row: number) => {
    const predicted = known.get(row) ?? predict(heads, toTerms([set.queries[row]!.prompt]))
    known.set(row, predicted)
    return predicted
  }
  return {
    choose: (row, lambda) => bestColumn(predictedOf(row), 0, { columns: set.candidates.length, lambda }),
    predict: (row) => predictedOf(row).quality,
  }
}

function choosePenalty(set: OutcomeSet, rows: readonly number[], x: SparseRows): number {
  const foldOf = assignFolds(set, rows, FOLDS, createRandom(FOLD_SEED))
  const columns = set.candidates.length
  const heldOut = PENALTIES.map(
    (): Predicted => ({
      quality: new Float64Array(rows.length * columns),
      costUsd: new Float64Array(rows.length * columns),
    }),
  )
  const all = rows.map((_, i) => i)
  for (let fold = 0; fold < FOLDS; fold++) {
    const seen = all.filter((i) => foldOf[i] !== fold)
    const unseen = all.filter((i) => foldOf[i] === fold)
    if (seen.length === 0) continue
    const seenRows = seen.map((i) => rows[i]!)
    for (const [p, heads] of fitHeads(set, seenRows, selectRows(x, seen), PENALTIES).entries()) {
      const { quality, costUsd } = predict(heads, selectRows(x, unseen))
      for (const [k, i] of unseen.entries()) {
        heldOut[p]!.quality.set(quality.subarray(k * columns, (k + 1) * columns), i * columns)
        heldOut[p]!.costUsd.set(costUsd.subarray(k * columns, (k + 1) * columns), i * columns)
      }
    }
  }
  const data = { set, costs: costsOf(set), rows, foldOf, judged: all }
  const lambdas = judgedLambdas(data)
  const gains = heldOut.map((predicted) => {
    const { perLambda } = gainsOver(data, lambdas, (i, lambda) => bestColumn(predicted, i, { columns, lambda }))
    return mean(perLambda)
  })
  return PENALTIES[gains.indexOf(Math.max(...gains))] ?? PENALTIES.at(-1)!
}

/** The heads of every penalty. */
function fitHeads(set: OutcomeSet, rows: readonly number[], x: SparseRows, penalties: readonly number[]): Heads[] {
  const regress = (matrix: Float64Array) =>
    set.candidates.map((_, column) =>
      fitSparseRidge(
        x,
        Float64Array.from(rows, (row) => at(set, matrix, row, column)),
        penalties,
      ),
    )
  const [quality, costUsd] = [regress(set.quality), regress(costsOf(set))]
  return penalties.map((_, p) => ({ quality: quality.map((one) => one[p]!), costUsd: costUsd.map((one) => one[p]!) }))
}

function predict(heads: Heads, x: SparseRows): Predicted {
  const all = (ridges: readonly SparseRidge[]) => {
    const byColumn = ridges.map((ridge) => predictSparse(x, ridge))
    const matrix = new Float64Array((x.starts.length - 1) * ridges.length)
    for (const [column, values] of byColumn.entries())
      for (const [i, value] of values.entries()) matrix[i * ridges.length + column] = value
    return matrix
  }
  return { quality: all(heads.quality), costUsd: all(heads.costUsd) }
}

function bestColumn(
  { quality, costUsd }: Predicted,
  i: number,
  { columns, lambda }: { readonly columns: number; readonly lambda: number },
): number {
  const start = i * columns
  let best = 0
  for (let column = 1; column < columns; column++) {
    const lead =
      quality[start + column]! - quality[start + best]! - lambda * (costUsd[start + column]! - costUsd[start + best]!)
    if (lead > 0) best = column
  }
  return best
}
