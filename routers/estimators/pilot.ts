/**
 * Pilots of each candidate: centroids of the training queries that it won. How much closer a query is to a candidate's pilots than to the centroid of
 * all queries becomes quality by a curve that rises: RouterRetriever (arXiv 2409.02685), whose experts come and go without training. The paper
 * takes the mean similarity to one centroid per data set; here k-means finds the sets, and held-out rows say how many there are
 * and whether near pilots count more.
 */
import type { EstimatorFamily, TrainingSet } from '../../src/spec.ts'
import { distancesTo, kmeans } from '../kmeans.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage, trainingCloseness } from '../leverage.ts'
import { fitLink, type Link } from '../link.ts'
import { differenceLoss } from '../loss.ts'
import { logitOfMean, mean, pickRows, sampleRows, sigmoid } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { loadPartition, savePartition } from '../partition.ts'
import { createRidge } from '../ridge.ts'
import { blockWeights, fitSpace, type Space, weighBlocks } from '../space.ts'
import { f64, readF64, readNumber } from '../state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from '../support.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface PilotOptions {
  /** Numbers of pilots per candidate to choose from, on held-out rows. */
  readonly pilots: readonly number[]
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** Training rows that the choice is made on, and the parts they are split into. */
  readonly tuneRows: number
  readonly folds: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** A pilot counts exp(tilt · its similarity); at 0 all of a candidate's pilots count alike. */
const TILTS = [0, 5, 20]

export const pilot: EstimatorFamily<PilotOptions> = {
  name: 'pilot',
  version: 1,
  defaults: { pilots: [1, 4, 8], rank: 64, tuneRows: 1500, folds: 3, pseudoCount: 5 },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width } = space
    const chosen = tune({ rows, space, quality: data.quality, m }, options, random)
    const points = weighBlocks(Float32Array.from(rows), space, chosen.featureWeight)
    const flock = gather({ points, width, quality: data.quality, m }, chosen.pilots, random)
    const saved = savePartition(space, { ...chosen, centroids: flock.centroids, bandwidth: 0 })
    const ridge = createRidge(rows, n, width)
    // Pilots are too few to tell what is strange; the rows' own leverage does, under the penalty of a linear fit to the same outcomes.
    const leverage = fitLeverage(ridge.spectrum(), n, ridge.solve(data.quality, m).penalty)
    const spread = saveLeverage(leverage, width)
    const { tilt, scale, link } = chosen
    return {
      params: { ...saved.params, ...spread.params, tilt, scale, centre: chosen.centre, variance: chosen.variance },
      tensors: {
        ...saved.tensors,
        ...tokenHeads(ridge, data.outputTokens, rows, { n, m, width }),
        means: fitMeans(data, options.pseudoCount),
        owners: f64(Float64Array.from(flock.owners)),
        level: f64(link.level),
        steepness: f64(link.steepness),
        leverage: spread.tensor,
        support: f64(supportReference(trainingCloseness(leverage, rows, width))),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const means = loadMeans(state, ids)
    const { clusters, featureWeight, width, locate } = loadPartition(state)
    const owners = readF64(state, 'owners', [clusters])
    const level = readF64(state, 'level', [m])
    const steepness = readF64(state, 'steepness', [m])
    const tilt = readNumber(state, 'tilt')
    const scale = readNumber(state, 'scale')
    const centre = readNumber(state, 'centre')
    const commonVariance = readNumber(state, 'variance')
    const tokens = loadTokens(state, m, width)
    const leverage = loadLeverage(state, width)
    const reference = readF64(state, 'support', [SUPPORT_POINTS])

    return {
      name: 'pilot',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        const place = locate(query)
        if (place.nearest < 0 || (!place.hasVector && featureWeight === 0)) return { ...prediction, support: 0 }
        const { byFeatures, byVector, hasVector } = place
        const distances = hasVector ? byFeatures.map((gap, k) => gap + byVector[k]!) : byFeatures
        const logits = scoresOf(distances, owners, m, tilt).map((score, c) => level[c]! + steepness[c]! * score * scale)
        const common = mean(logits) - centre
        const h = leverageOf(leverage, place.row)
        for (const [i, c] of columns.entries()) {
          if (c < 0) {
            prediction.quality[i] = sigmoid(logitOfMean(prediction.quality[i]!, commonVariance) + common)
            continue
          }
          const quality = sigmoid(logits[c]!)
          // quality · (1 − quality) bounds the variance of anything in [0, 1]; a candidate seen on fewer rows is known less well in proportion.
          const variance = quality * (1 - quality) * h * (leverage.rows / means.rows[c]!)
          prediction.quality[i] = quality
          prediction.qualityStd[i] = Math.sqrt(variance)
          prediction.outputTokens[i] = tokens(c, place.row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support: supportOf(-h, reference) * (hasVector ? 1 : featureWeight) }
      },
    }
  },
}

/** Centroids and the candidate of each; −1 for the centroid of all queries, which comes first. */
interface Flock {
  readonly centroids: Float32Array
  readonly owners: readonly number[]
}

interface Field {
  /** Row-major [n, width], the blocks weighed. */
  readonly points: Float32Array
  readonly width: number
  readonly quality: Float64Array
  readonly m: number
}

function gather({ points, width, quality, m }: Field, pilots: number, random: () => number): Flock {
  const n = points.length / width
  const all = Array.from({ length: n }, (_, i) => i)
  const lots = [
    { owner: -1, rows: all, clusters: 1 },
    ...Array.from({ length: m }, (_, c) => ({
      owner: c,
      rows: all.filter((i) => wins(quality, m, i, c)),
      clusters: pilots,
    })),
  ].map(({ owner, rows, clusters }) => {
    const own = new Float32Array(rows.length * width)
    for (const [r, i] of rows.entries()) own.set(points.subarray(i * width, (i + 1) * width), r * width)
    return { owner, ...kmeans({ rows: own, n: rows.length, width }, { clusters, restarts: 1, random }) }
  })
  const centroids = new Float32Array(lots.reduce((sum, lot) => sum + lot.centroids.length, 0))
  let at = 0
  for (const lot of lots) {
    centroids.set(lot.centroids, at)
    at += lot.centroids.length
  }
  return { centroids, owners: lots.flatMap((lot) => Array<number>(lot.centroids.length / width).fill(lot.owner)) }
}

/** Whether nobody did better than candidate `c` on row `i`, and it did something: a tie is won by all. */
function wins(quality: Float64Array, m: number, i: number, c: number): boolean {
  const own = quality[i * m + c]!
  // NaN, not known, is greater than nothing and nothing is greater than it.
  return own > 0 && !quality.subarray(i * m, (i + 1) * m).some((other) => other > own)
}

/**
 * Per candidate how similar the query is to its pilots, less its similarity to the centroid of all queries; similarity is −½ of a squared distance. 0 for
 * a candidate that never won.
 */
function scoresOf(distances: Float64Array, owners: ArrayLike<number>, m: number, tilt: number): Float64Array {
  const closest = new Float64Array(m).fill(Number.POSITIVE_INFINITY)
  const count = new Float64Array(m)
  const sums = new Float64Array(m)
  for (let k = 1; k < owners.length; k++) closest[owners[k]!] = Math.min(closest[owners[k]!]!, distances[k]!)
  for (let k = 1; k < owners.length; k++) {
    const c = owners[k]!
    const behind = (closest[c]! - distances[k]!) / 2
    count[c]! += 1
    sums[c]! += tilt === 0 ? behind : Math.exp(tilt * behind)
  }
  return sums.map((sum, c) => {
    if (count[c] === 0) return 0
    const mean = sum / count[c]!
    return (distances[0]! - closest[c]!) / 2 + (tilt === 0 ? mean : Math.log(mean) / tilt)
  })
}

interface TuneInput {
  /** Row-major [n, width] of the space, unscaled. */
  readonly rows: Float64Array
  readonly space: Space
  readonly quality: TrainingSet['quality']
  readonly m: number
}

interface Choice {
  readonly featureWeight: number
  readonly pilots: number
  readonly tilt: number
  /** Makes the variance of scores 1. */
  readonly scale: number
  readonly link: Link
  /** Mean and variance over rows of what the candidates' logits have in common. */
  readonly centre: number
  readonly variance: number
}

/** Everything is judged, and the curves fitted, on rows that the pilots have not seen. */
function tune({ rows, space, quality, m }: TuneInput, options: PilotOptions, random: () => number): Choice {
  const { width } = space
  const sample = sampleRows(rows.length / width, options.tuneRows, random)
  const foldOf = sample.map(() => Math.floor(random() * options.folds))
  const outcomes = pickRows(quality, sample, m)
  let best: (Choice & { readonly loss: number }) | undefined
  for (const featureWeight of blockWeights(space)) {
    const points = weighBlocks(pickRows(rows, sample, width), space, featureWeight)
    for (const pilots of options.pilots) {
      const scores = TILTS.map(() => new Float64Array(sample.length * m))
      for (let fold = 0; fold < options.folds; fold++) {
        const seen = [...foldOf.keys()].filter((s) => foldOf[s] !== fold)
        const field = { points: Float32Array.from(pickRows(points, seen, width)), width, m }
        const { centroids, owners } = gather({ ...field, quality: pickRows(outcomes, seen, m) }, pilots, random)
        const measure = distancesTo(centroids, width)
        for (const [s, own] of foldOf.entries()) {
          if (own !== fold || owners.length === 0) continue
          const distances = measure(points.subarray(s * width, (s + 1) * width))
          for (const [t, tilt] of TILTS.entries()) scores[t]!.set(scoresOf(distances, owners, m, tilt), s * m)
        }
      }
      for (const [t, tilt] of TILTS.entries()) {
        const found = judge(scores[t]!, outcomes, m)
        if (best === undefined || found.loss < best.loss) best = { featureWeight, pilots, tilt, ...found }
      }
    }
  }
  if (best === undefined) throw new RangeError('the estimator pilot needs a number of pilots')
  return best
}

function judge(scores: Float64Array, outcomes: Float64Array, m: number) {
  const scale = 1 / Math.sqrt(mean(scores.map((score) => score * score)) || 1)
  const link = fitLink(
    scores.map((score) => score * scale),
    outcomes,
    m,
  )
  const common: number[] = []
  let loss = 0
  for (let at = 0; at < scores.length; at += m) {
    const logits = scores.slice(at, at + m).map((score, c) => link.level[c]! + link.steepness[c]! * score * scale)
    loss += differenceLoss(outcomes.subarray(at, at + m), logits.map(sigmoid))
    common.push(mean(logits))
  }
  const centre = mean(common)
  return { scale, link, loss, centre, variance: mean(common.map((value) => (value - centre) ** 2)) }
}
