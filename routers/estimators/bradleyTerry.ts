/**
 * A ranking of the candidates for each query from their pairwise wins on similar queries: RouteLLM's similarity-weighted ranking (arXiv 2406.18665), a
 * leaderboard per prompt (Prompt-to-Leaderboard, arXiv 2502.14855). Training queries are pooled at anchors, so that an estimate does not grow with them;
 * the wins at an anchor count by its similarity, and Bradley–Terry strengths are drawn to those of the ranking over all queries. Wins say how
 * far candidates are apart, not how good they are: what all have in common is the similarity-weighted mean of the same rows.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import { fitFamiliarity, loadFamiliarity } from '../familiarity.ts'
import { distancesTo, kmeans, nearest } from '../kmeans.ts'
import { clamp, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { addWins, fitStrengths, marginsOf } from '../pairwise.ts'
import { loadPartition, savePartition, soften } from '../partition.ts'
import { createRidge } from '../ridge.ts'
import { blockWeights, fitSpace, type Space, weighBlocks } from '../space.ts'
import { f64, readF64, readNumber } from '../state.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface BradleyTerryOptions {
  /** At most so many; every training query where there are no more. */
  readonly anchors: number
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** Training rows used for leave-one-out. */
  readonly tuneRows: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** What leave-one-out chooses from. An anchor counts exp(tilt · (its similarity − the nearest's)); the first is the paper's, whose weights are powers of 10. */
const TILTS = [Math.LN10, 5, 10, 20, 40]
/** How strongly the query's strengths are drawn to the global ones, in rows; the last is as good as infinite. */
const SHRINKAGES = [10, 30, 100, 300, 1000, 1e9]
/** On the global strengths: a candidate that won every time stays finite. */
const GLOBAL_PRECISION = 1
/** Anchors of smaller weight are left out. */
const NEGLIGIBLE = 1e-3

export const bradleyTerry: EstimatorFamily<BradleyTerryOptions> = {
  name: 'bradley-terry',
  version: 1,
  defaults: { anchors: 256, rank: 64, tuneRows: 1000, pseudoCount: 5 },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width } = space
    const points = Float32Array.from(rows)
    const { centroids } = kmeans({ rows: points, n, width }, { clusters: options.anchors, restarts: 1, random })
    const means = fitMeans(data, options.pseudoCount)
    const outcomes = { quality: data.quality, means: Float64Array.from(means.data.slice(0, m)), m }
    const records = pool(outcomes, ownersOf(rows, centroids, width), centroids.length / width)
    const sample = sampleRows(n, options.tuneRows, random)
    const chosen = tune({ rows, space, centroids, outcomes, records, sample })
    weighBlocks(centroids, space, chosen.featureWeight)
    const saved = savePartition(space, { ...chosen, centroids, bandwidth: 2 / chosen.tilt })
    const { locate } = loadPartition(saved)
    const { shrinkage, sharedShrinkage, slope } = chosen
    return {
      params: { ...saved.params, shrinkage, sharedShrinkage, slope },
      tensors: {
        ...saved.tensors,
        ...tokenHeads(createRidge(rows, n, width), data.outputTokens, rows, { n, m, width }),
        means,
        wins: f64(records.wins, [centroids.length / width, m, m]),
        shared: f64(records.shared),
        counts: f64(records.counts),
        global: f64(records.global),
        support: fitFamiliarity(data.queries.map(locate)),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const means = loadMeans(state, ids)
    const { clusters, featureWeight, width, locate } = loadPartition(state)
    const records: Records = {
      wins: readF64(state, 'wins', [clusters, m, m]),
      shared: readF64(state, 'shared', [clusters]),
      counts: readF64(state, 'counts', [clusters]),
      global: readF64(state, 'global', [m]),
    }
    const shrinkage = readNumber(state, 'shrinkage')
    const sharedShrinkage = readNumber(state, 'sharedShrinkage')
    const slope = readNumber(state, 'slope')
    const tokens = loadTokens(state, m, width)
    const supportOf = loadFamiliarity(state, featureWeight)
    const level = marginsOf(records.global)

    return {
      name: 'bradley-terry',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        const place = locate(query)
        if (place.nearest < 0 || (!place.hasVector && featureWeight === 0)) return { ...prediction, support: 0 }
        const { wins, shared, count } = gather(records, relative(place.weights))
        const margins = marginsOf(rank(wins, records.global, shrinkage))
        const common = shared / (count + sharedShrinkage)
        for (const [i, c] of columns.entries()) {
          const own = c < 0 ? 0 : slope * (margins[c]! - level[c]!)
          const quality = clamp(prediction.quality[i]! + common + own, 0, 1)
          prediction.quality[i] = quality
          if (c < 0) continue
          // quality · (1 − quality) bounds the variance of anything in [0, 1] with that mean.
          const variance = (quality * (1 - quality)) / (metBy(wins, c, m) + shrinkage)
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + variance)
          prediction.outputTokens[i] = tokens(c, place.row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support: supportOf(place) }
      },
    }
  },
}

/** What happened on the training rows of each anchor. */
interface Records {
  /** [anchors, m, m]; see `addWins`. */
  readonly wins: Float64Array
  /** Per anchor the sum over its rows of what the candidates have in common, each counted from its mean; and the number of rows. */
  readonly shared: Float64Array
  readonly counts: Float64Array
  /** Strengths over all rows. */
  readonly global: Float64Array
}

interface Outcomes {
  /** Row-major [n, m]; NaN = not known. */
  readonly quality: Float64Array
  readonly means: Float64Array
  readonly m: number
}

function ownersOf(rows: Float64Array, centroids: Float32Array, width: number): Int32Array {
  const distances = distancesTo(centroids, width)
  return Int32Array.from({ length: rows.length / width }, (_, i) =>
    nearest(distances(rows.subarray(i * width, (i + 1) * width))),
  )
}

function pool(outcomes: Outcomes, owner: Int32Array, anchors: number): Records & { readonly owner: Int32Array } {
  const { quality, m } = outcomes
  const wins = new Float64Array(anchors * m * m)
  const shared = new Float64Array(anchors)
  const counts = new Float64Array(anchors)
  const all = new Float64Array(m * m)
  for (const [i, k] of owner.entries()) {
    const row = quality.subarray(i * m, (i + 1) * m)
    addWins(wins.subarray(k * m * m, (k + 1) * m * m), row)
    addWins(all, row)
    const common = commonOf(outcomes, i)
    if (Number.isNaN(common)) continue
    shared[k]! += common
    counts[k]! += 1
  }
  const global = fitStrengths(all, { toward: new Float64Array(m), precision: GLOBAL_PRECISION })
  return { wins, shared, counts, global, owner }
}

/** Mean over the known candidates of row `i` of their outcomes less their means; NaN where none is known. */
function commonOf({ quality, means, m }: Outcomes, i: number): number {
  let sum = 0
  let known = 0
  for (let c = 0; c < m; c++) {
    const value = quality[i * m + c]!
    if (Number.isNaN(value)) continue
    sum += value - means[c]!
    known += 1
  }
  return sum / known
}

/** Weights as multiples of the largest, so that the wins next to the query count as what they are. */
function relative(weights: Float64Array): Float64Array {
  const most = weights.reduce((high, weight) => Math.max(high, weight), 0)
  return weights.map((weight) => (weight > NEGLIGIBLE * most ? weight / most : 0))
}

function gather({ wins, shared, counts, global }: Records, weights: Float64Array) {
  const cells = global.length ** 2
  const sums = { wins: new Float64Array(cells), shared: 0, count: 0 }
  for (const [k, weight] of weights.entries()) {
    if (weight === 0) continue
    for (let cell = 0; cell < cells; cell++) sums.wins[cell]! += weight * wins[k * cells + cell]!
    sums.shared += weight * shared[k]!
    sums.count += weight * counts[k]!
  }
  return sums
}

/** A row of even matches between m candidates bends the likelihood of their strengths by m / 4. */
function rank(wins: Float64Array, global: Float64Array, shrinkage: number): Float64Array {
  return fitStrengths(wins, { toward: global, precision: (shrinkage * global.length) / 4 })
}

/** How many rows candidate `c` met the others on, on average over them. */
function metBy(wins: Float64Array, c: number, m: number): number {
  let met = 0
  for (let b = 0; b < m; b++) met += wins[c * m + b]! + wins[b * m + c]!
  return met / Math.max(1, m - 1)
}

interface TuneInput {
  /** Row-major [n, width], unscaled; so are the centroids. */
  readonly rows: Float64Array
  readonly space: Space
  readonly centroids: Float32Array
  readonly outcomes: Outcomes
  readonly records: ReturnType<typeof pool>
  readonly sample: readonly number[]
}

/**
 * Leave-one-out: each row is ranked by the wins of all others. For every combination, the slope from margins to differences of quality that fits best:
 * 1 where outcomes are 0 or 1, less where candidates win by less. Of all combinations the one whose differences are best, and for what
 * all have in common the shrinkage that is.
 */
function tune(input: TuneInput) {
  return blockWeights(input.space)
    .flatMap((featureWeight) => TILTS.map((tilt) => judge(input, featureWeight, tilt)))
    .reduce((a, b) => (b.gain > a.gain ? b : a))
}

/** The shrinkages and the slope to take under one measure of similarity, and what it gains in squared error of differences. */
function judge({ rows, space, centroids, outcomes, records, sample }: TuneInput, featureWeight: number, tilt: number) {
  const { quality, means, m } = outcomes
  const { width, design } = space
  const byFeatures = distancesTo(centroids, width, { to: design.features })
  const byVector = distancesTo(centroids, width, { from: design.features })
  const level = marginsOf(records.global)
  const trials = SHRINKAGES.map((shrinkage) => ({ shrinkage, product: 0, squares: 0, sharedLoss: 0 }))
  for (const i of sample) {
    const common = commonOf(outcomes, i)
    if (Number.isNaN(common)) continue
    const row = rows.subarray(i * width, (i + 1) * width)
    const truth = quality.subarray(i * m, (i + 1) * m)
    const meaning = byVector(row)
    const distances = byFeatures(row).map((gap, k) => featureWeight * gap + (1 - featureWeight) * meaning[k]!)
    const weights = relative(soften(distances, 2 / tilt))
    const own = weights[records.owner[i]!]!
    const others = gather(records, weights)
    addWins(others.wins, truth, -own)
    for (const trial of trials) {
      const margins = marginsOf(rank(others.wins, records.global, trial.shrinkage))
      const known = [...truth.keys()].filter((c) => !Number.isNaN(truth[c]!))
      const leads = known.map((c) => margins[c]! - level[c]!)
      const lead = leads.reduce((sum, value) => sum + value, 0) / known.length
      for (const [at, c] of known.entries()) {
        trial.product += (leads[at]! - lead) * (truth[c]! - means[c]! - common)
        trial.squares += (leads[at]! - lead) ** 2
      }
      trial.sharedLoss += (common - (others.shared - own * common) / (others.count - own + trial.shrinkage)) ** 2
    }
  }
  const ranked = trials
    .map(({ shrinkage, product, squares }) => {
      const slope = clamp(product / (squares || 1), 0, 1)
      return { shrinkage, slope, gain: (2 * product - slope * squares) * slope }
    })
    .reduce((a, b) => (b.gain > a.gain ? b : a))
  const pooled = trials.reduce((a, b) => (b.sharedLoss <= a.sharedLoss ? b : a))
  return { featureWeight, tilt, ...ranked, sharedShrinkage: pooled.shrinkage }
}
