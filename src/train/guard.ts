/**
 * Fits the guard: how much of an estimator's predicted differences between candidates survives.
 *
 * Every training row is predicted by an estimator that has not seen it (K folds). For each shrink factor s the
 * decisions that would follow are compared, row by row, with the best constant at the same λ, chosen on the folds that
 * the row is not in. The gain in utility, quality − λ · cost, is divided by the oracle's gain at that λ, so that every λ
 * counts alike whatever a USD is worth there, and averaged over a grid of λ spanning the hull of single models. The s with the
 * highest lower confidence bound of the mean gain wins; when no bound is above zero, s = 0 and the constant serves.
 *
 * Sources: shrinkage toward a constant (James and Stein 1961); a learned policy serves only when a lower bound of its
 * value clears the incumbent's (Thomas et al. 2015, "High Confidence Policy Improvement"); cross-fitting (Chernozhukov
 * et al. 2018). The bound is one-sided at 95 % for all tried s together (Bonferroni).
 */
import { withPriors } from '../route/priors.ts'
import type { Estimate, Estimator, EstimatorFamily, Guard, JsonObject, Planner, Query } from '../spec.ts'
import { createChooser } from './choose.ts'
import type { OutcomeSet } from './dataset.node.ts'
import { gainsOver, judgedLambdas } from './gains.ts'
import { lowerBound, mean, quantile } from './metrics/statistics.ts'
import { recall } from './predict.ts'
import { assignFolds, at, costsOf, isComplete, toTrainingSet } from './rows.ts'

/** Shrink factors that are tried beside 0. */
const SHRINKS = [0.25, 0.5, 0.75, 1]
/** One-sided 95 % for four tries: the 98.75 % quantile of the normal distribution. */
const Z = 2.2414
/** Fewer complete rows bound nothing. */
const MIN_ROWS = 20
/** Below the support that this share of the training queries has, the constant serves. */
const SUPPORT_QUANTILE = 0.05

export interface GuardOptions<Options extends object> {
  readonly family: EstimatorFamily<Options>
  readonly options: Options
  /** By whose choices at each λ the predictions are judged. */
  readonly judge: Planner
  readonly folds: number
  readonly random: () => number
  readonly onProgress?: (done: number, total: number) => void
}

export interface FittedGuard {
  readonly guard: Guard
  /** Predicts each of the queries as an estimator did that had not seen it; `null` where there was too little to judge. */
  readonly heldOut: Estimator | null
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
  const judged = rows.flatMap((row, i) => (isComplete(set, costs, row) ? [i] : []))
  if (judged.length < MIN_ROWS)
    return {
      guard: { shrink: 0, minSupport: 0, ...constant, evidence: { rows: judged.length, needed: MIN_ROWS } },
      heldOut: null,
    }

  const foldOf = assignFolds(set, rows, folds, random)
  const { estimates, constants } = crossFit(set, rows, queries, foldOf, options)
  const supports = estimates.map((estimate) => estimate.support)
  const minSupport = quantile(supports, SUPPORT_QUANTILE)

  const ids = set.candidates.map((candidate) => candidate.id)
  const candidates = withPriors(set.candidates)
  const estimator = recall(family.name, { queries, estimates, ids })
  const decideWith = (shrink: number) => {
    const choosers = constants.map((known) => {
      const guard: Guard = { shrink, minSupport, ...known, evidence: {} }
      return createChooser({ estimator, planner: judge, guard, candidates: ids }, { candidates, random })
    })
    return (i: number, lambda: number) => ids.indexOf(choosers[foldOf[i]!]!(queries[i]!, lambda))
  }
  const data = { set, costs, rows, foldOf, judged }
  const lambdas = judgedLambdas(data)
  const tried = SHRINKS.map((shrink) => {
    const gains = gainsOver(data, lambdas, decideWith(shrink))
    return { shrink, ...lowerBound(gains.perQuery, Z), perLambda: gains.perLambda }
  })
  const best = tried.reduce((a, b) => (b.low > a.low ? b : a))
  const evidence: JsonObject = {
    rows: judged.length,
    folds,
    supportQuantile: SUPPORT_QUANTILE,
    lambdas,
    // Gains are shares of what the oracle gains over the best constant.
    tried: tried.map(({ shrink, mean: gain, error, low, perLambda }) => ({ shrink, gain, error, low, perLambda })),
  }
  return {
    guard: { shrink: best.low > 0 ? best.shrink : 0, minSupport, ...constant, evidence },
    heldOut: estimator,
  }
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
