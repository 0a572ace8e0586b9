/** The clusters that queries fall into. */
import type { EstimatorState, Query } from '../src/spec.ts'
import { encodeQuery } from './design.ts'
import { distancesTo, nearest } from './kmeans.ts'
import { projectRow } from './projection.ts'
import { loadSpace, type Space, saveSpace, weighBlocks } from './space.ts'
import { f32, readCount, readF32, readNumber } from './state.ts'

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

/** Weights of all clusters by their squared distances. */
export function soften(distances: Float64Array, bandwidth: number): Float64Array {
  const best = nearest(distances)
  if (bandwidth === 0) return distances.map((_, k) => (k === best ? 1 : 0))
  const weights = distances.map((distance) => Math.exp((distances[best]! - distance) / bandwidth))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

export function savePartition(space: Space, { centroids, featureWeight, bandwidth }: Clusters): EstimatorState {
  const saved = saveSpace(space)
  const count = centroids.length / space.width
  return {
    params: { ...saved.params, clusters: count, featureWeight, bandwidth },
    tensors: { ...saved.tensors, centroids: f32(centroids, [count, space.width]) },
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
  const space = loadSpace(state)
  const { design, basis, width } = space
  const clusters = readCount(state, 'clusters')
  const centroids = readF32(state, 'centroids', [clusters, width])
  const featureWeight = readNumber(state, 'featureWeight')
  const bandwidth = readNumber(state, 'bandwidth')
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
