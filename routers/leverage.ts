/**
 * The variance of a linear prediction at a query, in units of the noise: h(x) = 1/n + x'(X'X + penalty)⁻¹x. Low where the training data was
 * dense, high where a prediction is extrapolation.
 */
import type { EstimatorState, Tensor } from '../src/spec.ts'
import { dotRow } from './math.ts'
import { dotRows } from './nearest.ts'
import type { Spectrum } from './spectrum.ts'
import { f32, readCount, readF32, readNumber } from './state.ts'

/** Directions kept. Those left out count as unseen. */
const MAX_RANK = 128

export interface Leverage {
  readonly rows: number
  readonly penalty: number
  readonly rank: number
  /** [rank, width], each direction v with eigenvalue d scaled by √(1/penalty − 1/(d + penalty)). */
  readonly directions: Float32Array
}

/**
 * `penalty` is that of the fit; where directions are left out it is at least what the last one kept has of the data. Under a smaller one, which
 * data that a line can follow exactly will choose, the directions left out would be all there is, and every new query a stranger.
 */
export function fitLeverage({ rank, values, directions }: Spectrum, rows: number, fitted: number): Leverage {
  const kept = Math.min(rank, MAX_RANK)
  const penalty = kept < rank ? Math.max(fitted, values[kept - 1]!) : fitted
  const width = rank === 0 ? 0 : directions.length / rank
  const scaled = new Float32Array(kept * width)
  for (let r = 0; r < kept; r++) {
    const factor = Math.sqrt(1 / penalty - 1 / (values[r]! + penalty))
    for (let j = 0; j < width; j++) scaled[r * width + j] = directions[r * width + j]! * factor
  }
  return { rows, penalty, rank: kept, directions: scaled }
}

/** `row` is one row of the centred design, `squares` the length of x squared where that is not the row's. Infinite without training rows. */
export function leverageOf(
  { rows, penalty, rank, directions }: Leverage,
  row: Float64Array,
  squares = dotRow(row, 0, row.length, row),
): number {
  if (rows === 0) return Number.POSITIVE_INFINITY
  const along = new Float64Array(rank)
  dotRows(directions, row.length, row, { from: 0, to: row.length, out: along })
  const explained = along.reduce((sum, value) => sum + value * value, 0)
  return 1 / rows + Math.max(0, squares / penalty - explained)
}

/**
 * Closeness for `supportReference`: the training rows' leverages as they would be without the row itself, h / (1 − h), negated.
 * `x` is row-major [n, width].
 */
export function trainingCloseness(leverage: Leverage, x: Float64Array, width: number): number[] {
  return Array.from({ length: leverage.rows }, (_, i) => {
    const h = leverageOf(leverage, x.subarray(i * width, (i + 1) * width))
    return h < 1 ? -h / (1 - h) : Number.NEGATIVE_INFINITY
  })
}

export function saveLeverage(leverage: Leverage, width: number): { tensor: Tensor; params: Record<string, number> } {
  const { rows, penalty, rank } = leverage
  return {
    tensor: f32(leverage.directions, [rank, width]),
    params: { rows, leveragePenalty: penalty, leverageRank: rank },
  }
}

export function loadLeverage(state: EstimatorState, width: number): Leverage {
  const rank = readCount(state, 'leverageRank')
  const directions = readF32(state, 'leverage', [rank, width])
  return { rows: readCount(state, 'rows'), penalty: readNumber(state, 'leveragePenalty'), rank, directions }
}
