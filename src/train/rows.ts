/** Views of an outcome set that training and evaluation share. */
import type { EstimatorFamily, Query, TrainingSet } from '../spec.ts'
import { hullOf, slopesOf } from './metrics/hull.ts'
import type { OutcomeMatrix } from './metrics/points.ts'
import { mean } from './metrics/statistics.ts'
import type { OutcomeSet } from './outcomes.ts'
import { shuffle } from './random.ts'

/** One entry of a row-major matrix. */
export function at(set: OutcomeSet, matrix: Float64Array, row: number, column: number): number {
  return matrix[row * set.candidates.length + column]!
}

/** How sure a candidate was of its recorded answer; `null` = not known. */
export function logprobAt(set: OutcomeSet, row: number, column: number): number | null {
  const value = set.logprobs ? at(set, set.logprobs, row, column) : Number.NaN
  return Number.isNaN(value) ? null : value
}

/** What is learned from: the outcomes of `rows`; `queries[i]` belongs to `rows[i]`. */
export function toTrainingSet(set: OutcomeSet, rows: readonly number[], queries: readonly Query[]): TrainingSet {
  const { candidates, quality, outputTokens, answers } = set
  const width = candidates.length
  return {
    queries,
    candidates,
    quality: pick(set, quality, rows),
    outputTokens: pick(set, outputTokens, rows),
    tasks: rows.map((row) => set.queries[row]!.task),
    ...(answers && { answers: rows.flatMap((row) => answers.slice(row * width, (row + 1) * width)) }),
  }
}

/** Why the family cannot learn from the set, in words; `null` where it can. */
export function lackOf(set: OutcomeSet, { name, needs }: Pick<EstimatorFamily, 'name' | 'needs'>): string | null {
  const width = set.candidates.length
  const answersTo = (row: number) => set.answers?.slice(row * width, (row + 1) * width).filter((one) => one !== null)
  if (needs === 'answers' && !set.queries.some((_, row) => (answersTo(row)?.length ?? 0) >= 3))
    return `${name} learns from what three or more candidates answered to a query, and ${set.name} has no such answers that an encoder read.`
  if (needs === 'tasks' && set.queries.every(({ task }) => task === ''))
    return `${name} learns from the task of each query, and ${set.name} names none.`
  return null
}

/** Quality and cost of every candidate on `rows`, which are complete. */
export function toMatrix(set: OutcomeSet, rows: readonly number[]): OutcomeMatrix {
  return {
    models: set.candidates.length,
    qualities: pick(set, set.quality, rows),
    costs: pick(set, costsOf(set), rows),
  }
}

function pick(set: OutcomeSet, matrix: Float64Array, rows: readonly number[]): Float64Array {
  const width = set.candidates.length
  const picked = new Float64Array(rows.length * width)
  for (const [i, row] of rows.entries()) picked.set(matrix.subarray(row * width, (row + 1) * width), i * width)
  return picked
}

/** The set's costs in USD; a set that records none is about quality alone, there every answer costs nothing. */
export function costsOf(set: OutcomeSet): Float64Array {
  return set.costUsd.every(Number.isNaN) ? new Float64Array(set.costUsd.length) : set.costUsd
}

/** Whether quality and cost of every candidate are known: only such rows allow an exact comparison. */
export function isComplete(set: OutcomeSet, costs: Float64Array, row: number): boolean {
  return set.candidates.every(
    (_, column) => !Number.isNaN(at(set, set.quality, row, column) + at(set, costs, row, column)),
  )
}

/** Those of the rows whose outcomes are all known. */
export function completeRows(set: OutcomeSet, rows: readonly number[]): number[] {
  const costs = costsOf(set)
  return rows.filter((row) => isComplete(set, costs, row))
}

/** The set as it was before a candidate joined: of `column` only the outcomes on the rows in `known` are there. */
export function withHidden(
  set: OutcomeSet,
  { column, known }: { readonly column: number; readonly known: readonly number[] },
): OutcomeSet {
  const width = set.candidates.length
  const kept = new Set(known)
  const isHidden = (at: number) => at % width === column && !kept.has((at - column) / width)
  const hide = (matrix: Float64Array) => matrix.map((value, at) => (isHidden(at) ? Number.NaN : value))
  const { quality, costUsd, inputTokens, outputTokens, latencyMs, answers, texts, logprobs } = set
  return {
    ...set,
    ...(texts && { texts: texts.map((text, at) => (isHidden(at) ? null : text)) }),
    ...(logprobs && { logprobs: hide(logprobs) }),
    ...(answers && { answers: answers.map((answer, at) => (isHidden(at) ? null : answer)) }),
    quality: hide(quality),
    // A set without costs has none to hide.
    costUsd: costUsd.every(Number.isNaN) ? costUsd : hide(costUsd),
    inputTokens: hide(inputTokens),
    outputTokens: hide(outputTokens),
    latencyMs: hide(latencyMs),
  }
}

/**
 * Values of λ from "money is no object" to "as cheap as can be": 0, then `points` values evenly spaced in the logarithm
 * over the slopes of the single models' hull on `rows`, the λ at which the best constant changes, and `reach` times beyond.
 */
export function lambdaGrid(
  set: OutcomeSet,
  rows: readonly number[],
  options: { readonly points: number; readonly reach: number },
): number[] {
  const costs = costsOf(set)
  const singles = set.candidates.map((_, column) => ({
    costUsd: mean(rows.map((row) => at(set, costs, row, column))),
    quality: mean(rows.map((row) => at(set, set.quality, row, column))),
  }))
  const dearest = Math.max(...singles.map((single) => single.costUsd))
  if (!(dearest > 0)) return [0]
  const slopes = slopesOf(hullOf(singles)).filter(Number.isFinite)
  const [low, high] = slopes.length > 0 ? [slopes.at(-1)!, slopes[0]!] : [1 / dearest, 1 / dearest]
  const from = Math.log(low / options.reach)
  const step = (Math.log(high * options.reach) - from) / (options.points - 1)
  return [0, ...Array.from({ length: options.points }, (_, i) => Math.exp(from + i * step))]
}

/** A fold in 0 … folds − 1 for each row; rows with the same prompt share one, so that no answer leaks between folds. */
export function assignFolds(set: OutcomeSet, rows: readonly number[], folds: number, random: () => number): number[] {
  const prompts = shuffle([...new Set(rows.map((row) => set.queries[row]!.prompt))], random)
  const foldOf = new Map(prompts.map((prompt, i) => [prompt, i % folds]))
  return rows.map((row) => foldOf.get(set.queries[row]!.prompt)!)
}
