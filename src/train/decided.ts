/** What a fitted router decides on one part of a split, as plain data: it can be computed in another thread and kept on disk. */
import type { Fitted } from './contenders.ts'
import { bestConstant, type CostQuality, type OutcomeMatrix, type Outcomes } from './metrics/points.ts'
import { outcomesOf } from './metrics/regret.ts'
import { pointsOf, sweepOf } from './metrics/sweep.ts'
import type { OutcomeSet } from './outcomes.ts'
import { completeRows, toMatrix } from './rows.ts'
import type { Part } from './splits.node.ts'

/** Share of the decisions, the first, that warm the code up and are not timed. */
const COLD = 0.1

/**
 * What a router does with the test queries at one λ: asks one candidate, or several of them in turn, which earns one answer's quality
 * for the cost of all.
 */
export type Setting =
  | { readonly kind: 'single'; readonly columns: Uint16Array }
  | { readonly kind: 'sequence'; readonly outcomes: Outcomes; readonly asked: readonly (readonly number[])[] }

/** What is reached on the part's complete training rows. */
export interface Trained {
  /** One per λ, by decisions that had not seen the rows. */
  readonly points: readonly CostQuality[]
  /** The candidate with the highest quality on these rows, and what it reaches. */
  readonly constant: { readonly column: number; readonly point: CostQuality }
}

export interface Decided {
  readonly name: string
  readonly kind: 'policy' | 'baseline'
  readonly trained: Trained
  /** One per λ, each with an entry per test row of the part. */
  readonly settings: readonly Setting[]
  /** Of a pair of candidates, by test row: how much better the router predicts the strong one to be; `null` where it does not predict. */
  readonly scores: Float64Array | null
  /** Row-major, test rows × candidates; `null` of a router that believes nothing. */
  readonly believed: Float64Array | null
  /** Of single warm decisions. */
  readonly microseconds: readonly number[]
  /** Share of the learned differences that the guard lets through; policies only. */
  readonly shrink: number | null
}

export interface DecideOptions {
  readonly fitted: Fitted
  readonly lambdas: readonly number[]
  /** The column of the strong one of a pair of candidates. */
  readonly strong: number | null
}

/** Decides every test row at every λ, and every complete training row as one that was not seen. */
export function decideOn(set: OutcomeSet, part: Part, { fitted, lambdas, strong }: DecideOptions): Decided {
  const { test } = part
  const columns = lambdas.map(() => new Uint16Array(test.length))
  const microseconds: number[] = []
  for (const [i, row] of test.entries()) {
    for (const [k, lambda] of lambdas.entries()) {
      const begun = performance.now()
      columns[k]![i] = fitted.choose(row, lambda)
      // The first λ of a row pays for the prediction, the others reuse it.
      if (k === 0 && i >= COLD * test.length) microseconds.push(1000 * (performance.now() - begun))
    }
  }
  const { believe, shrink } = fitted
  return {
    name: fitted.name,
    kind: fitted.kind,
    trained: trainedOn(set, part, (row, k) => fitted.heldOut(row, lambdas[k]!), lambdas.length),
    settings: columns.map((one) => ({ kind: 'single', columns: one })),
    scores: strong === null ? null : Float64Array.from(test, (row) => preference(fitted.predict(row), strong)),
    believed: believe === undefined ? null : Float64Array.from(test.flatMap((row) => [...believe(row)])),
    microseconds,
    shrink: shrink ?? null,
  }
}

function preference(quality: Float64Array, strong: number): number {
  return quality[strong]! - quality[1 - strong]!
}

function trainedOn(
  set: OutcomeSet,
  { train }: Part,
  choose: (row: number, setting: number) => number,
  settings: number,
): Trained {
  const rows = completeRows(set, train)
  const matrix = toMatrix(set, rows)
  const outcomes = Array.from({ length: settings }, (_, k) => outcomesOf(matrix, (query) => choose(rows[query]!, k)))
  return { points: pointsOf(sweepOf(outcomes)), constant: bestOf(matrix) }
}

/** The best constant on some queries. */
export function bestOf(matrix: OutcomeMatrix): Trained['constant'] {
  const singles = Array.from(
    { length: matrix.models },
    (_, column) => pointsOf(sweepOf([outcomesOf(matrix, () => column)]))[0]!,
  )
  const column = bestConstant(singles)
  return { column, point: singles[column]! }
}

/** The same decisions, on the test queries at these places alone. */
export function restrict(decided: Decided, places: readonly number[]): Decided {
  const { settings, scores, believed, ...rest } = decided
  const width = believed === null ? 0 : believed.length / sizeOf(settings[0]!)
  return {
    ...rest,
    settings: settings.map((setting): Setting => {
      if (setting.kind === 'single')
        return { kind: 'single', columns: Uint16Array.from(places, (i) => setting.columns[i]!) }
      const { outcomes, asked } = setting
      const pick = (values: ArrayLike<number>) => Float64Array.from(places, (i) => values[i]!)
      return {
        kind: 'sequence',
        outcomes: { qualities: pick(outcomes.qualities), costs: pick(outcomes.costs) },
        asked: places.map((i) => asked[i]!),
      }
    }),
    scores: scores && Float64Array.from(places, (i) => scores[i]!),
    believed: believed && Float64Array.from(places.flatMap((i) => [...believed.subarray(i * width, (i + 1) * width)])),
  }
}

function sizeOf(setting: Setting): number {
  return setting.kind === 'single' ? setting.columns.length : setting.asked.length
}
