/**
 * Whether predicted qualities mean what they say, per model. Predictions are clipped to [0, 1]; queries whose outcome or
 * prediction is not known (`NaN`) are left out, for that model alone. Outcomes may lie between 0 and 1: then even a perfect prediction keeps the Brier score and the
 * log loss above 0.
 */
import { byDescending } from './order.ts'

export interface CalibrationOptions {
  /** Default 15. */
  readonly bins?: number
  /** Bins of equal width in the prediction (default), or of equal numbers of queries; equal predictions share a bin. */
  readonly edges?: 'width' | 'mass'
}

/** A point of the reliability diagram. */
export interface Bin {
  /** Queries. */
  readonly count: number
  readonly predicted: number
  readonly observed: number
}

export interface Calibration {
  /** Queries with a known outcome. */
  readonly count: number
  /** Expected calibration error `Σ_b n_b / n · |observed_b − predicted_b|` (Naeini et al. 2015; Guo et al., arXiv 1706.04599). Biased upward with few queries. */
  readonly ece: number
  /** Maximum calibration error: the largest `|observed_b − predicted_b|`. */
  readonly mce: number
  /** Mean squared error of the prediction (Brier 1950). */
  readonly brier: number
  /** Mean cross-entropy in nats; predictions are kept 1e-12 off 0 and 1. */
  readonly logLoss: number
  /** Those that are not empty, by rising prediction. */
  readonly bins: readonly Bin[]
}

/** Calibration of one model's predictions; everything is `NaN` where no outcome is known. */
export function calibration(
  predicted: ArrayLike<number>,
  observed: ArrayLike<number>,
  { bins = 15, edges = 'width' }: CalibrationOptions = {},
): Calibration {
  const known = Array.from({ length: predicted.length }, (_, i) => i).filter(
    (i) => !Number.isNaN(observed[i]! + predicted[i]!),
  )
  const beliefs = Float64Array.from(known, (i) => Math.min(1, Math.max(0, predicted[i]!)))
  const outcomes = Float64Array.from(known, (i) => observed[i]!)
  const binOf =
    edges === 'width' ? beliefs.map((p) => Math.min(bins - 1, Math.floor(p * bins))) : massBins(beliefs, bins)
  const sums = Array.from({ length: bins }, () => ({ count: 0, predicted: 0, observed: 0 }))
  let [brier, logLoss] = [0, 0]
  for (const [i, p] of beliefs.entries()) {
    const y = outcomes[i]!
    const bin = sums[binOf[i]!]!
    bin.count++
    bin.predicted += p
    bin.observed += y
    brier += (p - y) ** 2
    const sure = Math.min(1 - 1e-12, Math.max(1e-12, p))
    logLoss -= y * Math.log(sure) + (1 - y) * Math.log1p(-sure)
  }
  const count = beliefs.length
  const filled = sums
    .filter((bin) => bin.count > 0)
    .map((bin) => ({ count: bin.count, predicted: bin.predicted / bin.count, observed: bin.observed / bin.count }))
  const gaps = filled.map((bin) => Math.abs(bin.observed - bin.predicted))
  return {
    count,
    ece: count === 0 ? Number.NaN : gaps.reduce((sum, gap, b) => sum + (filled[b]!.count / count) * gap, 0),
    mce: count === 0 ? Number.NaN : Math.max(...gaps),
    brier: brier / count,
    logLoss: logLoss / count,
    bins: filled,
  }
}

/** Calibration of every model; both matrices are row-major, entry `query · models + model`. */
export function calibrationPerModel(
  predicted: ArrayLike<number>,
  observed: ArrayLike<number>,
  { models, ...options }: CalibrationOptions & { readonly models: number },
): Calibration[] {
  const column = (matrix: ArrayLike<number>, model: number) =>
    Float64Array.from({ length: matrix.length / models }, (_, i) => matrix[i * models + model]!)
  return Array.from({ length: models }, (_, model) =>
    calibration(column(predicted, model), column(observed, model), options),
  )
}

/** Bins of equal mass: a group of equal predictions lies where its middle lies. */
function massBins(beliefs: Float64Array, bins: number): Float64Array {
  const order = byDescending(beliefs).reverse()
  const binOf = new Float64Array(beliefs.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && beliefs[order[to]!] === beliefs[order[from]!]) to++
    const bin = Math.min(bins - 1, Math.floor((bins * (from + to)) / 2 / order.length))
    for (; from < to; from++) binOf[order[from]!] = bin
  }
  return binOf
}
