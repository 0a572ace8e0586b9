/**
 * The guard's two calibration slopes where one candidate's outcome is known of each query, drawn with known chances.
 *
 * Differences between candidates cannot be seen on one row, so both sides are taken less what a draw was expected to give: prediction of the
 * drawn candidate − Σ chance · prediction against its outcome − Σ chance · prediction. The left side has mean zero over the draws of any row, so that
 * what all candidates have in common, and any error in what was expected, cancels on average (Robinson 1988; the R-learner of Nie and Wager, arXiv 1712.04912).
 * Nothing is divided by a chance: a row on which there was no choice says nothing, instead of much with little certainty.
 */
import { type Slope, slopeOf } from '../metrics/slope.ts'

/** One row; arrays have an entry per candidate. Values count from the constant, as the guard's do. */
export interface Drawn {
  readonly arm: number
  /** They sum to 1; 0 = could not be asked. */
  readonly chances: ArrayLike<number>
  readonly predicted: ArrayLike<number>
  /** Of the drawn candidate. */
  readonly outcome: number
  readonly fold: number
  /** What was asked again has the same number. */
  readonly prompt: number
}

/** Squares of a column that add up to less are rounding. */
const NOTHING = 1e-9

/**
 * `withinFolds` is what is left when each candidate may have a mean of its own in each fold, on both sides (Frisch and Waugh 1933): that of
 * predictions that vary with the query. Its error counts the means as estimated.
 */
export function drawnSlopes(rows: readonly Drawn[]): { readonly all: Slope; readonly withinFolds: Slope } {
  const expected = rows.map(({ chances, predicted }) => dot(chances, predicted))
  const predicted = rows.map((row, i) => row.predicted[row.arm]! - expected[i]!)
  const outcomes = rows.map((row, i) => row.outcome - expected[i]!)
  const all = slopeBy(rows, predicted, outcomes)

  const [leftPredicted, leftOutcomes] = [predicted.slice(), outcomes.slice()]
  let spent = 0
  for (const members of Map.groupBy(rows.keys(), (i) => rows[i]!.fold).values()) {
    const columns = meansOf(members.map((i) => rows[i]!))
    spent += columns.length
    for (const side of [leftPredicted, leftOutcomes]) {
      const part = members.map((i) => side[i]!)
      for (const column of columns) subtract(part, column)
      for (const [j, i] of members.entries()) side[i] = part[j]!
    }
  }
  const { slope, error } = slopeBy(rows, leftPredicted, leftOutcomes)
  const freedom = rows.length - spent
  return {
    all,
    withinFolds: { slope, error: freedom > 0 ? error * Math.sqrt(rows.length / freedom) : Number.POSITIVE_INFINITY },
  }
}

function slopeBy(rows: readonly Drawn[], predicted: readonly number[], outcomes: readonly number[]): Slope {
  const single = (values: readonly number[]) => values.map((value) => Float64Array.of(value))
  return slopeOf(
    single(predicted),
    single(outcomes),
    rows.map(({ prompt }) => prompt),
  )
}

/** An orthonormal basis of what means of candidates can explain: drawn or not, less the chance of it. */
function meansOf(rows: readonly Drawn[]): number[][] {
  const basis: number[][] = []
  const width = rows[0]?.chances.length ?? 0
  for (let arm = 0; arm < width; arm++) {
    const column = rows.map((row) => (row.arm === arm ? 1 : 0) - row.chances[arm]!)
    for (const known of basis) subtract(column, known)
    const squares = dot(column, column)
    if (squares > NOTHING) basis.push(column.map((value) => value / Math.sqrt(squares)))
  }
  return basis
}

/** Leaves what is orthogonal to a column of length 1. */
function subtract(values: number[], column: readonly number[]): void {
  const share = dot(values, column)
  for (let i = 0; i < values.length; i++) values[i]! -= share * column[i]!
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
