/** One comparison of a study from the decisions of its routers. */
import { SwitchyardError } from '../errors.ts'
import type { Aim } from './aims.ts'
import { type Comparison, compare, type Trial } from './compare.ts'
import { bestOf, type Decided, restrict } from './decided.ts'
import { judgeRun } from './judged.ts'
import { hullOf, slopesOf } from './metrics/hull.ts'
import type { CostQuality } from './metrics/points.ts'
import { outcomesOf } from './metrics/regret.ts'
import { pointsOf, sweepOf } from './metrics/sweep.ts'
import type { OutcomeSet } from './outcomes.ts'
import { completeRows, lambdaGrid, toMatrix } from './rows.ts'
import type { Part, View } from './splits.node.ts'

const BUDGETS = [0.1, 0.25, 0.5]

/** What all routers of a study are judged by. */
export interface Terms {
  readonly lambdas: readonly number[]
  readonly aims: readonly Aim[]
  /** Indexes into `lambdas`. */
  readonly regretAt: readonly number[]
  /** The column of the strong one of a pair of candidates. */
  readonly strong: number | null
}

/**
 * From the complete rows that some part may learn from. A set without costs has one aim, and one λ. Throws `data_invalid` where there is
 * no such row: then nobody knows what the best constant is.
 */
export function termsOf(set: OutcomeSet, parts: readonly Part[]): Terms {
  const rows = completeRows(set, [...new Set(parts.flatMap(({ train }) => train))])
  if (rows.length === 0)
    throw new SwitchyardError(
      'data_invalid',
      `${set.name}: no training query has the outcomes of all candidates, so nothing can be compared exactly. Record every candidate’s answer for some queries.`,
    )
  const lambdas = lambdaGrid(set, rows, { points: 60, reach: 100 })
  const priced: Aim[] = [...BUDGETS.map((share): Aim => ({ kind: 'budget', share })), { kind: 'match' }]
  const matrix = toMatrix(set, rows)
  const singles = set.candidates.map((_, column) => pointsOf(sweepOf([outcomesOf(matrix, () => column)]))[0]!)
  return {
    lambdas,
    aims: [{ kind: 'quality' }, ...(lambdas.length > 1 ? priced : [])],
    regretAt: [0, ...middle(lambdas, hullOf(singles))],
    strong: set.candidates.length === 2 ? bestOf(matrix).column : null,
  }
}

/** The setting in the middle of the λ at which the best constant changes, if there is such a λ. */
function middle(lambdas: readonly number[], hull: readonly CostQuality[]): number[] {
  const slopes = slopesOf(hull).filter((slope) => Number.isFinite(slope) && slope > 0)
  if (slopes.length === 0 || lambdas.length < 2) return []
  const target = Math.log(slopes[0]! * slopes.at(-1)!) / 2
  const distance = (k: number) => Math.abs(Math.log(lambdas[k]!) - target)
  return [lambdas.reduce((best, _, k) => (k > 0 && distance(k) < distance(best) ? k : best), 1)]
}

export interface StudyOptions {
  /** Its name. */
  readonly study: string
  readonly view: View
  readonly terms: Terms
  /** Of the first seed; the judged rows are those of all seeds. */
  readonly parts: readonly Part[]
  /** Per router and seed, one entry per part. The first router is the best constant. */
  readonly runs: readonly (readonly (readonly Decided[])[])[]
  readonly draws: number
  readonly seed: number
}

/** Judges every router on the rows of one view. */
export function compareStudy(
  set: OutcomeSet,
  { study, view, terms, parts, runs, draws, seed }: StudyOptions,
): Comparison {
  const places = parts.map(({ test }) => test.flatMap((row, i) => (view.has(row) ? [i] : [])))
  const rows = parts.flatMap(({ test }, p) => places[p]!.map((i) => test[i]!))
  const outcomes = toMatrix(set, rows)
  const trials = runs.map((run): Trial => {
    const { name, kind } = run[0]![0]!
    return {
      name,
      kind,
      runs: run.map((decided) =>
        judgeRun(
          decided.map((one, p) => restrict(one, places[p]!)),
          { ...terms, outcomes },
        ),
      ),
      shrinks: run.flatMap((decided) => decided.flatMap(({ shrink }) => shrink ?? [])),
    }
  })
  const { lambdas, aims, regretAt } = terms
  return compare(set, {
    lambdas,
    aims,
    regretAt,
    study,
    view: view.name,
    parts: parts.map(({ name, train }, p) => ({ name, train: train.length, test: places[p]!.length })),
    rows,
    outcomes,
    trials,
    draws,
    seed,
  })
}
