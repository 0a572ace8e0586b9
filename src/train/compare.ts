/** Routers compared on the same queries: every figure with a paired bootstrap interval over queries and seeds, and a verdict. */
import type { Aim, Mix } from './aims.ts'
import type { Judged } from './judged.ts'
import { aiq, type CostRange, cascadeAuc, costRangeOf, deferralArea } from './metrics/area.ts'
import { type Resampled, resample } from './metrics/bootstrap.ts'
import type { Calibration } from './metrics/calibration.ts'
import { hullOf } from './metrics/hull.ts'
import { type Interval, percentileInterval } from './metrics/interval.ts'
import { paretoDist } from './metrics/pareto.ts'
import { bestWithin, type CostQuality, type OutcomeMatrix, type Outcomes, peakQuality } from './metrics/points.ts'
import { costSave, perfGain, qnc, tep } from './metrics/ratios.ts'
import { oracleOf, outcomesOf, regrets } from './metrics/regret.ts'
import { arenaScore } from './metrics/routerArena.ts'
import { mean, meanOfGroups, weightedMean } from './metrics/statistics.ts'
import { pairFigures } from './metrics/strongShare.ts'
import { pointsOf, sweepOf } from './metrics/sweep.ts'
import type { DecisionTime } from './metrics/timing.ts'
import { judge, type Verdict } from './metrics/verdict.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom } from './random.ts'

const CONFIDENCE = 0.95
/** Numbers that are resampled for each aim: quality, cost share, lead, task average. */
const PER_AIM = 4
/** Of more candidates than a pair. */
const NO_PAIR = { apgr: Number.NaN, cpt50: Number.NaN, cpt80: Number.NaN }

export interface Trial {
  readonly name: string
  readonly kind: 'policy' | 'baseline'
  /** One per seed; a router without randomness has one, which stands for all seeds. */
  readonly runs: readonly Judged[]
  /** Per seed and part, what the guard lets through. */
  readonly shrinks: readonly number[]
}

/** What a router reaches with the setting that was chosen for an aim on the training rows. */
export interface Reached {
  readonly quality: Interval
  readonly costUsd: number
  /** Cost as a share of what the best constant costs on the same queries; `NaN` where it costs nothing. */
  readonly costShare: Interval
  /** Quality less that of the best constant with the same aim: a single model, or for a budget the best mix of two. */
  readonly lead: Interval
  /** Of the lead; the lower bounds of all policies hold together. Baselines have none. */
  readonly verdict: Verdict | null
  /** Quality where every task counts alike. */
  readonly taskAverage: Interval
  /** In the order of `Comparison.tasks`. */
  readonly tasks: readonly number[]
  /** In the order of `Comparison.candidates`. */
  readonly shares: readonly number[]
  /** Of the first seed, one per part. */
  readonly mixes: readonly Mix[]
}

export interface Score {
  readonly name: string
  readonly kind: Trial['kind']
  readonly seeds: number
  readonly shrinks: readonly number[]
  /** In the order of `Comparison.aims`; `null`: the training rows hold no setting that meets it. */
  readonly reached: readonly (Reached | null)[]
  /** Average over seeds, one point per λ. */
  readonly points: readonly CostQuality[]
  /** The best swept point within each budget, picked on the judged queries themselves: flattering, and what papers print. */
  readonly within: readonly { readonly share: number; readonly quality: Interval }[]
  /** Highest quality of any swept point, and the least cost share at which one has the best constant's quality; picked likewise. */
  readonly peak: Interval
  readonly qnc: Interval
  /** The figures that other evaluations print, of the swept points: defined where they are computed. */
  readonly swept: Swept
  /** RouterBench's average improvement in quality, over the costs of the single models. */
  readonly aiq: Interval
  /** Of a pair of candidates: RouteLLM's figures over the share of calls to the strong one, by the predictions before any guard. */
  readonly pair: { readonly apgr: Interval; readonly cpt50: Interval; readonly cpt80: Interval } | null
  /** Mean utility lost to the oracle at each of `Comparison.regretAt`. */
  readonly regret: readonly Interval[]
  /** Of the first seed, in the order of the candidates. */
  readonly calibration: readonly Calibration[] | null
  readonly time: DecisionTime
}

/** Of points picked on the judged queries themselves: only to set beside figures that were made so elsewhere. */
export interface Swept {
  /** LLMRouterBench (arXiv 2601.07206): most quality and least cost against the best constant, mean distance to the joint frontier. */
  readonly perfGain: number
  readonly costSave: number
  readonly paretoDist: number
  /** Cascade routing (arXiv 2410.10347) and UniRoute (arXiv 2502.08773): areas under cost-quality curves. */
  readonly cascadeAuc: number
  readonly deferralArea: number
  /** RouterArena (arXiv 2510.00202): the highest score of any point. */
  readonly arena: number
  /** EllieSQL (arXiv 2503.22402), of the best point against the cheapest model, with USD in place of tokens. */
  readonly tep: ReturnType<typeof tep>
}

export interface Comparison {
  readonly set: string
  readonly sha256: string
  /** Which queries were learned from and which judge. */
  readonly study: string
  /** The part of the judged queries that this is about; `null`: all of them. */
  readonly view: string | null
  readonly parts: readonly { readonly name: string; readonly train: number; readonly test: number }[]
  readonly queries: number
  readonly candidates: readonly string[]
  readonly tasks: readonly { readonly name: string; readonly queries: number }[]
  readonly aims: readonly Aim[]
  readonly lambdas: readonly number[]
  readonly regretAt: readonly number[]
  /** Names of the best constant on each part's training rows. */
  readonly constants: readonly string[]
  readonly singles: readonly { readonly quality: Interval; readonly costUsd: number }[]
  readonly hull: readonly CostQuality[]
  /** Per λ the choices of one who knows all outcomes; the first is at λ = 0. */
  readonly oracle: readonly CostQuality[]
  /** A candidate drawn evenly for each query. */
  readonly random: CostQuality
  readonly cheapest: string
  readonly scores: readonly Score[]
}

export interface CompareOptions {
  readonly study: string
  readonly view: string | null
  readonly parts: Comparison['parts']
  /** Of the set, in the order of the judged queries. */
  readonly rows: readonly number[]
  readonly lambdas: readonly number[]
  readonly aims: readonly Aim[]
  /** Indexes into `lambdas` at which regret is told. */
  readonly regretAt: readonly number[]
  readonly outcomes: OutcomeMatrix
  /** The first one is the best constant. */
  readonly trials: readonly Trial[]
  readonly draws: number
  readonly seed: number
}

export function compare(set: OutcomeSet, options: CompareOptions): Comparison {
  const { rows: test, lambdas, aims, regretAt: regretSettings, outcomes, trials, draws, seed } = options
  const names = [...new Set(test.map((row) => set.queries[row]!.task))].sort()
  const taskOf = test.map((row) => names.indexOf(set.queries[row]!.task))
  const alone = set.candidates.map((_, column) => outcomesOf(outcomes, () => column))
  const singles = alone.map((one) => pointsOf(sweepOf([one]))[0]!)
  const range = costRangeOf(singles)
  const oracles = regretSettings.map((k) => oracleOf(outcomes, lambdas[k]!))
  const constantOf = (seed: number) => trials[0]!.runs[seed] ?? trials[0]!.runs[0]!
  const budgets = aims.flatMap((aim) => (aim.kind === 'budget' ? [aim.share] : []))

  const lossesOf = new Map(
    [...new Set(trials.flatMap(({ runs }) => runs))].map((run) => [
      run,
      regretSettings.map((k, r) => regrets(oracles[r]!, run.settings[k]!, lambdas[k]!)),
    ]),
  )

  const measure = (run: Judged, constants: readonly CostQuality[], weights: Float64Array): number[] => {
    const bar = constants[0]!
    const points = pointsOf(run.sweep, weights)
    const pair = run.ranking === null ? NO_PAIR : pairFigures(run.ranking, weights)
    return [
      ...aims.flatMap((_, a) => {
        const own = atWeights(run.operated[a] ?? null, weights)
        return [
          own.quality,
          bar.costUsd > 0 ? own.costUsd / bar.costUsd : Number.NaN,
          own.quality - constants[a]!.quality,
          meanOfGroups(run.operated[a]?.qualities ?? [], taskOf, weights),
        ]
      }),
      ...budgets.map((share) => bestWithin(points, share * bar.costUsd)),
      peakQuality(points),
      qnc(points, bar),
      aiq(points, range),
      pair.apgr,
      pair.cpt50,
      pair.cpt80,
      ...lossesOf.get(run)!.map((losses) => weightedMean(losses, weights)),
    ]
  }
  const seeds = Math.max(...trials.map(({ runs }) => runs.length))
  const resampled = resample(
    test.length,
    (weights, s) => {
      const constants = aims.map((_, a) => atWeights(constantOf(s).operated[a] ?? null, weights))
      return trials.flatMap(({ runs }) => measure(runs[s] ?? runs[0]!, constants, weights))
    },
    { random: createRandom(seed), draws, seeds },
  )
  const width = resampled.length / trials.length
  const figures = trials.map((_, t) => resampled.slice(t * width, (t + 1) * width))
  const verdicts = aims.map((_, a) => {
    const policies = trials.flatMap(({ kind }, t) => (kind === 'policy' ? [t] : []))
    const judged = judge(
      policies.map((t) => figures[t]![PER_AIM * a + 2]!),
      CONFIDENCE,
    )
    return new Map(policies.map((t, k) => [t, judged[k]!]))
  })
  const curves = trials.map(({ runs }) =>
    lambdas.map((_, k) => ({
      costUsd: mean(runs.map(({ settings }) => mean(settings[k]!.costs))),
      quality: mean(runs.map(({ settings }) => mean(settings[k]!.qualities))),
    })),
  )
  const barPoint = singles[constantOf(0).constants[0]!]!
  const singleFigures = resample(
    test.length,
    (weights) => alone.map(({ qualities }) => weightedMean(qualities, weights)),
    {
      random: createRandom(seed),
      draws,
    },
  )

  return {
    set: set.name,
    sha256: set.sha256,
    study: options.study,
    view: options.view,
    parts: options.parts,
    queries: test.length,
    candidates: set.candidates.map(({ id }) => id),
    tasks: names.map((name, t) => ({ name, queries: taskOf.filter((task) => task === t).length })),
    aims,
    lambdas,
    regretAt: regretSettings.map((k) => lambdas[k]!),
    constants: constantOf(0).constants.map((column) => set.candidates[column]!.id),
    singles: singles.map(({ costUsd }, column) => ({ quality: toInterval(singleFigures[column]!), costUsd })),
    hull: hullOf(singles),
    oracle: lambdas.map((lambda) => pointsOf(sweepOf([oracleOf(outcomes, lambda)]))[0]!),
    random: {
      costUsd: mean(singles.map(({ costUsd }) => costUsd)),
      quality: mean(singles.map(({ quality }) => quality)),
    },
    cheapest:
      set.candidates[singles.reduce((best, { costUsd }, c) => (costUsd < singles[best]!.costUsd ? c : best), 0)]!.id,
    scores: trials.map((trial, t): Score => {
      const own = figures[t]!.map(toInterval)
      const [peak, neutral, area, gap, half, most, ...regret] = own.slice(PER_AIM * aims.length + budgets.length)
      const first = trial.runs[0]!
      return {
        name: trial.name,
        kind: trial.kind,
        seeds: trial.runs.length,
        shrinks: trial.shrinks,
        reached: aims.map((_, a) => {
          const operated = trial.runs.flatMap((run) => run.operated[a] ?? [])
          if (operated.length < trial.runs.length) return null
          const [quality, costShare, lead, taskAverage] = own.slice(PER_AIM * a, PER_AIM * (a + 1))
          return {
            quality: quality!,
            costUsd: mean(operated.map(({ costs }) => mean(costs))),
            costShare: costShare!,
            lead: lead!,
            verdict: verdicts[a]!.get(t) ?? null,
            taskAverage: taskAverage!,
            tasks: names.map((_, task) =>
              mean(operated.map(({ qualities }) => mean(qualities.filter((_, i) => taskOf[i] === task)))),
            ),
            shares: set.candidates.map((_, column) => mean(operated.map(({ shares }) => shares[column]!))),
            mixes: first.operated[a]!.mixes,
          }
        }),
        points: curves[t]!,
        within: budgets.map((share, b) => ({ share, quality: own[PER_AIM * aims.length + b]! })),
        swept: sweptFigures(curves[t]!, { all: curves.flat(), bar: barPoint, singles, range }),
        peak: peak!,
        qnc: neutral!,
        aiq: area!,
        pair: first.ranking === null ? null : { apgr: gap!, cpt50: half!, cpt80: most! },
        regret,
        calibration: first.calibration,
        time: first.time,
      }
    }),
  }
}

function sweptFigures(
  points: readonly CostQuality[],
  {
    all,
    bar,
    singles,
    range,
  }: {
    readonly all: readonly CostQuality[]
    readonly bar: CostQuality
    readonly singles: readonly CostQuality[]
    readonly range: CostRange
  },
): Swept {
  const effort = ({ quality, costUsd }: CostQuality) => ({ performance: quality, tokens: costUsd })
  const best = points.reduce((a, b) => (b.quality > a.quality ? b : a))
  const cheapest = singles.reduce((a, b) => (b.costUsd < a.costUsd ? b : a))
  return {
    perfGain: perfGain(points, bar),
    costSave: costSave(points, bar),
    paretoDist: paretoDist(points, all),
    cascadeAuc: cascadeAuc(points, singles),
    deferralArea: deferralArea(points, range),
    arena: Math.max(...points.map(({ quality, costUsd }) => arenaScore(quality, 1000 * costUsd))),
    tep: tep(effort(best), effort(cheapest)),
  }
}

/** What was not reached has no quality and no end of cost. */
function atWeights(operated: Outcomes | null, weights: Float64Array): CostQuality {
  if (operated === null) return { costUsd: Number.POSITIVE_INFINITY, quality: Number.NEGATIVE_INFINITY }
  return { costUsd: weightedMean(operated.costs, weights), quality: weightedMean(operated.qualities, weights) }
}

function toInterval(sample: Resampled): Interval {
  return percentileInterval(sample, CONFIDENCE)
}
