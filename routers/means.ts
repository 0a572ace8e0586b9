/**
 * What is known of each candidate without looking at the query: shrunken means. Every estimator starts from them, shrinks
 * toward them and falls back on them for candidates that it has never seen.
 */
import type { Candidate, EstimatorState, Tensor, TrainingSet } from '../src/spec.ts'
import { f64, readF64 } from './state.ts'

/** Standard deviation of a quality of which nothing is known: uniform on [0, 1]. */
export const UNKNOWN_STD = Math.sqrt(1 / 12)
/** Quality and output tokens of a candidate of which nothing is known, in a pool of which nothing is known. */
export const UNKNOWN_QUALITY = 0.5
export const UNKNOWN_OUTPUT_TOKENS = 300

/** The constant answer for a list of live candidates. */
export interface MeanEstimate {
  /** Column of each candidate in the trained matrices; −1 where the training data says nothing of it. */
  readonly columns: Int32Array
  readonly quality: Float64Array
  readonly qualityStd: Float64Array
  readonly outputTokens: Float64Array
}

export interface Means {
  /** Per trained candidate; meaningless where `rows` is 0. */
  readonly quality: Float64Array
  readonly outputTokens: Float64Array
  /** How many outcomes each mean rests on. */
  readonly rows: Float64Array
  estimate(candidates: readonly Candidate[]): MeanEstimate
}

/**
 * Means per candidate, shrunk toward the mean of the pool as if `pseudoCount` outcomes of it had been seen.
 * Tensor [4, candidates]: quality, its standard error, output tokens, number of outcomes.
 */
export function fitMeans(data: TrainingSet, pseudoCount: number): Tensor {
  const m = data.candidates.length
  const quality = columnMoments(data.quality, data.queries.length, m)
  const tokens = columnMoments(data.outputTokens, data.queries.length, m)
  const poolQuality = average(quality.mean) ?? UNKNOWN_QUALITY
  const poolVariance = average(quality.variance) ?? UNKNOWN_STD ** 2
  const poolTokens = average(tokens.mean) ?? UNKNOWN_OUTPUT_TOKENS

  const table = new Float64Array(4 * m)
  for (let c = 0; c < m; c++) {
    const n = quality.count[c]!
    const weight = n / (n + pseudoCount || 1)
    const tokenWeight = tokens.count[c]! / (tokens.count[c]! + pseudoCount || 1)
    table[c] = blend(quality.mean[c]!, poolQuality, weight)
    table[m + c] = Math.sqrt(blend(quality.variance[c]!, poolVariance, weight) / Math.max(n + pseudoCount, 1))
    table[2 * m + c] = blend(tokens.mean[c]!, poolTokens, tokenWeight)
    table[3 * m + c] = n
  }
  return f64(table, [4, m])
}

/** Reads the tensor `means` of a state. `ids` are the trained candidates, in the order of the columns. */
export function loadMeans(state: EstimatorState, ids: readonly string[]): Means {
  const m = ids.length
  const table = readF64(state, 'means', [4, m])
  const [quality, std, outputTokens, rows] = [0, 1, 2, 3].map((k) => table.slice(k * m, (k + 1) * m))
  const columnOf = new Map(ids.map((id, c) => [id, c] as const).filter(([, c]) => rows![c]! > 0))
  const seen = [...columnOf.values()]
  const poolQuality = average(seen.map((c) => quality![c]!)) ?? UNKNOWN_QUALITY
  const poolTokens = average(seen.map((c) => outputTokens![c]!)) ?? UNKNOWN_OUTPUT_TOKENS

  function estimate(candidates: readonly Candidate[]): MeanEstimate {
    const columns = Int32Array.from(candidates, ({ id }) => columnOf.get(id) ?? -1)
    return {
      columns,
      quality: Float64Array.from(candidates, ({ priors }, i) =>
        columns[i]! < 0 ? (priors?.quality ?? poolQuality) : quality![columns[i]!]!,
      ),
      qualityStd: Float64Array.from(columns, (c) => (c < 0 ? UNKNOWN_STD : std![c]!)),
      outputTokens: Float64Array.from(candidates, ({ priors }, i) =>
        columns[i]! < 0 ? (priors?.outputTokens ?? poolTokens) : outputTokens![columns[i]!]!,
      ),
    }
  }
  return { quality: quality!, outputTokens: outputTokens!, rows: rows!, estimate }
}

/** Mean and variance of every column of a row-major matrix, over the entries that are not NaN; NaN where there are none. */
function columnMoments(matrix: Float64Array, rows: number, columns: number) {
  const count = new Float64Array(columns)
  const mean = new Float64Array(columns)
  const squares = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < columns; c++) {
      const value = matrix[i * columns + c]!
      if (Number.isNaN(value)) continue
      count[c]! += 1
      const delta = value - mean[c]!
      mean[c]! += delta / count[c]!
      squares[c]! += delta * (value - mean[c]!)
    }
  }
  return {
    count,
    mean: mean.map((value, c) => (count[c]! > 0 ? value : Number.NaN)),
    variance: squares.map((value, c) => (count[c]! > 0 ? value / count[c]! : Number.NaN)),
  }
}

function average(values: Iterable<number>): number | undefined {
  const known = [...values].filter((value) => !Number.isNaN(value))
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length
}

/** `weight` of `value`, the rest of `target`; a value that is not known has no weight. */
function blend(value: number, target: number, weight: number): number {
  return weight === 0 ? target : weight * value + (1 - weight) * target
}
