/**
 * A small network for quality (logistic) and for the logarithm of output tokens: the head of Tryage (arXiv 2308.11601), of RouterBench's MLP router
 * (arXiv 2403.12031) and CARROT's plug-in estimator (arXiv 2502.03261) with an interaction of features and vector in place of a linear model.
 * Several networks are averaged; each is stopped early by its own part of the rows, which it does not train on.
 */
import type { EstimatorFamily, TrainingSet } from '../../src/spec.ts'
import { worthOfVector } from '../blocks.ts'
import { encodeQuery } from '../design.ts'
import { fitLeverage, leverageOf, loadLeverage, saveLeverage, trainingCloseness } from '../leverage.ts'
import { differenceLoss } from '../loss.ts'
import { logit, pickRows, sampleRows, sigmoid } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import {
  createNetwork,
  type Network,
  outputsOf,
  type Sample,
  type Shape,
  trainNetwork,
  weightCount,
} from '../network.ts'
import { projectRow } from '../projection.ts'
import { createRidge } from '../ridge.ts'
import { fitSpace, loadSpace, saveSpace } from '../space.ts'
import { f64, readCount, readF64, readNumber } from '../state.ts'
import { SUPPORT_POINTS, supportOf, supportReference } from '../support.ts'
import { loadTokenRange, logTokens, tokenRange } from '../tokens.ts'

export interface MlpOptions {
  /** Networks, and parts of the rows. */
  readonly networks: number
  readonly hidden: number
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** Of Adam: most steps per network, rows per step, length of a step, share of a weight lost per unit of length. */
  readonly steps: number
  readonly batch: number
  readonly learningRate: number
  readonly decay: number
  /** A network's training ends after so many looks at its held-out rows without a better one. */
  readonly patience: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** Training rows that the worth of a vector is measured on. */
const MEASURED_ROWS = 1000

export const mlp: EstimatorFamily<MlpOptions> = {
  name: 'mlp',
  version: 1,
  defaults: {
    networks: 5,
    hidden: 32,
    rank: 64,
    steps: 3000,
    batch: 64,
    learningRate: 3e-3,
    decay: 0.1,
    patience: 8,
    pseudoCount: 5,
  },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width, design } = space
    const x = rows.map((value, at) => (at % width === width - 1 ? 0 : value))
    const lengths = standardise(logTokens(data.outputTokens), m)
    const networks = trainAll({ x, targets: targetsOf(data, lengths.scaled) }, { n, m, width }, options, random)

    const predict = (row: Float64Array) => average(networks.map((network) => qualityOf(outputsOf(network, row), m)))
    const logs = new Float64Array(n * m)
    for (let i = 0; i < n; i++) {
      const row = x.subarray(i * width, (i + 1) * width)
      logs.set(lengths.restore(average(networks.map((network) => outputsOf(network, row).subarray(m)))), i * m)
    }
    const measured = sampleRows(n, MEASURED_ROWS, random).map((i) => x.slice(i * width, (i + 1) * width))
    const worth = worthOfVector(
      measured.map(predict),
      measured.map((row) => predict(row.fill(0, design.features))),
    )
    // With what the projection dropped: it tells how far a query is, and where outcomes leave no noise nothing else would know of it.
    const ridge = createRidge(rows, n, width)
    const leverage = fitLeverage(ridge.spectrum(), n, ridge.solve(data.quality, m).penalty)
    const saved = { space: saveSpace(space), leverage: saveLeverage(leverage, width) }
    return {
      params: {
        ...saved.space.params,
        ...saved.leverage.params,
        ...worth,
        networks: networks.length,
        hidden: options.hidden,
      },
      tensors: {
        ...saved.space.tensors,
        means: fitMeans(data, options.pseudoCount),
        networks: f64(Float64Array.from(networks.flatMap(({ weights }) => [...weights])), [
          networks.length,
          weightCount(shapeOf(width, options.hidden, m)),
        ]),
        lengths: f64(Float64Array.of(...lengths.centre, ...lengths.scale), [2, m]),
        tokenRange: tokenRange(logTokens(data.outputTokens), logs, m),
        leverage: saved.leverage.tensor,
        support: f64(supportReference(trainingCloseness(leverage, rows, width))),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const { design, basis, width } = loadSpace(state)
    const means = loadMeans(state, ids)
    const shape = shapeOf(width, readCount(state, 'hidden'), m)
    const count = readCount(state, 'networks')
    const size = weightCount(shape)
    const weights = readF64(state, 'networks', [count, size])
    const networks = Array.from({ length: count }, (_, k): Network => {
      return { shape, weights: weights.subarray(k * size, (k + 1) * size) }
    })
    const lengths = readF64(state, 'lengths', [2, m])
    const expectedTokens = loadTokenRange(state, m)
    const leverage = loadLeverage(state, width)
    const reference = readF64(state, 'support', [SUPPORT_POINTS])
    const featureShare = readNumber(state, 'featureShare')
    const vectorVariance = readNumber(state, 'vectorVariance')
    const encoded = new Float64Array(design.width)
    const row = new Float64Array(width)

    return {
      name: 'mlp',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        if (leverage.rows === 0) return { ...prediction, support: 0 }
        const hasVector = encodeQuery(design, query, encoded)
        projectRow(basis, design, encoded, row)
        const h = leverageOf(leverage, row)
        // What the projection dropped tells how far a query is, not where.
        row[width - 1] = 0
        const outputs = networks.map((network) => outputsOf(network, row))
        for (const [i, c] of columns.entries()) {
          if (c < 0) continue
          const qualities = outputs.map((output) => sigmoid(output[c]!))
          const quality = qualities.reduce((sum, value) => sum + value, 0) / count
          prediction.quality[i] = quality
          // Each network lacks one part of the rows: the jackknife, in which what chance makes of their first weights is counted too.
          const squares = qualities.reduce((sum, value) => sum + (value - quality) ** 2, 0)
          const spread = ((count - 1) / count) * squares
          const unseen = hasVector ? 0 : vectorVariance
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + spread + unseen)
          const length = outputs.reduce((sum, output) => sum + output[m + c]!, 0) / count
          const tokens = expectedTokens(c, lengths[c]! + lengths[m + c]! * length)
          prediction.outputTokens[i] = tokens ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support: supportOf(-h, reference) * (hasVector || design.dim === 0 ? 1 : featureShare) }
      },
    }
  },
}

function shapeOf(width: number, hidden: number, m: number): Shape {
  return { width, hidden, logits: m, numbers: m }
}

/** One network per part of the rows, trained on the others. */
function trainAll(
  { x, targets }: Sample,
  { n, m, width }: { n: number; m: number; width: number },
  options: MlpOptions,
  random: () => number,
): Network[] {
  const partOf = Array.from({ length: n }, () => Math.floor(random() * options.networks))
  const loss = (truth: Float64Array, outputs: Float64Array) =>
    differenceLoss(truth.subarray(0, m), qualityOf(outputs, m))
  return Array.from({ length: options.networks }, (_, part) => {
    const pick = (isPart: boolean): Sample => {
      const rows = [...partOf.keys()].filter((i) => (partOf[i] === part) === isPart)
      return { x: pickRows(x, rows, width), targets: pickRows(targets, rows, 2 * m) }
    }
    const seen = pick(false)
    const start = createNetwork(shapeOf(width, options.hidden, m), levelsOf(seen.targets, m), random)
    return trainNetwork(start, seen, pick(true), { ...options, loss, random })
  })
}

/** Row-major [n, 2m]: qualities, then lengths. */
function targetsOf({ quality, candidates: { length: m } }: TrainingSet, lengths: Float64Array): Float64Array {
  const targets = new Float64Array(2 * quality.length)
  for (let i = 0; i * m < quality.length; i++) {
    targets.set(quality.subarray(i * m, (i + 1) * m), 2 * i * m)
    targets.set(lengths.subarray(i * m, (i + 1) * m), (2 * i + 1) * m)
  }
  return targets
}

/** Outputs that predict the mean of every column: logits of the qualities, and lengths. 0 where nothing is known. */
function levelsOf(targets: Float64Array, m: number): Float64Array {
  return Float64Array.from({ length: 2 * m }, (_, o) => {
    const known = targets.filter((value, at) => at % (2 * m) === o && !Number.isNaN(value))
    if (known.length === 0) return 0
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    return o < m ? logit(mean) : mean
  })
}

/** Columns of mean 0 and variance 1, and the way back for one row. */
function standardise(matrix: Float64Array, m: number) {
  const centre = new Float64Array(m)
  const scale = new Float64Array(m).fill(1)
  for (let c = 0; c < m; c++) {
    const known = matrix.filter((value, at) => at % m === c && !Number.isNaN(value))
    if (known.length === 0) continue
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    centre[c] = mean
    scale[c] = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length) || 1
  }
  return {
    centre,
    scale,
    scaled: matrix.map((value, at) => (value - centre[at % m]!) / scale[at % m]!),
    restore: (row: Float64Array) => row.map((value, c) => centre[c]! + scale[c]! * value),
  }
}

function qualityOf(outputs: Float64Array, m: number): Float64Array {
  return outputs.subarray(0, m).map(sigmoid)
}

function average(rows: readonly Float64Array[]): Float64Array {
  return rows[0]!.map((_, c) => rows.reduce((sum, row) => sum + row[c]!, 0) / rows.length)
}
