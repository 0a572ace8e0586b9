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
import type { Estimate, EstimatorFamily, Guard, JsonObject, Planner, Query } from '../spec.ts'
import { decideFrom } from './choose.ts'
import type { OutcomeSet } from './dataset.ts'
import { lowerBound, mean, quantile } from './metrics.ts'
import { assignFolds, at, costsOf, isComplete, lambdaGrid, toTrainingSet } from './rows.ts'

/** Shrink factors that are tried beside 0. */
const SHRINKS = [0.25, 0.5, 0.75, 1]
/** One-sided 95 % for four tries: the 98.75 % quantile of the normal distribution. */
const Z = 2.2414
/** Fewer complete rows bound nothing. */
const MIN_ROWS = 20
/** Values of λ beside 0, and how far they go beyond the slopes of the hull. */
const LAMBDAS = 12
const LAMBDA_REACH = 3
/** Below the support that this share of the training queries has, the constant serves. */
const SUPPORT_QUANTILE = 0.05

export interface GuardOptions<Options extends object> {
  readonly family: EstimatorFamily<Options>
  readonly options: Options
  readonly planner: Planner
  readonly folds: number
  readonly random: () => number
  readonly onProgress?: (done: number, total: number) => void
}

/** The guard for an estimator that will be fitted on `rows`; `queries[i]` belongs to `rows[i]`. */
export function fitGuard<Options extends object>(
  set: OutcomeSet,
  rows: readonly number[],
  queries: readonly Query[],
  options: GuardOptions<Options>,
): Guard {
  const constant = constantOf(set, rows)
  const costs = costsOf(set)
  const judged = rows.flatMap((row, i) => (isComplete(set, costs, row) ? [i] : []))
  if (judged.length < MIN_ROWS)
    return { shrink: 0, minSupport: 0, ...constant, evidence: { rows: judged.length, needed: MIN_ROWS } }

  const foldOf = assignFolds(set, rows, options.folds, options.random)
  const { estimates, constants } = crossFit(set, rows, queries, foldOf, options)
  const minSupport = quantile(
    estimates.map((estimate) => estimate.support),
    SUPPORT_QUANTILE,
  )
  const lambdas = lambdaGrid(set, rows, { points: LAMBDAS, reach: LAMBDA_REACH })
  const choose = (i: number, shrink: number, lambda: number) => {
    const guard = { shrink, minSupport, ...constants[foldOf[i]!]!, evidence: {} }
    return decideFrom(queries[i]!, estimates[i]!, guard, lambda, { ...options, candidates: set.candidates })
  }
  const tried = SHRINKS.map((shrink) => {
    const gains = gainsOver(set, costs, rows, judged, foldOf, lambdas, (i, lambda) => choose(i, shrink, lambda))
    return { shrink, gains, ...lowerBound(gains, Z) }
  })
  const best = tried.reduce((a, b) => (b.low > a.low ? b : a))
  const evidence: JsonObject = {
    rows: judged.length,
    folds: options.folds,
    lambdas,
    supportQuantile: SUPPORT_QUANTILE,
    // Shares of what the oracle would gain over the best constant.
    tried: tried.map(({ shrink, mean: gain, error, low }) => ({ shrink, gain, error, low })),
  }
  return { shrink: best.low > 0 ? best.shrink : 0, minSupport, ...constant, evidence }
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
    constants.push(constantOf(set, seenRows))
    for (const [i, query] of queries.entries())
      if (foldOf[i] === fold) estimates[i] = estimator.estimate(query, set.candidates)
    options.onProgress?.(fold + 1, options.folds)
  }
  return { estimates, constants }
}

/**
 * Per judged row: (utility of the choice − utility of the best constant) / mean headroom, averaged over the λ. The
 * headroom is the oracle's mean gain over that constant. A λ without headroom (one candidate is best for every query) says nothing.
 */
function gainsOver(
  set: OutcomeSet,
  costs: Float64Array,
  rows: readonly number[],
  judged: readonly number[],
  foldOf: readonly number[],
  lambdas: readonly number[],
  choose: (i: number, lambda: number) => number,
): Float64Array {
  const gains = new Float64Array(judged.length)
  for (const lambda of lambdas) {
    const worth = (row: number, column: number) =>
      at(set, set.quality, row, column) - lambda * at(set, costs, row, column)
    const best = bestConstants(set, rows, judged, foldOf, worth)
    const incumbents = judged.map((i) => worth(rows[i]!, best[foldOf[i]!]!))
    const headroom = mean(
      judged.map((i, j) => Math.max(...set.candidates.map((_, column) => worth(rows[i]!, column))) - incumbents[j]!),
    )
    if (!(headroom > 1e-12)) continue
    for (const [j, i] of judged.entries())
      gains[j]! += (worth(rows[i]!, choose(i, lambda)) - incumbents[j]!) / headroom / lambdas.length
  }
  return gains
}

/** For each fold the candidate of highest mean worth over the judged rows of the other folds. */
function bestConstants(
  set: OutcomeSet,
  rows: readonly number[],
  judged: readonly number[],
  foldOf: readonly number[],
  worth: (row: number, column: number) => number,
): number[] {
  const folds = Math.max(...foldOf) + 1
  const width = set.candidates.length
  const sums = new Float64Array(folds * width)
  const counts = new Float64Array(folds)
  for (const i of judged) {
    for (let fold = 0; fold < folds; fold++) {
      if (fold === foldOf[i]) continue
      counts[fold]!++
      for (let column = 0; column < width; column++) sums[fold * width + column]! += worth(rows[i]!, column)
    }
  }
  return Array.from({ length: folds }, (_, fold) => {
    const means = sums.subarray(fold * width, (fold + 1) * width)
    return means.indexOf(Math.max(...means))
  })
}

type Constant = Pick<Guard, 'quality' | 'outputTokens'>

/** What the constant believes: each candidate's mean, or the pool's where nothing of the candidate is known. */
function constantOf(set: OutcomeSet, rows: readonly number[]): Constant {
  const means = (matrix: Float64Array, unknown: number) => {
    const known = set.candidates.map((_, column) =>
      mean(rows.map((row) => at(set, matrix, row, column)).filter((value) => !Number.isNaN(value))),
    )
    const pool = mean(known.filter((value) => !Number.isNaN(value)))
    return known.map((value) => (Number.isNaN(value) ? (Number.isNaN(pool) ? unknown : pool) : value))
  }
  return { quality: means(set.quality, 0.5), outputTokens: means(set.outputTokens, 0) }
}
