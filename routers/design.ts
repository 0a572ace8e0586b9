/**
 * A query as one row of numbers: standardised features, then the centred vector. Each of the two blocks is scaled to a
 * total variance of 1 over the training queries, so that neither drowns the other by its number of columns.
 */
import type { EstimatorState, JsonObject, Query, Tensor } from '../src/spec.ts'
import { clamp } from './math.ts'
import { f64, readCount, readF64 } from './state.ts'

/** Features beyond this many standard deviations count as this many: a single odd prompt must not decide a fit. */
const MAX_DEVIATIONS = 4

export interface Design {
  /** Columns of the feature block and of the vector block; 0 where the training queries had none. */
  readonly features: number
  readonly dim: number
  readonly width: number
  readonly shift: Float64Array
  readonly scale: Float64Array
}

export function fitDesign(queries: readonly Query[]): Design {
  const features = queries[0]?.features.length ?? 0
  const dim = queries.find((query) => query.vector !== null)?.vector?.length ?? 0
  const width = features + dim
  const count = new Float64Array(width)
  const shift = new Float64Array(width)
  const squares = new Float64Array(width)
  for (const query of queries) {
    const norm = unitFactor(query.vector)
    for (let j = 0; j < width; j++) {
      const value = j < features ? query.features[j]! : norm === 0 ? Number.NaN : query.vector![j - features]! * norm
      if (!Number.isFinite(value)) continue
      count[j]! += 1
      const delta = value - shift[j]!
      shift[j]! += delta / count[j]!
      squares[j]! += delta * (value - shift[j]!)
    }
  }
  const variance = squares.map((sum, j) => (count[j]! > 0 ? sum / count[j]! : 0))
  const varying = variance.subarray(0, features).filter((value) => value > 1e-12).length
  const vectorVariance = variance.subarray(features).reduce((sum, value) => sum + value, 0)
  const vectorScale = vectorVariance > 1e-12 ? 1 / Math.sqrt(vectorVariance) : 0
  const scale = variance.map((value, j) =>
    j >= features ? vectorScale : value > 1e-12 ? 1 / Math.sqrt(value * varying) : 0,
  )
  return { features, dim, width, shift, scale }
}

/**
 * Writes the query's row into `out` at `offset`. A vector that is missing or zero leaves the vector block at 0, the mean
 * of the training vectors. Returns whether a vector was there. Throws a `RangeError` for a vector or features of another length.
 */
export function encodeQuery(design: Design, query: Query, out: Float64Array, offset = 0): boolean {
  const { features, dim, shift, scale } = design
  checkLength('features', query.features.length, features)
  const limit = MAX_DEVIATIONS / Math.sqrt(Math.max(1, features))
  for (let j = 0; j < features; j++) {
    const value = (query.features[j]! - shift[j]!) * scale[j]!
    out[offset + j] = Number.isNaN(value) ? 0 : clamp(value, -limit, limit)
  }
  if (query.vector !== null) checkLength('vector', query.vector.length, dim)
  const norm = unitFactor(query.vector)
  const start = offset + features
  if (norm === 0) {
    out.fill(0, start, start + dim)
    return false
  }
  for (let j = 0; j < dim; j++) {
    out[start + j] = (query.vector![j]! * norm - shift[features + j]!) * scale[features + j]!
  }
  return dim > 0
}

/** All queries as one row-major matrix. */
export function encodeQueries(design: Design, queries: readonly Query[]): Float64Array {
  const rows = new Float64Array(queries.length * design.width)
  for (const [i, query] of queries.entries()) encodeQuery(design, query, rows, i * design.width)
  return rows
}

export function saveDesign(design: Design): { params: JsonObject; tensors: Record<string, Tensor> } {
  return {
    params: { features: design.features, dim: design.dim },
    tensors: { shift: f64(design.shift), scale: f64(design.scale) },
  }
}

export function loadDesign(state: EstimatorState): Design {
  const features = readCount(state, 'features')
  const dim = readCount(state, 'dim')
  const width = features + dim
  return { features, dim, width, shift: readF64(state, 'shift', [width]), scale: readF64(state, 'scale', [width]) }
}

/** What makes a vector's norm 1; 0 for a vector that says nothing. */
function unitFactor(vector: Float32Array | null): number {
  if (vector === null) return 0
  let squares = 0
  for (let j = 0; j < vector.length; j++) squares += vector[j]! * vector[j]!
  return squares > 0 && Number.isFinite(squares) ? 1 / Math.sqrt(squares) : 0
}

function checkLength(what: string, length: number, trained: number): void {
  if (trained !== 0 && length !== trained) {
    throw new RangeError(`the query's ${what} have length ${length}, the policy was trained on ${trained}; train again`)
  }
}
