/**
 * Exact evaluation on full-information data: every candidate's outcome is recorded for every query, so what a policy
 * would have earned is looked up, not estimated.
 */
import type { Choose } from './baselines.ts'
import type { OutcomeSet } from './dataset.node.ts'
import { bootstrap } from './metrics/bootstrap.ts'
import { hullOf, qualityAt } from './metrics/hull.ts'
import type { Interval } from './metrics/interval.ts'
import { bestConstant, bestWithin, type CostQuality, type OutcomeMatrix, peakQuality } from './metrics/points.ts'
import { qnc } from './metrics/ratios.ts'
import { oracleOf, outcomesOf } from './metrics/regret.ts'
import { sharesOf } from './metrics/shares.ts'
import { pointsOf, type Sweep, sweepOf } from './metrics/sweep.ts'
import { costsOf, isComplete, lambdaGrid, toMatrix } from './rows.ts'

/** "Near" the best single model's quality. */
const NEAR = 0.99

/** A router at one λ, on average over the queries. */
export interface Point extends CostQuality {
  readonly lambda: number
  /** Share of the queries that each candidate got, in the set's order. */
  readonly shares: readonly number[]
}

/** What one router reaches when λ is swept. Intervals cover 95 %, paired over queries. */
export interface Score {
  readonly name: string
  readonly points: readonly Point[]
  /**
   * One entry per budget: the best swept point that costs no more, and its lead over the hull of single models there.
   * −∞, and a lead that is NaN, where even the cheapest model costs more.
   */
  readonly budgets: readonly {
    /** Share of the best single model's cost. */
    readonly share: number
    readonly quality: Interval
    readonly lead: Interval
  }[]
  /** Highest quality of any swept point, less the best single model's. */
  readonly peakGain: Interval
  /**
   * Least cost of a swept point with at least the best single model's quality, as a share of its cost; infinite when
   * none has it. It hangs on a few queries, so that with 99 % of that quality is told beside it.
   */
  readonly costShare: Interval
  readonly nearCostShare: Interval
}

export interface Evaluation {
  readonly set: string
  /** Queries evaluated; rows with unknown outcomes are left out and counted. */
  readonly queries: number
  readonly leftOut: number
  readonly candidates: readonly string[]
  readonly singles: readonly CostQuality[]
  /** Column of the candidate with the highest quality on the training rows. */
  readonly bestSingle: number
  readonly cheapest: number
  /** Per query the cheapest of the best candidates: what no router can pass. */
  readonly oracle: CostQuality
  /** Quality that mixing single models buys, per budget; −∞ where even the cheapest costs more. */
  readonly hull: readonly { readonly share: number; readonly quality: number }[]
  readonly scores: readonly Score[]
}

export interface EvaluateOptions {
  readonly train: readonly number[]
  readonly test: readonly number[]
  readonly routers: readonly { readonly name: string; readonly choose: Choose }[]
  readonly random: () => number
  /** Bootstrap draws. */
  readonly draws?: number
  /** Shares of the best single model's cost. */
  readonly budgets?: readonly number[]
  /** Default: 0 and 60 values spanning the hull of single models on the training rows and a hundredfold beyond. */
  readonly lambdas?: readonly number[]
}

/** Evaluates routers on the test rows, beside those of `baselines`. */
export function evaluate(set: OutcomeSet, options: EvaluateOptions): Evaluation {
  const { budgets = [0.1, 0.25, 0.5], draws = 500 } = options
  const costs = costsOf(set)
  const train = options.train.filter((row) => isComplete(set, costs, row))
  const test = options.test.filter((row) => isComplete(set, costs, row))
  const lambdas = options.lambdas ?? lambdaGrid(set, train, { points: 60, reach: 100 })
  const columns = set.candidates.map((_, column) => column)
  const trained = singlesOf(toMatrix(set, train)).flatMap((single) => pointsOf(single))
  const bestSingle = bestConstant(trained)
  const cheapest = columns.reduce((best, c) => (trained[c]!.costUsd < trained[best]!.costUsd ? c : best), 0)
  const outcomes = toMatrix(set, test)
  const alone = singlesOf(outcomes)
  const singles = alone.flatMap((single) => pointsOf(single))
  const hull = hullOf(singles)

  const scores = options.routers.map(({ name, choose }): Score => {
    const settings = lambdas.map((lambda) => {
      const chosen = test.map((row) => choose(row, lambda))
      return { lambda, chosen, ...outcomesOf(outcomes, (i) => chosen[i]!) }
    })
    const sweep = sweepOf(settings)
    const statistics = (weights: Float64Array): number[] => {
      const drawn = alone.flatMap((single) => pointsOf(single, weights))
      const best = drawn[bestSingle]!
      const mixed = hullOf(drawn)
      const points = pointsOf(sweep, weights)
      const bought = budgets.map((share) => bestWithin(points, share * best.costUsd))
      return [
        peakQuality(points) - best.quality,
        qnc(points, best),
        qnc(points, best, NEAR * best.quality),
        ...bought,
        ...bought.map((quality, i) => quality - qualityAt(mixed, budgets[i]! * best.costUsd)),
      ]
    }
    const [peakGain, costShare, nearCostShare, ...rest] = bootstrap(test.length, statistics, {
      random: options.random,
      draws,
    })
    const points = pointsOf(sweep)
    return {
      name,
      points: settings.map(({ lambda, chosen }, k) => ({
        lambda,
        ...points[k]!,
        shares: sharesOf(chosen, columns.length),
      })),
      peakGain: peakGain!,
      costShare: costShare!,
      nearCostShare: nearCostShare!,
      budgets: budgets.map((share, i) => ({
        share,
        quality: rest[i]!,
        lead: rest[budgets.length + i]!,
      })),
    }
  })
  return {
    set: set.name,
    queries: test.length,
    leftOut: options.test.length - test.length,
    candidates: set.candidates.map((candidate) => candidate.id),
    singles,
    bestSingle,
    cheapest,
    oracle: pointsOf(sweepOf([oracleOf(outcomes, 0)]))[0]!,
    hull: budgets.map((share) => ({ share, quality: qualityAt(hull, share * singles[bestSingle]!.costUsd) })),
    scores,
  }
}

/** Every candidate as a policy of its own, one setting each. */
function singlesOf(outcomes: OutcomeMatrix): Sweep[] {
  return Array.from({ length: outcomes.models }, (_, column) => sweepOf([outcomesOf(outcomes, () => column)]))
}
