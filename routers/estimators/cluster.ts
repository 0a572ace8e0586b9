/**
 * k-means on the queries, and per cluster how well and at what length each candidate answers, shrunk toward what is known of the candidate without
 * the cluster: Avengers-Pro (arXiv 2508.12631; Avengers, arXiv 2505.19797) and the categories of Composition of Experts (arXiv 2412.01868), with soft
 * assignment between near clusters where held-out training rows ask for it. A candidate that comes later joins by its errors per cluster on a few
 * hundred graded prompts, without a new fit (UniRoute, arXiv 2502.08773): `onboard`.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import {
  addCandidates,
  beside,
  blendEffects,
  type Effects,
  fitEffects,
  type Grouped,
  loadEffects,
  saveEffects,
} from '../effects.ts'
import { fitFamiliarity, loadFamiliarity } from '../familiarity.ts'
import { distancesTo, kmeans, nearest } from '../kmeans.ts'
import { differenceLoss } from '../loss.ts'
import { clamp, pickRows, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { loadPartition, savePartition, soften } from '../partition.ts'
import { blockWeights, fitSpace, type Space, weighBlocks } from '../space.ts'
import { f64, readF64, readNumber } from '../state.ts'
import { logTokens } from '../tokens.ts'

export interface ClusterOptions {
  /** Numbers of clusters to choose from, on held-out rows. */
  readonly clusters: readonly number[]
  readonly restarts: number
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** Training rows that the choice is made on, and the parts they are split into. */
  readonly tuneRows: number
  readonly folds: number
  /** Strength of the pool's mean against a candidate's own, in outcomes. */
  readonly pseudoCount: number
}

/** Bandwidths of the soft assignment in units of the mean squared distance to the nearest centroid; 0 is hard. */
const SOFTNESSES = [0, 0.03, 0.1, 0.2]

export const cluster: EstimatorFamily<ClusterOptions> = {
  name: 'cluster',
  version: 1,
  defaults: { clusters: [4, 8, 16, 32, 64], restarts: 3, rank: 64, tuneRows: 4000, folds: 3, pseudoCount: 5 },

  fit(data, options, random) {
    const { pseudoCount } = options
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width } = space
    const n = data.queries.length
    const m = data.candidates.length
    const chosen = tune({ rows, space, quality: data.quality, m }, options, random)
    const points = weighBlocks(Float32Array.from(rows), space, chosen.featureWeight)
    const { centroids, inertia } = kmeans({ rows: points, n, width }, { ...chosen, restarts: options.restarts, random })
    const saved = savePartition(space, { ...chosen, centroids, bandwidth: chosen.softness * inertia })
    const partition = loadPartition(saved)
    const places = data.queries.map(partition.locate)
    const owner = Int32Array.from(places, (place) => place.nearest)
    const grouping = { clusters: partition.clusters, pseudoCount }
    const logs = logTokens(data.outputTokens)
    const lengths = fitEffects({ outcomes: logs, m, owner }, grouping)
    const effects = {
      quality: saveEffects('quality', fitEffects({ outcomes: data.quality, m, owner }, grouping)),
      lengths: saveEffects('length', lengths),
    }
    return {
      params: { ...saved.params, ...effects.quality.params, ...effects.lengths.params, pseudoCount },
      tensors: {
        ...saved.tensors,
        ...effects.quality.tensors,
        ...effects.lengths.tensors,
        smear: f64(smearing(lengths, { outcomes: logs, m, owner }, 0)),
        means: fitMeans(data, pseudoCount),
        support: fitFamiliarity(places),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const means = loadMeans(state, ids)
    const partition = loadPartition(state)
    const { clusters, featureWeight } = partition
    const quality = loadEffects(state, 'quality', clusters, m)
    const lengths = loadEffects(state, 'length', clusters, m)
    const smear = readF64(state, 'smear', [m])
    const supportOf = loadFamiliarity(state, featureWeight)

    return {
      name: 'cluster',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        const place = partition.locate(query)
        const { weights } = place
        if (place.nearest < 0 || (!place.hasVector && featureWeight === 0)) return { ...prediction, support: 0 }
        const good = blendEffects(quality, weights)
        const long = blendEffects(lengths, weights)
        for (const [i, c] of columns.entries()) {
          // What all candidates share in a cluster holds for strangers too: without it they would look best where all do badly.
          const own = c < 0 ? prediction.quality[i]! : quality.level[c]! + good.specific[c]!
          prediction.quality[i] = clamp(own + good.shared, 0, 1)
          if (c < 0) continue
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + good.variance[c]!)
          if (Number.isNaN(smear[c]!)) continue
          const log = lengths.level[c]! + long.shared + long.specific[c]!
          prediction.outputTokens[i] = Math.max(0, Math.exp(log) * smear[c]! - 1)
        }
        return { ...prediction, support: supportOf(place) }
      },
    }
  },

  onboard(state, ids, data) {
    const again = data.candidates.find(({ id }) => ids.includes(id))
    if (again)
      throw new RangeError(`the policy knows the candidate '${again.id}' already; train it again on all outcomes`)
    const partition = loadPartition(state)
    const pseudoCount = readNumber(state, 'pseudoCount')
    const m = data.candidates.length
    const owner = Int32Array.from(data.queries, (query) => partition.locate(query).nearest)
    const logs = logTokens(data.outputTokens)
    const add = (name: string, outcomes: Float64Array) =>
      addCandidates(loadEffects(state, name, partition.clusters, ids.length), { outcomes, m, owner }, pseudoCount)
    const lengths = add('length', logs)
    const smear = smearing(lengths, { outcomes: logs, m, owner }, ids.length)
    const means = beside(
      readF64(state, 'means', [4, ids.length]),
      Float64Array.from(fitMeans(data, pseudoCount).data),
      4,
    )
    return {
      params: state.params,
      tensors: {
        ...state.tensors,
        ...saveEffects('quality', add('quality', data.quality)).tensors,
        ...saveEffects('length', lengths).tensors,
        smear: f64(Float64Array.of(...readF64(state, 'smear', [ids.length]), ...smear)),
        means: f64(means, [4, ids.length + m]),
      },
    }
  },
}

/**
 * Per candidate the mean of exp(residual), which turns a predicted logarithm back into an expected number (Duan's smearing estimator, 1983);
 * NaN where nothing is known. The columns of `outcomes` are the candidates from `first` on.
 */
function smearing({ level, shared, specific }: Effects, { outcomes, m, owner }: Grouped, first: number): Float64Array {
  return Float64Array.from({ length: m }, (_, c) => {
    let sum = 0
    let known = 0
    for (const [i, k] of owner.entries()) {
      const log = outcomes[i * m + c]!
      if (Number.isNaN(log)) continue
      sum += Math.exp(log - level[first + c]! - shared[k]! - specific[k * level.length + first + c]!)
      known += 1
    }
    return sum / known
  })
}

interface TuneInput {
  /** Row-major [n, width] of the space, unscaled. */
  readonly rows: Float64Array
  readonly space: Space
  readonly quality: Float64Array
  readonly m: number
}

/** The number of clusters, the weight of features and the softness whose predictions of held-out rows are best. */
function tune({ rows, space, quality, m }: TuneInput, options: ClusterOptions, random: () => number) {
  const { width } = space
  const sample = sampleRows(rows.length / width, options.tuneRows, random)
  const foldOf = sample.map(() => Math.floor(random() * options.folds))
  let best = { loss: Number.POSITIVE_INFINITY, clusters: 1, featureWeight: 0.5, softness: 0 }
  for (const featureWeight of blockWeights(space)) {
    for (const clusters of options.clusters) {
      const losses = new Float64Array(SOFTNESSES.length)
      for (let fold = 0; fold < options.folds; fold++) {
        const seen = sample.filter((_, s) => foldOf[s] !== fold)
        const held = sample.filter((_, s) => foldOf[s] === fold)
        const points = weighBlocks(Float32Array.from(pickRows(rows, seen, width)), space, featureWeight)
        const { centroids, inertia } = kmeans(
          { rows: points, n: seen.length, width },
          { clusters, restarts: 1, random },
        )
        const distances = distancesTo(centroids, width)
        const outcomes = pickRows(quality, seen, m)
        const owner = Int32Array.from(seen, (_, s) => nearest(distances(pointOf(points, s, width))))
        const effects = fitEffects({ outcomes, m, owner }, { ...options, clusters: centroids.length / width })
        for (const i of held) {
          const all = distances(weighBlocks(rows.slice(i * width, (i + 1) * width), space, featureWeight))
          for (const [s, softness] of SOFTNESSES.entries()) {
            const { shared, specific } = blendEffects(effects, soften(all, softness * inertia))
            const prediction = specific.map((value, c) => clamp(effects.level[c]! + shared + value, 0, 1))
            losses[s]! += differenceLoss(quality.subarray(i * m, (i + 1) * m), prediction)
          }
        }
      }
      for (const [s, loss] of losses.entries())
        if (loss < best.loss) best = { loss, clusters, featureWeight, softness: SOFTNESSES[s]! }
    }
  }
  return best
}

function pointOf(points: Float32Array, row: number, width: number): Float64Array {
  return Float64Array.from(points.subarray(row * width, (row + 1) * width))
}
