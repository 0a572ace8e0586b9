/**
 * What estimators that look at the design itself have in common: a query's row, how far it lies from the training rows, lengths of answers and
 * the candidates' means. What they say of quality is their own.
 */
import type { EstimatorState, Query, TrainingSet } from '../src/spec.ts'
import { type Design, encodeQueries, encodeQuery, fitDesign, loadDesign, saveDesign } from './design.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage, trainingCloseness } from './leverage.ts'
import { fitMeans, loadMeans, type Means } from './means.ts'
import { createRidge, type RidgeSolver } from './ridge.ts'
import { f64, readF64, readNumber } from './state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from './support.ts'
import { loadTokens, tokenHeads } from './tokens.ts'

/** The training rows as they are learned from. */
export interface Frame {
  readonly design: Design
  /** Rows, candidates, columns of the design, and those of them that are features. */
  readonly n: number
  readonly m: number
  readonly width: number
  readonly features: number
  /** Row-major [n, width]. */
  readonly x: Float64Array
  /** On `x`. */
  readonly ridge: RidgeSolver
}

export function fitFrame({ queries, candidates }: TrainingSet): Frame {
  const design = fitDesign(queries)
  const x = encodeQueries(design, queries)
  const { width, features } = design
  return {
    design,
    n: queries.length,
    m: candidates.length,
    width,
    features,
    x,
    ridge: createRidge(x, queries.length, width),
  }
}

export interface FrameOptions {
  /** Of the fit whose errors leverage shall measure. */
  readonly penalty: number
  /** Of the variance of what is predicted, in [0, 1]: the support that a query without a vector keeps. */
  readonly featureShare: number
  /** See `fitMeans`. */
  readonly pseudoCount: number
}

/** Params and tensors of a frame; the estimator adds its own. */
export function saveFrame(frame: Frame, data: TrainingSet, options: FrameOptions): EstimatorState {
  const { design, x, ridge, n, width } = frame
  const leverage = fitLeverage(ridge.spectrum(), n, options.penalty)
  const saved = { design: saveDesign(design), leverage: saveLeverage(leverage, width) }
  return {
    params: { ...saved.design.params, ...saved.leverage.params, featureShare: options.featureShare },
    tensors: {
      ...saved.design.tensors,
      ...tokenHeads(ridge, data.outputTokens, x, frame),
      means: fitMeans(data, options.pseudoCount),
      leverage: saved.leverage.tensor,
      support: f64(supportReference(trainingCloseness(leverage, x, width))),
    },
  }
}

/** A query among the training rows. */
export interface Placed {
  /** Of the design; overwritten by the next query. */
  readonly row: Float64Array
  readonly hasVector: boolean
  /** See `leverageOf`. */
  readonly leverage: number
  readonly support: number
}

export interface LoadedFrame {
  /** Training rows; without any there is nothing to place a query among. */
  readonly rows: number
  readonly width: number
  readonly means: Means
  place(query: Query): Placed
  /** Expected output tokens of candidate column `c`, or `undefined` where no length was ever seen. */
  tokens(c: number, row: Float64Array): number | undefined
}

/** Reads what `saveFrame` wrote. `ids` are the trained candidates. Throws a `RangeError` for a state that lacks something. */
export function loadFrame(state: EstimatorState, ids: readonly string[]): LoadedFrame {
  const design = loadDesign(state)
  const leverage = loadLeverage(state, design.width)
  const reference = readF64(state, 'support', [SUPPORT_POINTS])
  const featureShare = readNumber(state, 'featureShare')
  const row = new Float64Array(design.width)
  return {
    rows: leverage.rows,
    width: design.width,
    means: loadMeans(state, ids),
    tokens: loadTokens(state, ids.length, design.width),
    place(query) {
      const hasVector = encodeQuery(design, query, row)
      const h = leverageOf(leverage, row)
      const share = hasVector || design.dim === 0 ? 1 : featureShare
      return { row, hasVector, leverage: h, support: supportOf(-h, reference) * share }
    },
  }
}
