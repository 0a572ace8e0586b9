/** Where queries are compared: their features beside what a projection keeps of their vectors. */
import type { EstimatorState, Query } from '../src/spec.ts'
import { type Design, encodeQueries, fitDesign, loadDesign, saveDesign } from './design.ts'
import { type Projection, projection, projectRow } from './projection.ts'
import { f32, readCount, readF32 } from './state.ts'

/** The design with its vectors projected. Where distances count, each block is scaled by the share that it has in a squared distance. */
export interface Space {
  readonly design: Design
  readonly basis: Projection
  readonly width: number
}

/** Shares of a squared distance that features make, to choose from; both blocks keep a say, as in `knn`. */
const FEATURE_WEIGHTS = [0.25, 0.5, 0.75]

export function fitSpace(queries: readonly Query[], rank: number): { space: Space; rows: Float64Array } {
  const n = queries.length
  const design = fitDesign(queries)
  const encoded = encodeQueries(design, queries)
  const basis = projection(encoded, n, design, rank)
  const width = design.features + basis.rank + 1
  const rows = new Float64Array(n * width)
  for (let i = 0; i < n; i++) {
    const row = encoded.subarray(i * design.width, (i + 1) * design.width)
    projectRow(basis, design, row, rows.subarray(i * width, (i + 1) * width))
  }
  return { space: { design, basis, width }, rows }
}

/** Scales rows of a space in place, so that features make `featureWeight` of the variance and vectors the rest. */
export function weighBlocks<Rows extends Float32Array | Float64Array>(
  rows: Rows,
  { design: { features }, width }: Space,
  featureWeight: number,
): Rows {
  const [own, other] = [Math.sqrt(featureWeight), Math.sqrt(1 - featureWeight)]
  for (let at = 0; at < rows.length; at++) rows[at]! *= at % width < features ? own : other
  return rows
}

/** The feature weights to choose from: nothing to choose where one of the blocks is empty. */
export function blockWeights({ design, basis }: Space): readonly number[] {
  if (design.features === 0) return [0]
  return basis.rank === 0 ? [1] : FEATURE_WEIGHTS
}

export function saveSpace({ design, basis }: Space): EstimatorState {
  const { params, tensors } = saveDesign(design)
  return {
    params: { ...params, rank: basis.rank },
    tensors: { ...tensors, basis: f32(basis.directions, [basis.rank, design.dim]) },
  }
}

export function loadSpace(state: EstimatorState): Space {
  const design = loadDesign(state)
  const rank = readCount(state, 'rank')
  const directions = readF32(state, 'basis', [rank, design.dim])
  return { design, basis: { rank, directions }, width: design.features + rank + 1 }
}
