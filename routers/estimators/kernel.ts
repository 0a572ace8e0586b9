/**
 * Kernel ridge regression on Nyström landmarks (Williams and Seeger 2001; Rudi, Camoriano and Rosasco 2015, "Less is More", arXiv 1507.04717) for
 * quality and for the logarithm of output tokens: CARROT's plug-in estimator (arXiv 2502.03261) with a kernel of features and vector in place of a
 * linear model. Landmarks are a uniform sample of the rows. Bandwidth and penalty are those that predict the differences between candidates
 * best, by generalised cross-validation.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import { type AnovaKernel, createKernel, meanVectorKernel } from '../anova.ts'
import { worthOfVector } from '../blocks.ts'
import { encodeQuery } from '../design.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage } from '../leverage.ts'
import { differences } from '../loss.ts'
import { clamp, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import { largest } from '../nearest.ts'
import { expand, whitening } from '../nystrom.ts'
import { projectRow } from '../projection.ts'
import { createRidge, predictRidge } from '../ridge.ts'
import { fitSpace, loadSpace, saveSpace } from '../space.ts'
import { f32, f64, readCount, readF32, readF64, readNumber } from '../state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from '../support.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface KernelOptions {
  /** At most so many; every row with a vector where there are no more. */
  readonly landmarks: number
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** To choose from; see `AnovaKernel`. */
  readonly bandwidths: readonly number[]
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** Landmarks that bandwidths are compared on: fewer choose the same one, in a fraction of the time. */
const TUNE_LANDMARKS = 128
/** Support looks at the mean kernel of this many landmarks. */
const CLOSEST = 10
/** Training rows that support and the worth of a vector are measured on. */
const MEASURED_ROWS = 1000

export const kernel: EstimatorFamily<KernelOptions> = {
  name: 'kernel',
  version: 1,
  defaults: { landmarks: 512, rank: 64, bandwidths: [0.5, 1, 2], pseudoCount: 5 },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width, design } = space
    const places = locate(rows, { n, width, features: design.features })
    // One after the other: each fit holds two matrices of n rows.
    const judged = differences(data.quality, m)
    const fitWith = (sample: Landmarks, bandwidth: number) =>
      fitBandwidth({ ...places, ...sample, bandwidth }, data.quality, judged, m)
    const few = sampleLandmarks(places, Math.min(options.landmarks, TUNE_LANDMARKS), random)
    let chosen = { bandwidth: Number.NaN, loss: Number.POSITIVE_INFINITY }
    for (const bandwidth of options.bandwidths) {
      const { loss } = fitWith(few, bandwidth).quality
      if (!(loss >= chosen.loss)) chosen = { bandwidth, loss }
    }
    if (Number.isNaN(chosen.bandwidth)) throw new RangeError('the estimator kernel needs a bandwidth')
    const sample = sampleLandmarks(places, options.landmarks, random)
    const { picked, landmarks, size } = sample

    const { measure, white, expansion, ridge, quality, blank, bandwidth } = fitWith(sample, chosen.bandwidth)
    const back = (matrix: Float64Array, skip: number) => {
      for (let at = skip; at < matrix.length; at += skip + size) white.back(matrix.subarray(at, at + size))
      return matrix
    }
    const leverage = fitLeverage(ridge.spectrum(), n, quality.penalty)
    const { tokens, tokenRange } = tokenHeads(ridge, data.outputTokens, expansion.phi, { n, m, width: size })
    const directions = Float32Array.from(back(Float64Array.from(leverage.directions), 0))
    const saved = { space: saveSpace(space), leverage: saveLeverage({ ...leverage, directions }, size) }
    const heads = back(quality.weights, 1)
    const measured = sampleRows(n, MEASURED_ROWS, random).filter(places.isWhole)
    const kernels = [true, false].map((hasVector) => measured.map((i) => measure(places.rowOf(i), hasVector)))
    const [whole, bare] = kernels.map((rows) => ({
      predictions: rows.map((row) => {
        const centred = row.map((value, l) => value - expansion.centre[l]!)
        return Float64Array.from({ length: m }, (_, c) => predictRidge(heads, c, centred))
      }),
      support: supportReference(rows.map((row, r) => closeness(row, picked.indexOf(measured[r]!)))),
    }))
    return {
      params: {
        ...saved.space.params,
        ...saved.leverage.params,
        ...worthOfVector(whole!.predictions, bare!.predictions),
        landmarks: size,
        bandwidth,
      },
      tensors: {
        ...saved.space.tensors,
        means: fitMeans(data, options.pseudoCount),
        landmarks: f32(landmarks, [size, width]),
        blank: f64(blank),
        centre: f64(expansion.centre),
        prior: f64(expansion.prior),
        quality: f64(heads, [m, 1 + size]),
        residualStd: f64(quality.residualStd),
        tokens: f64(back(Float64Array.from(tokens.data), 1), [m, 1 + size]),
        tokenRange,
        leverage: saved.leverage.tensor,
        support: f64(whole!.support),
        bareSupport: f64(bare!.support),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const { design, basis, width } = loadSpace(state)
    const means = loadMeans(state, ids)
    const size = readCount(state, 'landmarks')
    const measure = createKernel({
      landmarks: readF32(state, 'landmarks', [size, width]),
      width,
      features: design.features,
      bandwidth: readNumber(state, 'bandwidth'),
      blank: readF64(state, 'blank', [size]),
    })
    const centre = readF64(state, 'centre', [size])
    const prior = readF64(state, 'prior', [1 + size])
    const weights = readF64(state, 'quality', [m, 1 + size])
    const residualStd = readF64(state, 'residualStd', [m])
    const tokens = loadTokens(state, m, size)
    const leverage = loadLeverage(state, size)
    const [reference, bareReference] = ['support', 'bareSupport'].map((name) => readF64(state, name, [SUPPORT_POINTS]))
    const featureShare = readNumber(state, 'featureShare')
    const vectorVariance = readNumber(state, 'vectorVariance')
    const encoded = new Float64Array(design.width)
    const point = new Float64Array(width)

    return {
      name: 'kernel',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        if (leverage.rows === 0) return { ...prediction, support: 0 }
        const isWhole = encodeQuery(design, query, encoded) || design.dim === 0
        projectRow(basis, design, encoded, point)
        const row = measure(point, isWhole)
        const close = closeness(row)
        for (let l = 0; l < size; l++) row[l]! -= centre[l]!
        const h = leverageOf(leverage, row, predictRidge(prior, 0, row))
        for (const [i, c] of columns.entries()) {
          if (c < 0) continue
          prediction.quality[i] = clamp(predictRidge(weights, c, row), 0, 1)
          // The factorisation covers all rows; a candidate seen on fewer of them is known less well in proportion.
          const noise = residualStd[c]! ** 2 * h * (leverage.rows / means.rows[c]!)
          prediction.qualityStd[i] = Math.sqrt(noise + (isWhole ? 0 : vectorVariance))
          prediction.outputTokens[i] = tokens(c, row) ?? prediction.outputTokens[i]!
        }
        // Without a vector, support falls to the share of the predictions' variance that features carry.
        const support = isWhole ? supportOf(close, reference!) : supportOf(close, bareReference!) * featureShare
        return { ...prediction, support }
      },
    }
  },
}

/** The rows of a space, and which of them have a vector. */
interface Places {
  readonly n: number
  readonly width: number
  readonly features: number
  readonly withVector: readonly number[]
  rowOf(i: number): Float64Array
  /** Whether the row lacks nothing: all do not where none of them has a vector. */
  isWhole(i: number): boolean
}

function locate(rows: Float64Array, size: Pick<Places, 'n' | 'width' | 'features'>): Places {
  const { n, width, features } = size
  const rowOf = (i: number) => rows.subarray(i * width, (i + 1) * width)
  // A vector that is missing leaves zeros.
  const has = Array.from({ length: n }, (_, i) =>
    rowOf(i)
      .subarray(features)
      .some((value) => value !== 0),
  )
  const withVector = [...has.keys()].filter((i) => has[i])
  return { ...size, withVector, rowOf, isWhole: (i) => has[i]! || withVector.length === 0 }
}

interface Landmarks {
  /** Rows. */
  readonly picked: readonly number[]
  readonly size: number
  /** Row-major [size, width]. */
  readonly landmarks: Float32Array
}

function sampleLandmarks({ n, width, rowOf, isWhole }: Places, most: number, random: () => number): Landmarks {
  const whole = Array.from({ length: n }, (_, i) => i).filter(isWhole)
  const picked = sampleRows(whole.length, most, random).map((r) => whole[r]!)
  const landmarks = new Float32Array(picked.length * width)
  for (const [l, i] of picked.entries()) landmarks.set(rowOf(i), l * width)
  return { picked, size: picked.length, landmarks }
}

/** Ridge regression of quality on the expansion under one bandwidth, its penalty chosen by what it says of `judged`. */
function fitBandwidth(
  places: Places & Omit<AnovaKernel, 'blank'> & { readonly size: number },
  quality: Float64Array,
  judged: Float64Array,
  m: number,
) {
  const { n, size, width, landmarks, bandwidth, withVector, rowOf, isWhole } = places
  const blank = meanVectorKernel(places, withVector.map(rowOf))
  const measure = createKernel({ ...places, blank })
  const own = new Float64Array(size * size)
  for (let l = 0; l < size; l++) {
    own.set(measure(Float64Array.from(landmarks.subarray(l * width, (l + 1) * width)), true), l * size)
  }
  const kernels = new Float64Array(n * size)
  for (let i = 0; i < n; i++) kernels.set(measure(rowOf(i), isWhole(i)), i * size)
  const white = whitening(own, size)
  const expansion = expand(kernels, n, white)
  const ridge = createRidge(expansion.phi, n, size)
  return {
    bandwidth,
    blank,
    measure,
    white,
    expansion,
    ridge,
    quality: ridge.solve(quality, m, judged),
  }
}

/** Mean kernel of the nearest landmarks, `but` one. */
function closeness(row: Float64Array, but = -1): number {
  const nearest = largest(row, CLOSEST + 1).filter((l) => l !== but)
  const counted = nearest.subarray(0, CLOSEST)
  return counted.reduce((sum, l) => sum + row[l]!, 0) / (counted.length || 1)
}
