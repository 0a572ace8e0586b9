/** Queries as points, and the clusters that they fall into. */
import type { EstimatorState, Query } from '../src/spec.ts'
import { type Design, encodeQueries, encodeQuery, fitDesign, loadDesign, saveDesign } from './design.ts'
import { distancesTo, nearest } from './kmeans.ts'
import { type Projection, projection, projectRow } from './projection.ts'
import { f32, readCount, readF32, readNumber } from './state.ts'

/** Where queries are compared: the design with the vectors projected, each block scaled by the share that it has in a squared distance. */
export interface Space {
  readonly design: Design
  readonly basis: Projection
  readonly width: number
}

/** Centroids, and how softly a query belongs to those near it. */
export interface Clusters {
  /** Row-major [clusters, width]. */
  readonly centroids: Float32Array
  readonly featureWeight: number
  /** A centroid whose squared distance is by so much larger than the nearest one's has 1/e of its weight; 0: the nearest has all. */
  readonly bandwidth: number
}

export interface Place {
  /** −1 where there are no clusters. */
  readonly nearest: number
  /** Per cluster, of sum 1. */
  readonly weights: Float64Array
  /** Squared distances to all centroids, the parts of features and of the vector. Without a vector the second says nothing. */
  readonly byFeatures: Float64Array
  readonly byVector: Float64Array
  readonly hasVector: boolean
  /** The query's row of the space, unscaled. */
  readonly row: Float64Array
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

/** Weights of all clusters by their squared distances. */
export function soften(distances: Float64Array, bandwidth: number): Float64Array {
  const best = nearest(distances)
  if (bandwidth === 0) return distances.map((_, k) => (k === best ? 1 : 0))
  const weights = distances.map((distance) => Math.exp((distances[best]! - distance) / bandwidth))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

export function savePartition({ design, basis, width }: Space, clusters: Clusters): EstimatorState {
  const { centroids, featureWeight, bandwidth } = clusters
  const saved = saveDesign(design)
  const count = centroids.length / width
  return {
    params: { ...saved.params, rank: basis.rank, clusters: count, featureWeight, bandwidth },
    tensors: {
      ...saved.tensors,
      basis: f32(basis.directions, [basis.rank, design.dim]),
      centroids: f32(centroids, [count, width]),
    },
  }
}

export interface Partition {
  readonly clusters: number
  /** What features alone are worth: 1 where no query has a vector. */
  readonly featureWeight: number
  /** Columns of a row of the space. */
  readonly width: number
  locate(query: Query): Place
}

export function loadPartition(state: EstimatorState): Partition {
  const design = loadDesign(state)
  const rank = readCount(state, 'rank')
  const clusters = readCount(state, 'clusters')
  const width = design.features + rank + 1
  const basis = { rank, directions: readF32(state, 'basis', [rank, design.dim]) }
  const centroids = readF32(state, 'centroids', [clusters, width])
  const featureWeight = readNumber(state, 'featureWeight')
  const bandwidth = readNumber(state, 'bandwidth')
  const space: Space = { design, basis, width }
  const measureFeatures = distancesTo(centroids, width, { to: design.features })
  const measureVector = distancesTo(centroids, width, { from: design.features })
  const encoded = new Float64Array(design.width)
  const point = new Float64Array(width)

  function locate(query: Query): Place {
    const hasVector = encodeQuery(design, query, encoded)
    projectRow(basis, design, encoded, point)
    const row = point.slice()
    weighBlocks(point, space, featureWeight)
    const byFeatures = measureFeatures(point).slice()
    const byVector = measureVector(point).slice()
    const distances = hasVector ? byFeatures.map((distance, k) => distance + byVector[k]!) : byFeatures
    return { nearest: nearest(distances), weights: soften(distances, bandwidth), byFeatures, byVector, hasVector, row }
  }
  return { clusters, featureWeight, width, locate }
}
