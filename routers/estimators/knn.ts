/**
 * k-nearest-neighbour regression of quality and output tokens (arXiv 2505.12601), with the neighbours weighted by an exponential
 * tilt of their similarity (as in ProxRouter) and shrunk toward the candidate's mean. How much features count beside the
 * vector, the tilt and the strength of the shrinkage are chosen by leave-one-out inside `fit`.
 */
import type { Candidate, EstimatorFamily, Query } from '../../src/spec.ts'
import { encodeQueries, encodeQuery, fitDesign, loadDesign, saveDesign } from '../design.ts'
import { differenceLoss } from '../loss.ts'
import { clamp, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { dotRows, largest } from '../nearest.ts'
import { projection, projectRow } from '../projection.ts'
import { f32, f64, readCount, readF32, readF64, readNumber } from '../state.ts'
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

/**
 * What leave-one-out chooses from. The loss is flat and its minimum noisy, so both blocks keep a say: either alone can win by chance,
 * and a query without a vector needs the features.
 */
const FEATURE_WEIGHTS = [0.25, 0.5, 0.75]
const TILTS = [0, 2, 5, 10, 20, 40]
const SHRINKAGES = [1, 3, 10, 30]
/** Support looks at the mean similarity of this many neighbours, explanations name as many. */
const CLOSEST = 10

export const knn: EstimatorFamily<KnnOptions> = {
  name: 'knn',
  version: 1,
  defaults: { k: 100, rank: 128, tuneRows: 1000, pseudoCount: 5 },

  fit(data, options, random) {
    const n = data.queries.length
    const design = fitDesign(data.queries)
    const encoded = encodeQueries(design, data.queries)
    const basis = projection(encoded, n, design, options.rank)
    const width = design.features + basis.rank + 1
    const points = new Float32Array(n * width)
    const row = new Float64Array(width)
    for (let i = 0; i < n; i++) {
      projectRow(basis, design, encoded.subarray(i * design.width, (i + 1) * design.width), row)
      points.set(row, i * width)
    }
    const means = fitMeans(data, options.pseudoCount)
    const quality = Float32Array.from(data.quality)
    const m = data.candidates.length
    const tuned = tune({
      points,
      width,
      features: design.features,
      quality,
      means: means.data.slice(0, m),
      k: options.k,
      rows: sampleRows(n, options.tuneRows, random),
    })
    const saved = saveDesign(design)
    return {
      params: {
        ...saved.params,
        rows: n,
        rank: basis.rank,
        k: options.k,
        featureWeight: tuned.featureWeight,
        tilt: tuned.tilt,
        shrinkage: tuned.shrinkage,
      },
      tensors: {
        ...saved.tensors,
        means,
        basis: f32(basis.directions, [basis.rank, design.dim]),
        points: f32(points, [n, width]),
        quality: f32(quality, [n, m]),
        outputTokens: f32(Float32Array.from(data.outputTokens), [n, m]),
        support: f64(tuned.support),
      },
    }
  },

  load(state, ids) {
    const design = loadDesign(state)
    const n = readCount(state, 'rows')
    const rank = readCount(state, 'rank')
    const k = readCount(state, 'k')
    const m = ids.length
    const width = design.features + rank + 1
    const basis = { rank, directions: readF32(state, 'basis', [rank, design.dim]) }
    const quality = readF32(state, 'quality', [n, m])
    const outputTokens = readF32(state, 'outputTokens', [n, m])
    const tilt = readNumber(state, 'tilt')
    const shrinkage = readNumber(state, 'shrinkage')
    const featureWeight = readNumber(state, 'featureWeight')
    const reference = readF64(state, 'support', [SUPPORT_POINTS])
    const means = loadMeans(state, ids)
    const distances = createSpace(readF32(state, 'points', [n, width]), n, width, design.features)
    const encoded = new Float64Array(design.width)
    const projected = new Float64Array(width)
    const similarity = new Float64Array(n)

    function estimate(query: Query, candidates: readonly Candidate[]) {
      const { columns, ...prediction } = means.estimate(candidates)
      const hasVector = encodeQuery(design, query, encoded)
      // Without a vector only the features can tell rows apart, and support falls to what they are worth.
      if (n === 0 || (!hasVector && featureWeight === 0)) return { ...prediction, support: 0, neighbours: [] }
      projectRow(basis, design, encoded, projected)
      blend(distances(projected), hasVector ? featureWeight : 1, similarity)
      const order = largest(similarity, k)
      const weights = tiltedWeights(order, similarity, tilt)
      const local = { quality: average(order, weights, quality, m), tokens: average(order, weights, outputTokens, m) }
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
      const support = supportOf(closeness(order, similarity), reference) * (hasVector ? 1 : featureWeight)
      const neighbours = Array.from(order.subarray(0, CLOSEST), (i) => ({ row: i, similarity: similarity[i]! }))
      return { ...prediction, support, neighbours }
    }
    return { name: 'knn', estimate }
  },
}

/** Squared distances of one point to every row, block by block. */
interface Distances {
  readonly features: Float64Array
  readonly vector: Float64Array
}

/** Returns the function that measures a point against all rows; its result is overwritten by the next call. */
function createSpace(
  points: Float32Array,
  n: number,
  width: number,
  features: number,
): (point: Float64Array) => Distances {
  const blocks = [
    { from: 0, to: features },
    { from: features, to: width },
  ].map(({ from, to }) => {
    const norms = new Float64Array(n)
    for (let i = 0; i < n; i++) for (let j = from; j < to; j++) norms[i]! += points[i * width + j]! ** 2
    return { from, to, norms, out: new Float64Array(n) }
  })
  const [first, second] = blocks

  return (point) => {
    for (const { from, to, norms, out } of blocks) {
      let norm = 0
      for (let j = from; j < to; j++) norm += point[j]! ** 2
      dotRows(points, width, point, { from, to, out })
      for (let i = 0; i < n; i++) out[i] = norm + norms[i]! - 2 * out[i]!
    }
    return { features: first!.out, vector: second!.out }
  }
}

/**
 * similarity = 1 − ½ (w · ‖Δ features‖² + (1 − w) · ‖Δ vector‖²): 1 for the same query, and as both blocks have total variance 1, 0 on average
 * over pairs of training queries whatever w. For unit vectors it is the cosine, shifted and scaled.
 */
function blend({ features, vector }: Distances, featureWeight: number, out: Float64Array): void {
  for (let i = 0; i < out.length; i++)
    out[i] = 1 - (featureWeight * features[i]! + (1 - featureWeight) * vector[i]!) / 2
}

/** Weights of the neighbours in `order`, the nearest having 1: exp(tilt · (similarity − the nearest's)). */
function tiltedWeights(order: Int32Array, similarity: Float64Array, tilt: number): Float64Array {
  const best = similarity[order[0]!]!
  return Float64Array.from(order, (i) => Math.exp(tilt * (similarity[i]! - best)))
}

/** Weighted mean and variance per column over the entries that are not NaN, with the effective number of entries (Kish). */
function average(order: Int32Array, weights: Float64Array, matrix: Float32Array, columns: number) {
  const count = new Float64Array(columns)
  const mean = new Float64Array(columns)
  const variance = new Float64Array(columns)
  for (let c = 0; c < columns; c++) {
    let sum = 0
    let squares = 0
    let first = 0
    let second = 0
    for (let r = 0; r < order.length; r++) {
      const value = matrix[order[r]! * columns + c]!
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

function closeness(order: Int32Array, similarity: Float64Array): number {
  const nearest = order.subarray(0, CLOSEST)
  return nearest.reduce((sum, i) => sum + similarity[i]!, 0) / nearest.length
}

interface TuneInput {
  readonly points: Float32Array
  readonly width: number
  readonly features: number
  readonly quality: Float32Array
  readonly means: ArrayLike<number>
  readonly k: number
  readonly rows: readonly number[]
}

/** Leave-one-out over `rows`: each is predicted from all the others, under every combination of the three choices. */
function tune({ points, width, features, quality, means, k, rows }: TuneInput) {
  const n = points.length / width
  const m = means.length
  const similarity = new Float64Array(n)
  const prediction = new Float64Array(m)
  let best = { loss: Number.POSITIVE_INFINITY, featureWeight: 0.5, tilt: 0, shrinkage: SHRINKAGES.at(-1)! }
  let support = supportReference([])
  if (n < 3) return { ...best, support }

  const distances = createSpace(points, n, width, features)
  const trials = blockWeights(features, width).map((featureWeight) => ({
    featureWeight,
    losses: new Float64Array(TILTS.length * SHRINKAGES.length),
    closest: [] as number[],
  }))
  for (const row of rows) {
    const measured = distances(Float64Array.from(points.subarray(row * width, (row + 1) * width)))
    const truth = quality.subarray(row * m, (row + 1) * m)
    for (const { featureWeight, losses, closest } of trials) {
      blend(measured, featureWeight, similarity)
      similarity[row] = Number.NEGATIVE_INFINITY
      const order = largest(similarity, Math.min(k, n - 1))
      closest.push(closeness(order, similarity))
      for (const [t, tilt] of TILTS.entries()) {
        const local = average(order, tiltedWeights(order, similarity, tilt), quality, m)
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

/** Nothing to choose where one of the blocks is empty. The last column, the vectors' residual, is always there. */
function blockWeights(features: number, width: number): readonly number[] {
  if (features === 0) return [0]
  return width === features + 1 ? [1] : FEATURE_WEIGHTS
}
