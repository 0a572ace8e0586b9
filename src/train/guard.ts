/**
 * Fits the guard: how much of an estimator's predicted differences between candidates survives.
 *
 * Every training row is predicted by an estimator that has not seen it (K folds). The calibration slope says how much of what was predicted
 * beyond the constant came true: outcome − constant against prediction − constant, each less its mean over the candidates, since only differences
 * decide. Predictions shrunk by their slope are true on average, so that a choice by quality − λ · cost then gains what it promises,
 * whatever λ is. What is not known of the slope counts against it: the factor is its lower bound, one-sided at 95 %.
 *
 * The slope is taken twice, and the lower bound counts: once as it is, and once within folds, each candidate less its mean over the fold. What
 * is left there varies with the query; without it an estimator that only shrinks the candidates' means toward each other would pass.
 *
 * Of a log, where the outcome of one drawn candidate is known of each row, both are taken from what the draws tell: `retrain/slopes.ts`.
 *
 * Where there is nothing to predict, the jackknife's error is too small: two rows of different folds teach each other, and their products are not independent.
 * For predictions w that are linear in the outcomes, the variance is a sum over pairs of (wᵢⱼ + wⱼᵢ)² where the jackknife has wᵢⱼ² + wⱼᵢ², so at most twice
 * as large. The hypothesis that there is nothing is therefore rejected, one-sided at 95 %, by √2 times the error, or the constant serves.
 *
 * A slope over all candidates and rows is known far sooner than the gain of the decisions that follow, which hangs on the few rows where the choice
 * changes; that gain is kept as evidence and decides nothing.
 *
 * Sources: shrinkage toward a constant (James and Stein 1961) by the slope of held-out predictions (Copas 1983; van Houwelingen and
 * le Cessie 1990); a learned policy serves only when a lower bound says that it is better (Thomas et al. 2015, "High Confidence Policy Improvement");
 * cross-fitting (Chernozhukov et al. 2018). Both slopes must pass, so that nothing is corrected for looking twice (Berger 1982).
 */
import { guardFactor } from '../route/guard.ts'
import { withPriors } from '../route/priors.ts'
import type { Estimate, Estimator, EstimatorFamily, Guard, JsonObject, Planner, Query } from '../spec.ts'
import { createChooser } from './choose.ts'
import { gainsOver, judgedLambdas } from './gains.ts'
import { type Slope, slopeOf } from './metrics/slope.ts'
import { lowerBound, mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { recall } from './predict.ts'
import { drawnSlopes } from './retrain/slopes.ts'
import { assignFolds, at, costsOf, isComplete, toTrainingSet } from './rows.ts'

/** One-sided 95 % of the normal distribution. */
const Z = 1.6449
/** The same where there is nothing to predict. */
const Z_NOTHING = Z * Math.SQRT2
/** Fewer complete rows bound nothing. */
const MIN_ROWS = 20
/** Support is 0 beyond all training queries: there the constant serves. From there on the factor rises with the support. */
const MIN_SUPPORT = 0

export interface GuardOptions<Options extends object> {
  readonly family: EstimatorFamily<Options>
  readonly options: Options
  /** By whose choices at each λ the gain is measured that is kept as evidence. */
  readonly judge: Planner
  readonly folds: number
  readonly random: () => number
  readonly onProgress?: (done: number, total: number) => void
}

export interface FittedGuard {
  readonly guard: Guard
  /** Predicts each of the queries as an estimator did that had not seen it; `null` where there was too little to judge. */
  readonly heldOut: Estimator | null
  /** By fold, and the fold of each query: the guard as it is without the fold's outcomes in its constant. Empty where there was too little to judge. */
  readonly folds: { readonly guards: readonly Guard[]; readonly foldOf: readonly number[] }
}

/** The guard for an estimator that will be fitted on `rows`; `queries[i]` belongs to `rows[i]`. */
export function fitGuard<Options extends object>(
  set: OutcomeSet,
  rows: readonly number[],
  queries: readonly Query[],
  options: GuardOptions<Options>,
): FittedGuard {
  const { family, judge, folds, random } = options
  const constant = constantOf(set, rows, queries)
  const costs = costsOf(set)
  const judged = rows.flatMap((row, i) => (set.chances || isComplete(set, costs, row) ? [i] : []))
  if (judged.length < MIN_ROWS)
    return {
      guard: { shrink: 0, minSupport: 0, ...constant, evidence: { rows: judged.length, needed: MIN_ROWS } },
      heldOut: null,
      folds: { guards: [], foldOf: [] },
    }

  const foldOf = assignFolds(set, rows, folds, random)
  const { estimates, constants } = crossFit(set, rows, queries, foldOf, options)

  const crossed: Crossed = { set, rows, judged, foldOf, estimates, constants }
  const slopes = set.chances ? slopesOfDraws(crossed, set.chances) : slopesOfRows(crossed)
  const shrink = Math.min(1, trusted(slopes.all), trusted(slopes.withinFolds))

  const ids = set.candidates.map((candidate) => candidate.id)
  const candidates = withPriors(set.candidates)
  const estimator = recall(family.name, { queries, estimates, ids })
  const guards = constants.map((known): Guard => ({ shrink, minSupport: MIN_SUPPORT, ...known, evidence: {} }))
  const gainsOfRows = () => {
    const choosers = guards.map((guard) =>
      createChooser({ estimator, planner: judge, guard, candidates: ids }, { candidates, random }),
    )
    const data = { set, costs, rows, foldOf, judged }
    const lambdas = judgedLambdas(data)
    const gains = gainsOver(data, lambdas, (i, lambda) => ids.indexOf(choosers[foldOf[i]!]!(queries[i]!, lambda)))
    const { mean: gain, error } = lowerBound(gains.perQuery, Z)
    return { gain, error, lambdas, perLambda: gains.perLambda }
  }
  const evidence: JsonObject = {
    rows: judged.length,
    folds,
    slopes: { all: toJson(slopes.all), withinFolds: toJson(slopes.withinFolds) },
    // Shares of what the oracle gains over the best constant, of the held-out decisions at this factor; an oracle knows all outcomes.
    ...(!set.chances && gainsOfRows()),
  }
  const guard: Guard = { shrink, minSupport: MIN_SUPPORT, ...constant, evidence }
  return { guard, heldOut: estimator, folds: { guards, foldOf } }
}

/** Cross-fitted predictions of rows, of which some can be judged. */
interface Crossed {
  readonly set: OutcomeSet
  readonly rows: readonly number[]
  readonly judged: readonly number[]
  readonly foldOf: readonly number[]
  readonly estimates: readonly Estimate[]
  readonly constants: readonly Constant[]
}

/** What is predicted beyond the constant of query i, as far as its support lets it through. */
function predictedBeyond({ foldOf, estimates, constants }: Crossed, i: number): Float64Array {
  const { quality, support } = estimates[i]!
  const factor = guardFactor({ shrink: 1, minSupport: MIN_SUPPORT }, support)
  return Float64Array.from(constants[foldOf[i]!]!.quality, (known, column) => factor * (quality[column]! - known))
}

/** Of rows with every candidate's outcome, whose differences can be seen. */
function slopesOfRows(crossed: Crossed) {
  const { set, rows, judged, foldOf, constants } = crossed
  const foldsJudged = judged.map((i) => foldOf[i]!)
  const outcomes = judged.map((i) => {
    const known = constants[foldOf[i]!]!.quality
    return centred(Float64Array.from(known, (quality, column) => at(set, set.quality, rows[i]!, column) - quality))
  })
  const predicted = judged.map((i) => centred(predictedBeyond(crossed, i)))
  const prompts = promptsOf(crossed)
  return {
    all: slopeOf(predicted, outcomes, prompts),
    withinFolds: slopeOf(lessMeans(predicted, foldsJudged), lessMeans(outcomes, foldsJudged), prompts),
  }
}

/** Of rows of a log: one outcome each, drawn with known chances. */
function slopesOfDraws(crossed: Crossed, chances: Float64Array) {
  const { set, rows, judged, foldOf, constants } = crossed
  const width = set.candidates.length
  const prompts = promptsOf(crossed)
  return drawnSlopes(
    judged.map((i, j) => {
      const row = rows[i]!
      const arm = set.candidates.findIndex((_, column) => !Number.isNaN(at(set, set.quality, row, column)))
      return {
        arm,
        chances: chances.subarray(row * width, (row + 1) * width),
        predicted: predictedBeyond(crossed, i),
        outcome: at(set, set.quality, row, arm) - constants[foldOf[i]!]!.quality[arm]!,
        fold: foldOf[i]!,
        prompt: prompts[j]!,
      }
    }),
  )
}

function promptsOf({ set, rows, judged }: Crossed): number[] {
  return numbered(judged.map((i) => set.queries[rows[i]!]!.prompt))
}

/** The lower bound of a slope; 0 where it may be that there is nothing. */
function trusted({ slope, error }: Slope): number {
  return slope > Z_NOTHING * error ? slope - Z * error : 0
}

function centred(values: Float64Array): Float64Array {
  const centre = mean(values)
  return values.map((value) => value - centre)
}

/** Every entry less its mean over the rows of the same fold. */
function lessMeans(rows: readonly Float64Array[], foldOf: readonly number[]): Float64Array[] {
  const sums = new Map<number, { count: number; sum: Float64Array }>()
  for (const [i, row] of rows.entries()) {
    const of = sums.get(foldOf[i]!) ?? { count: 0, sum: new Float64Array(row.length) }
    sums.set(foldOf[i]!, of)
    of.count++
    for (const [column, value] of row.entries()) of.sum[column]! += value
  }
  return rows.map((row, i) => {
    const { count, sum } = sums.get(foldOf[i]!)!
    return row.map((value, column) => value - sum[column]! / count)
  })
}

/** 0 for the first of the names, 1 for the next other one, and so on. */
function numbered(names: readonly string[]): number[] {
  const numberOf = new Map<string, number>()
  return names.map((name) => {
    const number = numberOf.get(name) ?? numberOf.size
    numberOf.set(name, number)
    return number
  })
}

/** JSON knows no infinity. */
function toJson({ slope, error }: Slope): JsonObject {
  return { slope, error: Number.isFinite(error) ? error : null }
}

/** Predictions for every row by an estimator that was fitted without its fold, and the constants of those fits. */
function crossFit<Options extends object>(
  set: OutcomeSet,
  rows: readonly number[],
  queries: readonly Query[],
  foldOf: readonly number[],
  options: GuardOptions<Options>,
): { estimates: Estimate[]; constants: Constant[] } {
  const ids = set.candidates.map((candidate) => candidate.id)
  const estimates: Estimate[] = []
  const constants: Constant[] = []
  for (let fold = 0; fold < options.folds; fold++) {
    const seen = rows.flatMap((_, i) => (foldOf[i] === fold ? [] : [i]))
    const seenRows = seen.map((i) => rows[i]!)
    const data = toTrainingSet(
      set,
      seenRows,
      seen.map((i) => queries[i]!),
    )
    const estimator = options.family.load(options.family.fit(data, options.options, options.random), ids)
    constants.push(constantOf(set, seenRows, data.queries))
    for (const [i, query] of queries.entries())
      if (foldOf[i] === fold) estimates[i] = estimator.estimate(query, set.candidates)
    options.onProgress?.(fold + 1, options.folds)
  }
  return { estimates, constants }
}

type Constant = Pick<Guard, 'quality' | 'outputTokens' | 'inputTokens'>

/** What the constant believes: each candidate's mean, or the pool's where nothing of the candidate is known. */
function constantOf(set: OutcomeSet, rows: readonly number[], queries: readonly Query[]): Constant {
  const means = (matrix: Float64Array, unknown: number) => {
    const known = set.candidates.map((_, column) =>
      mean(rows.map((row) => at(set, matrix, row, column)).filter((value) => !Number.isNaN(value))),
    )
    const pool = mean(known.filter((value) => !Number.isNaN(value)))
    return known.map((value) => (Number.isNaN(value) ? (Number.isNaN(pool) ? unknown : pool) : value))
  }
  const lengths = queries.map((query) => query.inputTokens)
  return {
    quality: means(set.quality, 0.5),
    outputTokens: means(set.outputTokens, 0),
    ...(lengths.length > 0 && { inputTokens: { mean: mean(lengths), max: Math.max(...lengths) } }),
  }
}
