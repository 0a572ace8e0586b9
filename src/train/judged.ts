/** One run of a router on the queries it is judged by: what it earns at every setting, and at those chosen for an aim. */
import { type Aim, chooseMix, type Mix } from './aims.ts'
import type { Decided, Setting } from './decided.ts'
import { type Calibration, calibrationPerModel } from './metrics/calibration.ts'
import type { OutcomeMatrix, Outcomes } from './metrics/points.ts'
import { outcomesOf } from './metrics/regret.ts'
import { sharesOf } from './metrics/shares.ts'
import { type Ranking, rankByScore } from './metrics/strongShare.ts'
import { type Sweep, sweepOf } from './metrics/sweep.ts'
import { type DecisionTime, decisionTime } from './metrics/timing.ts'

/** What a mix of two settings earns and spends per query, in expectation, and which candidates it asks. */
export interface Operated extends Outcomes {
  readonly mixes: readonly Mix[]
  /** Of the calls, those to each candidate. */
  readonly shares: readonly number[]
}

/** One run of a router: one seed, all parts of a split, queries in the order of the parts. */
export interface Judged {
  /** One setting per λ. */
  readonly settings: readonly Outcomes[]
  readonly sweep: Sweep
  /** Of a pair of candidates: the order in which queries are given to the strong one. */
  readonly ranking: Ranking | null
  /** One entry per aim; `null` where some part cannot meet it. */
  readonly operated: readonly (Operated | null)[]
  /** Per part the column of the best constant on its training rows. */
  readonly constants: readonly number[]
  readonly calibration: readonly Calibration[] | null
  readonly time: DecisionTime
}

export interface JudgeOptions {
  readonly aims: readonly Aim[]
  /** The column of the strong one of a pair of candidates. */
  readonly strong: number | null
  readonly outcomes: OutcomeMatrix
}

/** `parts` are the router's decisions on the parts of a split, whose test rows in this order are those of `outcomes`. */
export function judgeRun(parts: readonly Decided[], { aims, strong, outcomes }: JudgeOptions): Judged {
  const { models } = outcomes
  const ends = parts.map((_, p) => parts.slice(0, p + 1).reduce((sum, one) => sum + queriesOf(one), 0))
  const slices = parts.map((_, p) => ({ from: ends[p - 1] ?? 0, to: ends[p]! }))
  const earned = parts.map(({ settings }, p) => settings.map((setting) => earn(setting, slice(outcomes, slices[p]!))))
  const settings = parts[0]!.settings.map((_, k) => join(earned.map((part) => part[k]!)))
  return {
    settings,
    sweep: sweepOf(settings),
    ranking: strong === null ? null : rank(parts, outcomes, strong),
    operated: aims.map((aim) => {
      const mixes = parts.map(({ trained }) => chooseMix(trained.points, aim, trained.constant.point))
      return mixes.every((mix) => mix !== null) ? operate(mixes, { parts, earned, models }) : null
    }),
    constants: parts.map(({ trained }) => trained.constant.column),
    calibration: calibrate(parts, outcomes),
    time: decisionTime(parts.flatMap(({ microseconds }) => microseconds)),
  }
}

function queriesOf({ settings }: Decided): number {
  const first = settings[0]!
  return first.kind === 'single' ? first.columns.length : first.asked.length
}

function slice(
  { models, qualities, costs }: OutcomeMatrix,
  { from, to }: { readonly from: number; readonly to: number },
): OutcomeMatrix {
  return {
    models,
    qualities: qualities.subarray(from * models, to * models),
    costs: costs.subarray(from * models, to * models),
  }
}

function earn(setting: Setting, outcomes: OutcomeMatrix): Outcomes {
  return setting.kind === 'single' ? outcomesOf(outcomes, (query) => setting.columns[query]!) : setting.outcomes
}

function join(parts: readonly Outcomes[]): Outcomes {
  const all = (pick: (part: Outcomes) => Float64Array) => Float64Array.from(parts.flatMap((part) => [...pick(part)]))
  return { qualities: all(({ qualities }) => qualities), costs: all(({ costs }) => costs) }
}

/** By the routers' own scores, as RouteLLM's thresholds do (arXiv 2406.18665): no λ and no guard has a part in it. */
function rank(parts: readonly Decided[], { qualities }: OutcomeMatrix, strong: number): Ranking | null {
  if (parts.some(({ scores }) => scores === null)) return null
  const scores = parts.flatMap((part) => [...part.scores!])
  const column = (m: number) => Float64Array.from(scores, (_, i) => qualities[2 * i + m]!)
  return rankByScore(scores, column(1 - strong), column(strong))
}

function operate(
  mixes: readonly Mix[],
  {
    parts,
    earned,
    models,
  }: {
    readonly parts: readonly Decided[]
    readonly earned: readonly (readonly Outcomes[])[]
    readonly models: number
  },
): Operated {
  const count = parts.reduce((sum, part) => sum + queriesOf(part), 0)
  const mixed = mixes.map(({ first, second, share }, p) => {
    const [a, b] = [earned[p]![first]!, earned[p]![second]!]
    const mix = (x: Float64Array, y: Float64Array) => x.map((value, i) => (1 - share) * value + share * y[i]!)
    return { qualities: mix(a.qualities, b.qualities), costs: mix(a.costs, b.costs) }
  })
  const shares = new Array<number>(models).fill(0)
  for (const [p, { first, second, share }] of mixes.entries()) {
    const weight = queriesOf(parts[p]!) / count
    const [a, b] = [first, second].map((setting) => askedShares(parts[p]!.settings[setting]!, models))
    for (let m = 0; m < models; m++) shares[m]! += weight * ((1 - share) * a![m]! + share * b![m]!)
  }
  return { mixes, ...join(mixed), shares }
}

function askedShares(setting: Setting, models: number): number[] {
  return sharesOf(setting.kind === 'single' ? setting.columns : setting.asked.flat(), models)
}

function calibrate(parts: readonly Decided[], { models, qualities }: OutcomeMatrix): Calibration[] | null {
  if (parts.some(({ believed }) => believed === null)) return null
  const predicted = Float64Array.from(parts.flatMap(({ believed }) => [...believed!]))
  return calibrationPerModel(predicted, qualities, { models })
}
