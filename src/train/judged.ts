/** A fitted router on the queries it is judged by: what it decides at every setting, and at those chosen for an aim. */
import { type Aim, chooseMix, type Mix } from './aims.ts'
import type { Fitted } from './contenders.ts'
import type { OutcomeSet } from './dataset.node.ts'
import { type Calibration, calibrationPerModel } from './metrics/calibration.ts'
import { bestConstant, type CostQuality, type OutcomeMatrix, type Outcomes } from './metrics/points.ts'
import { outcomesOf } from './metrics/regret.ts'
import { sharesOf } from './metrics/shares.ts'
import { pointsOf, type Sweep, sweepOf } from './metrics/sweep.ts'
import { type DecisionTime, decisionTime } from './metrics/timing.ts'
import { costsOf, isComplete, toMatrix } from './rows.ts'
import type { Part } from './splits.node.ts'

/** Share of the decisions, the first, that warm the code up and are not timed. */
const COLD = 0.1

/** What a mix of two settings earns and spends per query, in expectation, and which candidates it asks. */
export interface Operated extends Outcomes {
  readonly mixes: readonly Mix[]
  readonly shares: readonly number[]
}

/** One run of a router: one seed, all parts of a split, queries in the order of the parts. */
export interface Judged {
  /** One setting per λ. */
  readonly settings: readonly Outcomes[]
  readonly sweep: Sweep
  /** Of a pair of candidates: the share of calls to the strong one in place of the cost. */
  readonly calls: Sweep | null
  /** One entry per aim; `null` where some part cannot meet it. */
  readonly operated: readonly (Operated | null)[]
  readonly calibration: readonly Calibration[] | null
  readonly time: DecisionTime
}

export interface JudgeOptions {
  readonly parts: readonly Part[]
  readonly lambdas: readonly number[]
  readonly aims: readonly Aim[]
  /** The columns of a pair of candidates. */
  readonly strong: number | null
  readonly outcomes: OutcomeMatrix
}

/** `fits[p]` belongs to `parts[p]`. */
export function judgeRun(set: OutcomeSet, fits: readonly Fitted[], options: JudgeOptions): Judged {
  const { parts, lambdas, aims, strong, outcomes } = options
  const models = set.candidates.length
  const count = parts.reduce((sum, { test }) => sum + test.length, 0)
  const chosen = lambdas.map(() => new Uint16Array(count))
  const microseconds: number[] = []
  let i = 0
  for (const [p, { test }] of parts.entries()) {
    for (const row of test) {
      for (const [k, lambda] of lambdas.entries()) {
        const begun = performance.now()
        chosen[k]![i] = fits[p]!.choose(row, lambda)
        if (k === 0) microseconds.push(1000 * (performance.now() - begun))
      }
      i++
    }
  }
  const trained = parts.map((part, p) => trainPoints(set, part, fits[p]!, lambdas))
  const settings = chosen.map((columns) => outcomesOf(outcomes, (query) => columns[query]!))
  const called = (columns: Uint16Array) => Float64Array.from(columns, (column) => (column === strong ? 1 : 0))
  return {
    settings,
    sweep: sweepOf(settings),
    calls:
      strong === null ? null : sweepOf(settings.map(({ qualities }, k) => ({ qualities, costs: called(chosen[k]!) }))),
    operated: aims.map((aim) => {
      const mixes = trained.map(({ points, constant }) => chooseMix(points, aim, constant))
      return mixes.every((mix) => mix !== null) ? operate(mixes, { parts, settings, chosen, models }) : null
    }),
    calibration: calibrate(fits, { parts, outcomes }),
    time: decisionTime(microseconds.slice(COLD * count)),
  }
}

/** What every setting reaches on the part's complete training rows, by decisions that had not seen them; and the constant's. */
function trainPoints(
  set: OutcomeSet,
  { train }: Part,
  { heldOut }: Fitted,
  lambdas: readonly number[],
): { points: CostQuality[]; constant: CostQuality } {
  const rows = train.filter((row) => isComplete(set, costsOf(set), row))
  const matrix = toMatrix(set, rows)
  const settings = lambdas.map((lambda) => outcomesOf(matrix, (query) => heldOut(rows[query]!, lambda)))
  return { points: pointsOf(sweepOf(settings)), constant: bestOf(matrix).point }
}

/** The best constant on some queries. */
export function bestOf(matrix: OutcomeMatrix): { readonly column: number; readonly point: CostQuality } {
  const singles = Array.from(
    { length: matrix.models },
    (_, column) => pointsOf(sweepOf([outcomesOf(matrix, () => column)]))[0]!,
  )
  const column = bestConstant(singles)
  return { column, point: singles[column]! }
}

function operate(
  mixes: readonly Mix[],
  {
    parts,
    settings,
    chosen,
    models,
  }: {
    readonly parts: readonly Part[]
    readonly settings: readonly Outcomes[]
    readonly chosen: readonly Uint16Array[]
    readonly models: number
  },
): Operated {
  const count = settings[0]!.qualities.length
  const [qualities, costs] = [new Float64Array(count), new Float64Array(count)]
  const shares = new Array<number>(models).fill(0)
  let from = 0
  for (const [p, { first, second, share }] of mixes.entries()) {
    const to = from + parts[p]!.test.length
    for (const [setting, weight] of [
      [first, 1 - share],
      [second, share],
    ] as const) {
      for (let i = from; i < to; i++) {
        qualities[i]! += weight * settings[setting]!.qualities[i]!
        costs[i]! += weight * settings[setting]!.costs[i]!
      }
      for (const [column, part] of sharesOf(chosen[setting]!.subarray(from, to), models).entries())
        shares[column]! += (weight * part * (to - from)) / count
    }
    from = to
  }
  return { mixes, qualities, costs, shares }
}

function calibrate(
  fits: readonly Fitted[],
  { parts, outcomes }: { readonly parts: readonly Part[]; readonly outcomes: OutcomeMatrix },
): Calibration[] | null {
  if (fits.some(({ believe }) => believe === undefined)) return null
  const believed = parts.flatMap(({ test }, p) => test.map((row) => fits[p]!.believe!(row)))
  const predicted = new Float64Array(outcomes.qualities.length)
  for (const [i, row] of believed.entries()) predicted.set(row, i * outcomes.models)
  return calibrationPerModel(predicted, outcomes.qualities, { models: outcomes.models })
}
