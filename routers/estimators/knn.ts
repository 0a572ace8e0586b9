/**
 * k-nearest-neighbour regression of quality and output tokens (arXiv 2505.12601; RouterBench, arXiv 2403.12031, where neighbours count alike). Here
 * they count by ProxRouter's exponential tilt (arXiv 2510.09852): weight ∝ p · exp(−φ / τ), with equal priors p over the k neighbours, φ half the squared
 * distance and τ = 1 / `tilt`. The average is shrunk toward the candidate's mean. How much features count beside the vector, the tilt
 * and the strength of the shrinkage are chosen by leave-one-out inside `fit`.
 */
import type { Candidate, EstimatorFamily, Query } from '../../src/spec.ts'
import { createSearch, fitCells, loadCells, type Neighbours, saveCells } from '../cells.ts'
import { encodeQueries, encodeQuery, fitDesign } from '../design.ts'
import { differenceLoss } from '../loss.ts'
import { clamp, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { createSmallest, dotRows } from '../nearest.ts'
import { projection, projectRow } from '../projection.ts'
import { blockWeights, loadSpace, type Space, saveSpace, weighBlocks } from '../space.ts'
import { f32, f64, i32, readCount, readF32, readF64, readI32, readNumber } from '../state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from '../support.ts'

export interface KnnOptions {
  /** Neighbours asked; the tilt makes fewer of them count. */
  readonly k: number
  /** Principal directions of the training vectors that are kept: less to store, less to compute, less noise. */
  readonly rank: number
  /** Training rows used for leave-one-out. */
  readonly tuneRows: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** What leave-one-out chooses from. */
const TILTS = [0, 2, 5, 10, 20, 40]
const SHRINKAGES = [1, 3, 10, 30]
/** Support looks at the mean similarity of this many neighbours, explanations name as many. */
const CLOSEST = 10
/** Training rows that the principal directions are taken from, so that a million of them need not be encoded at once. */
const BASIS_ROWS = 20_000

export const knn: EstimatorFamily<KnnOptions> = {
  name: 'knn',
  version: 2,
  defaults: { k: 100, rank: 24, tuneRows: 1000, pseudoCount: 5 },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, points } = fitPoints(data.queries, options.rank, random)
    const { width } = space
    const means = fitMeans(data, options.pseudoCount)
    const { support, ...tuned } = tune({
      space,
      points,
      quality: Float32Array.from(data.quality),
      means: means.data.slice(0, m),
      k: options.k,
      rows: sampleRows(n, options.tuneRows, random),
    })
    const { order, ...cells } = fitCells(weighBlocks(points, space, tuned.featureWeight), width, random)
    const saved = { space: saveSpace(space), cells: saveCells(cells, width) }
    return {
      params: {
        ...saved.space.params,
        ...saved.cells.params,
        rows: n,
        k: options.k,
        featureWeight: tuned.featureWeight,
        tilt: tuned.tilt,
        shrinkage: tuned.shrinkage,
      },
      tensors: {
        ...saved.space.tensors,
        ...saved.cells.tensors,
        means,
        order: i32(order),
        points: f32(inOrder(points, order, width), [n, width]),
        quality: f32(inOrder(data.quality, order, m), [n, m]),
        outputTokens: f32(inOrder(data.outputTokens, order, m), [n, m]),
        support: f64(support),
      },
    }
  },

  load(state, ids) {
    const space = loadSpace(state)
    const { design, basis, width } = space
    const n = readCount(state, 'rows')
    const k = readCount(state, 'k')
    const m = ids.length
    const order = readI32(state, 'order', [n])
    const quality = readF32(state, 'quality', [n, m])
    const outputTokens = readF32(state, 'outputTokens', [n, m])
    const tilt = readNumber(state, 'tilt')
    const shrinkage = readNumber(state, 'shrinkage')
    const featureWeight = readNumber(state, 'featureWeight')
    const reference = readF64(state, 'support', [SUPPORT_POINTS])
    const means = loadMeans(state, ids)
    const points = readF32(state, 'points', [n, width])
    const cells = loadCells(state, n, width)
    const search = createSearch(points, width, cells)
    const searchFeatures = createSearch(points, width, cells, { to: design.features })
    const encoded = new Float64Array(design.width)
    const point = new Float64Array(width)

    function estimate(query: Query, candidates: readonly Candidate[]) {
      const { columns, ...prediction } = means.estimate(candidates)
      const hasVector = encodeQuery(design, query, encoded)
      // Without a vector only the features can tell rows apart, and support falls to what they are worth.
      if (n === 0 || (!hasVector && featureWeight === 0)) return { ...prediction, support: 0, neighbours: [] }
      projectRow(basis, design, encoded, point)
      weighBlocks(point, space, featureWeight)
      const near = hasVector ? similar(search(point, k), 1) : similar(searchFeatures(point, k), featureWeight)
      const weights = tiltedWeights(near.similarity, tilt)
      const local = {
        quality: average(near.rows, weights, quality, m),
        tokens: average(near.rows, weights, outputTokens, m),
      }
      for (const [i, c] of columns.entries()) {
        if (c < 0) continue
        const mean = prediction.quality[i]!
        const count = local.quality.count[c]!
        const total = count + shrinkage
        prediction.quality[i] = clamp((count * local.quality.mean[c]! + shrinkage * mean) / total, 0, 1)
        // mean · (1 − mean) bounds the variance of anything in [0, 1] with that mean.
        const variance = (count * local.quality.variance[c]! + shrinkage * mean * (1 - mean)) / total
        prediction.qualityStd[i] = Math.sqrt(variance / total)
        const tokenCount = local.tokens.count[c]!
        prediction.outputTokens[i] =
          (tokenCount * local.tokens.mean[c]! + shrinkage * prediction.outputTokens[i]!) / (tokenCount + shrinkage)
      }
      const support = supportOf(closeness(near.similarity), reference) * (hasVector ? 1 : featureWeight)
      const neighbours = Array.from(near.rows.subarray(0, CLOSEST), (place, r) => {
        return { row: order[place]!, similarity: near.similarity[r]! }
      })
      return { ...prediction, support, neighbours }
    }
    return { name: 'knn', estimate }
  },
}

/** Rows of the space that queries are compared in, one by one: there may be more of them than fit into memory encoded. */
function fitPoints(queries: readonly Query[], rank: number, random: () => number) {
  const n = queries.length
  const design = fitDesign(queries)
  const sample = sampleRows(n, BASIS_ROWS, random).map((i) => queries[i]!)
  const basis = projection(encodeQueries(design, sample), sample.length, design, rank)
  const space: Space = { design, basis, width: design.features + basis.rank + 1 }
  const points = new Float32Array(n * space.width)
  const encoded = new Float64Array(design.width)
  const point = new Float64Array(space.width)
  for (const [i, query] of queries.entries()) {
    encodeQuery(design, query, encoded)
    projectRow(basis, design, encoded, point)
    points.set(point, i * space.width)
  }
  return { space, points }
}

function inOrder(matrix: Float32Array | Float64Array, order: Int32Array, width: number): Float32Array {
  const sorted = new Float32Array(order.length * width)
  for (const [place, i] of order.entries()) sorted.set(matrix.subarray(i * width, (i + 1) * width), place * width)
  return sorted
}

/** Rows and their similarity, the most similar first. */
interface Similar {
  readonly rows: Int32Array
  readonly similarity: Float64Array
}

/**
 * similarity = 1 − ½ (w · ‖Δ features‖² + (1 − w) · ‖Δ vector‖²): 1 for the same query, and as both blocks have total variance 1, 0 on average
 * over pairs of training queries whatever w. For unit vectors it is the cosine, shifted and scaled. `share`: how much of w and 1 − w was measured.
 */
function similar({ indexes, values }: Neighbours, share: number): Similar {
  return { rows: indexes, similarity: values.map((distance) => 1 - distance / share / 2) }
}

/** Weights of neighbours, the nearest having 1. */
function tiltedWeights(similarity: Float64Array, tilt: number): Float64Array {
  return similarity.map((value) => Math.exp(tilt * (value - similarity[0]!)))
}

/** Weighted mean and variance per column over the entries that are not NaN, with the effective number of entries (Kish). */
function average(rows: Int32Array, weights: Float64Array, matrix: Float32Array, columns: number) {
  const count = new Float64Array(columns)
  const mean = new Float64Array(columns)
  const variance = new Float64Array(columns)
  for (let c = 0; c < columns; c++) {
    let sum = 0
    let squares = 0
    let first = 0
    let second = 0
    for (let r = 0; r < rows.length; r++) {
      const value = matrix[rows[r]! * columns + c]!
      if (Number.isNaN(value)) continue
      const weight = weights[r]!
      sum += weight
      squares += weight * weight
      first += weight * value
      second += weight * value * value
    }
    if (!(sum > 1e-300)) continue
    count[c] = (sum * sum) / squares
    mean[c] = first / sum
    variance[c] = Math.max(0, second / sum - mean[c]! ** 2)
  }
  return { count, mean, variance }
}

function closeness(similarity: Float64Array): number {
  const nearest = similarity.subarray(0, CLOSEST)
  return nearest.reduce((sum, value) => sum + value, 0) / nearest.length
}

interface TuneInput {
  readonly space: Space
  /** Row-major [n, width] of the space, unscaled. */
  readonly points: Float32Array
  readonly quality: Float32Array
  readonly means: ArrayLike<number>
  readonly k: number
  readonly rows: readonly number[]
}

/** Leave-one-out over `rows`: each is predicted from all the others, under every combination of the three choices. */
function tune({ space, points, quality, means, k, rows }: TuneInput) {
  const { width } = space
  const n = points.length / width
  const m = means.length
  const prediction = new Float64Array(m)
  let best = { loss: Number.POSITIVE_INFINITY, featureWeight: 0.5, tilt: 0, shrinkage: SHRINKAGES.at(-1)! }
  let support = supportReference([])
  if (n < 3) return { ...best, support }

  const measure = createBlocks(points, space)
  const trials = blockWeights(space).map((featureWeight) => ({
    featureWeight,
    losses: new Float64Array(TILTS.length * SHRINKAGES.length),
    closest: [] as number[],
  }))
  for (const row of rows) {
    const blocks = measure(Float64Array.from(points.subarray(row * width, (row + 1) * width)))
    const truth = quality.subarray(row * m, (row + 1) * m)
    for (const { featureWeight, losses, closest } of trials) {
      const near = similar(others(blocks, { featureWeight, row, k: Math.min(k, n - 1) }), 1)
      closest.push(closeness(near.similarity))
      for (const [t, tilt] of TILTS.entries()) {
        const local = average(near.rows, tiltedWeights(near.similarity, tilt), quality, m)
        for (const [s, shrinkage] of SHRINKAGES.entries()) {
          for (let c = 0; c < m; c++) {
            const count = local.count[c]!
            prediction[c] = (count * local.mean[c]! + shrinkage * means[c]!) / (count + shrinkage)
          }
          losses[t * SHRINKAGES.length + s]! += differenceLoss(truth, prediction)
        }
      }
    }
  }
  for (const { featureWeight, losses, closest } of trials) {
    for (const [index, loss] of losses.entries()) {
      if (loss >= best.loss) continue
      const tilt = TILTS[Math.floor(index / SHRINKAGES.length)]!
      best = { loss, featureWeight, tilt, shrinkage: SHRINKAGES[index % SHRINKAGES.length]! }
      support = supportReference(closest)
    }
  }
  return { ...best, support }
}

/** Squared distances of one point to every row, block by block: one measurement serves every weight of features. */
interface Blocks {
  readonly features: Float64Array
  readonly vector: Float64Array
}

/** Returns the function that measures a point against all rows; its result is overwritten by the next call. */
function createBlocks(points: Float32Array, { design: { features }, width }: Space): (point: Float64Array) => Blocks {
  const n = points.length / width
  const block = (from: number, to: number) => {
    const norms = new Float64Array(n)
    for (let i = 0; i < n; i++) for (let j = from; j < to; j++) norms[i]! += points[i * width + j]! ** 2
    const out = new Float64Array(n)
    return (point: Float64Array) => {
      let norm = 0
      for (let j = from; j < to; j++) norm += point[j]! ** 2
      dotRows(points, width, point, { from, to, out })
      for (let i = 0; i < n; i++) out[i] = norm + norms[i]! - 2 * out[i]!
      return out
    }
  }
  const [byFeatures, byVector] = [block(0, features), block(features, width)]
  return (point) => ({ features: byFeatures(point), vector: byVector(point) })
}

/** The rows nearest to row `row`, which was measured, without itself. */
function others(
  { features, vector }: Blocks,
  { featureWeight, row, k }: { featureWeight: number; row: number; k: number },
): Neighbours {
  const best = createSmallest(k)
  let bound = best.bound
  for (let i = 0; i < features.length; i++) {
    const distance = featureWeight * features[i]! + (1 - featureWeight) * vector[i]!
    if (distance >= bound || i === row) continue
    best.offer(i, distance)
    bound = best.bound
  }
  return best.take()
}
