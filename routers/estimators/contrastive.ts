/**
 * RouterDC (arXiv 2409.19886): a query and the candidates as points of one sphere, trained by contrast; see `contrast.ts`. A cosine orders the candidates
 * and says nothing of quality. So it is calibrated: how much quality differs between candidates for a difference of their scores is fitted by least squares
 * on held-out rows, each score counted from the candidate's own mean; what all candidates share on a query is a ridge regression.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import { worthOfVector } from '../blocks.ts'
import { type ContrastInput, cosinesOf, createSphere, drawPairs, fitContrast, type Sphere } from '../contrast.ts'
import { encodeQuery } from '../design.ts'
import { distancesTo, kmeans, nearest } from '../kmeans.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage, trainingCloseness } from '../leverage.ts'
import { differences } from '../loss.ts'
import { clamp, pickRows, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { projectRow } from '../projection.ts'
import { createRidge, predictRidge } from '../ridge.ts'
import { fitSpace, loadSpace, saveSpace } from '../space.ts'
import { f64, readCount, readF64, readNumber } from '../state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from '../support.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface ContrastiveOptions {
  /** Dimensions of the sphere. */
  readonly size: number
  /** As in the paper: see `ContrastOptions`. */
  readonly positives: number
  readonly negatives: number
  readonly pairWeight: number
  /** Clusters of queries, and how many queries of other clusters each is told from. */
  readonly clusters: number
  readonly others: number
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** Training rows that the choice is made on, and the parts they are split into. */
  readonly tuneRows: number
  readonly folds: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** What held-out rows choose from. The paper's temperature is 1: candidates are hardly told apart beyond what is needed to order them. */
const TEMPERATURES = [1, 0.3]
const PENALTIES = [0.03, 0.003]
/** Training rows that the worth of a vector is measured on. */
const MEASURED_ROWS = 1000

export const contrastive: EstimatorFamily<ContrastiveOptions> = {
  name: 'contrastive',
  version: 1,
  defaults: {
    size: 16,
    positives: 3,
    negatives: 3,
    pairWeight: 1,
    clusters: 20,
    others: 3,
    rank: 64,
    tuneRows: 1000,
    folds: 3,
    pseudoCount: 5,
  },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width, design } = space
    const means = fitMeans(data, options.pseudoCount)
    // The last column, what the projection dropped, tells how far a query is, not where.
    const inner = width - 1
    const x = rows.filter((_, at) => at % width < inner)
    const input = { x, n, width: inner, quality: data.quality, m }
    const { slope, ...chosen } = tune(input, options, random)
    const placed = train(input, { ...options, ...chosen }, random)
    const ridge = createRidge(rows, n, width)
    const common = ridge.solve(commonOf(data.quality, means.data.subarray(0, m)), 1)
    const leverage = fitLeverage(ridge.spectrum(), n, ridge.solve(data.quality, m).penalty)
    const measured = sampleRows(n, MEASURED_ROWS, random).map((i) => rows.slice(i * width, (i + 1) * width))
    const predict = (row: Float64Array) => {
      const shared = predictRidge(common.weights, 0, row)
      return leadsOf(placed, row.subarray(0, inner)).map((lead) => shared + slope * lead)
    }
    const worth = worthOfVector(
      measured.map(predict),
      measured.map((row) => predict(row.fill(0, design.features))),
    )
    const saved = { space: saveSpace(space), leverage: saveLeverage(leverage, width) }
    return {
      params: {
        ...saved.space.params,
        ...saved.leverage.params,
        ...worth,
        size: options.size,
        slope,
      },
      tensors: {
        ...saved.space.tensors,
        ...tokenHeads(ridge, data.outputTokens, rows, { n, m, width }),
        means,
        projection: f64(placed.sphere.projection, [options.size, inner]),
        vectors: f64(placed.sphere.vectors, [m, options.size]),
        level: f64(placed.level),
        common: f64(common.weights, [1, 1 + width]),
        leverage: saved.leverage.tensor,
        support: f64(supportReference(trainingCloseness(leverage, rows, width))),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const { design, basis, width } = loadSpace(state)
    const means = loadMeans(state, ids)
    const size = readCount(state, 'size')
    const sphere = {
      size,
      projection: readF64(state, 'projection', [size, width - 1]),
      vectors: readF64(state, 'vectors', [m, size]),
    }
    const placed = { sphere, level: readF64(state, 'level', [m]) }
    const slope = readNumber(state, 'slope')
    const common = readF64(state, 'common', [1, 1 + width])
    const tokens = loadTokens(state, m, width)
    const leverage = loadLeverage(state, width)
    const reference = readF64(state, 'support', [SUPPORT_POINTS])
    const featureShare = readNumber(state, 'featureShare')
    const vectorVariance = readNumber(state, 'vectorVariance')
    const encoded = new Float64Array(design.width)
    const row = new Float64Array(width)

    return {
      name: 'contrastive',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        if (leverage.rows === 0) return { ...prediction, support: 0 }
        const hasVector = encodeQuery(design, query, encoded)
        projectRow(basis, design, encoded, row)
        const h = leverageOf(leverage, row)
        const shared = predictRidge(common, 0, row)
        const leads = leadsOf(placed, row.subarray(0, width - 1))
        for (const [i, c] of columns.entries()) {
          const mean = prediction.quality[i]!
          if (c < 0) {
            // What all share holds for strangers too; a prior near 0 or 1 leaves it less room, as a logistic curve is flatter there.
            prediction.quality[i] = clamp(mean + 4 * mean * (1 - mean) * shared, 0, 1)
            continue
          }
          const quality = clamp(mean + shared + slope * leads[c]!, 0, 1)
          prediction.quality[i] = quality
          // quality · (1 − quality) bounds the variance of anything in [0, 1]; a candidate seen on fewer rows is known less well in proportion.
          const variance = quality * (1 - quality) * h * (leverage.rows / means.rows[c]!)
          const unseen = hasVector ? 0 : vectorVariance
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + variance + unseen)
          prediction.outputTokens[i] = tokens(c, row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support: supportOf(-h, reference) * (hasVector || design.dim === 0 ? 1 : featureShare) }
      },
    }
  },
}

interface Placed {
  readonly sphere: Sphere
  /** Mean cosine of each candidate with the training rows; NaN for one of which no outcome is known, whose place means nothing. */
  readonly level: Float64Array
}

/** How far each candidate's cosine is above its mean, compared with the others'; 0 for one of which nothing is known. */
function leadsOf({ sphere, level }: Placed, row: Float64Array): Float64Array {
  const leads = cosinesOf(sphere, row).map((cosine, c) => cosine - level[c]!)
  const known = leads.filter((lead) => !Number.isNaN(lead))
  const mean = known.reduce((sum, lead) => sum + lead, 0) / known.length
  return leads.map((lead) => (Number.isNaN(lead) ? 0 : lead - mean))
}

type TrainInput = Omit<ContrastInput, 'pairs'>
type Setting = { readonly temperature: number; readonly penalty: number }

function train(input: TrainInput, options: ContrastiveOptions & Setting, random: () => number): Placed {
  const { x, n, width, quality, m } = input
  const { centroids } = kmeans({ rows: Float32Array.from(x), n, width }, { ...options, restarts: 1, random })
  const distances = distancesTo(centroids, width)
  const rows = Array.from({ length: n }, (_, i) => x.subarray(i * width, (i + 1) * width))
  const owner = rows.map((row) => nearest(distances(row)))
  const pairs = drawPairs(owner, options.others, random)
  const sphere = fitContrast({ ...input, pairs }, options, createSphere(options.size, width, m, random))
  const level = new Float64Array(m)
  for (const row of rows) for (const [c, cosine] of cosinesOf(sphere, row).entries()) level[c]! += cosine / n
  const isKnown = level.map((_, c) => Number(rows.some((_, i) => !Number.isNaN(quality[i * m + c]!))))
  return { sphere, level: level.map((value, c) => (isKnown[c] === 1 ? value : Number.NaN)) }
}

/** The setting whose scores, times the slope that fits best, are nearest to the differences of quality on rows that the training has not seen. */
function tune({ x, n, width, quality, m }: TrainInput, options: ContrastiveOptions, random: () => number) {
  const sample = sampleRows(n, options.tuneRows, random)
  const foldOf = sample.map(() => Math.floor(random() * options.folds))
  const truth = differences(pickRows(quality, sample, m), m)
  const settings = TEMPERATURES.flatMap((temperature) => PENALTIES.map((penalty) => ({ temperature, penalty })))
  const judged = settings.map((setting) => {
    let product = 0
    let squares = 0
    for (let fold = 0; fold < options.folds; fold++) {
      const seen = sample.filter((_, s) => foldOf[s] !== fold)
      const part = { x: pickRows(x, seen, width), n: seen.length, width, quality: pickRows(quality, seen, m), m }
      const placed = train(part, { ...options, ...setting }, random)
      for (const [s, i] of sample.entries()) {
        if (foldOf[s] !== fold) continue
        const leads = leadsOf(placed, x.subarray(i * width, (i + 1) * width))
        const own = truth.subarray(s * m, (s + 1) * m)
        const known = [...own.keys()].filter((c) => !Number.isNaN(own[c]!))
        const mean = known.reduce((sum, c) => sum + leads[c]!, 0) / known.length
        for (const c of known) {
          product += (leads[c]! - mean) * own[c]!
          squares += (leads[c]! - mean) ** 2
        }
      }
    }
    const slope = Math.max(0, product / (squares || 1))
    return { ...setting, slope, gain: slope * product }
  })
  return judged.reduce((a, b) => (b.gain > a.gain ? b : a))
}

/** Per row the mean over its known candidates of outcome less mean: what they share; NaN where none is known. */
function commonOf(quality: Float64Array, means: ArrayLike<number>): Float64Array {
  const m = means.length
  return Float64Array.from({ length: quality.length / (m || 1) }, (_, i) => {
    const known = Array.from(means, (mean, c) => quality[i * m + c]! - mean).filter((value) => !Number.isNaN(value))
    return known.reduce((sum, value) => sum + value, 0) / known.length
  })
}
