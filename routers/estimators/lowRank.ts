/**
 * A few factors of the query, shared by all candidates, and one short vector per candidate: what is learned of one candidate helps to predict the
 * others, which counts where outcomes are few. RouteLLM's matrix factorisation (arXiv 2406.18665), EmbedLLM (arXiv 2410.02223) or multidimensional
 * item response theory (IRT-Router, arXiv 2506.01048), by the option `link`; see `fitFactors`.
 */
import type { EstimatorFamily } from '../../src/spec.ts'
import { blockVariance } from '../blocks.ts'
import { type FactorInput, type Factors, fitFactors, type Link, logitsOf } from '../factors.ts'
import { fitFrame, loadFrame, saveFrame } from '../frame.ts'
import { differenceLoss } from '../loss.ts'
import { clamp, dotRow, logitOfMean, mean, pickRows, sampleRows, sigmoid } from '../math.ts'
import type { Spectrum } from '../spectrum.ts'
import { f64, readCount, readF64, readNumber } from '../state.ts'

export interface LowRankOptions {
  readonly link: Link
  /** Numbers of factors, and penalties per row, to choose from on held-out rows. */
  readonly ranks: readonly number[]
  readonly penalties: readonly number[]
  /** Training rows that the choice is made on, and the parts they are split into. */
  readonly tuneRows: number
  readonly folds: number
  /** Principal directions of the training rows that are looked at. */
  readonly directions: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

const LINKS: readonly Link[] = ['bilinear', 'product', 'irt']

export const lowRank: EstimatorFamily<LowRankOptions> = {
  name: 'low-rank',
  version: 1,
  defaults: {
    link: 'bilinear',
    ranks: [1, 2, 4, 8],
    penalties: [1, 0.3, 0.1, 0.03],
    tuneRows: 1500,
    folds: 3,
    directions: 128,
    pseudoCount: 5,
  },

  fit(data, options, random) {
    const frame = fitFrame(data)
    const { n, m, x, width, ridge } = frame
    const leading = lead(ridge.spectrum(), options.directions)
    const input = { x: project(x, width, leading), n, width: leading.rank, quality: data.quality, m }
    const chosen = tune(input, options, random)
    const factors = restore(fitFactors(input, { link: options.link, ...chosen }), leading, width)
    const load = Array.from({ length: m }, (_, c) => loadOf(factors, c)).reduce((sum, value) => sum + value, 0)
    const blocks = blockVariance(linearised(factors, m, width), x, frame)
    const saved = saveFrame(frame, data, {
      // The curvature of a logistic loss is at most ¼, and a factor is seen through all candidates' vectors; the difficulty through 1 each.
      penalty: clamp((4 * chosen.penalty * n) / (load || 1), 0.01, 1e4),
      featureShare: blocks.features / (blocks.features + blocks.vector || 1),
      pseudoCount: options.pseudoCount,
    })
    return {
      params: {
        ...saved.params,
        ...commonOf(factors, x, width),
        link: options.link,
        rank: factors.rank,
        penalty: chosen.penalty,
        load,
        vectorVariance: blocks.vector,
      },
      tensors: {
        ...saved.tensors,
        projection: f64(factors.projection, [factors.rank, width]),
        offset: f64(factors.offset),
        vectors: f64(factors.vectors, [m, factors.rank]),
        level: f64(factors.level),
        difficulty: f64(factors.difficulty),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const frame = loadFrame(state, ids)
    const link = LINKS.find((name) => name === state.params.link)
    if (!link) throw new RangeError(`parameter 'link' must be one of ${LINKS.join(', ')}; train the policy again`)
    const rank = readCount(state, 'rank')
    const factors: Factors = {
      link,
      rank,
      projection: readF64(state, 'projection', [rank, frame.width]),
      offset: readF64(state, 'offset', [rank]),
      vectors: readF64(state, 'vectors', [m, rank]),
      level: readF64(state, 'level', [link === 'bilinear' ? m : 1]),
      difficulty: readF64(state, 'difficulty', [link === 'irt' ? frame.width : 0]),
    }
    const vectorVariance = readNumber(state, 'vectorVariance')
    const load = readNumber(state, 'load')
    const centre = readNumber(state, 'centre')
    const variance = readNumber(state, 'variance')

    return {
      name: 'low-rank',
      estimate(query, candidates) {
        const { columns, ...prediction } = frame.means.estimate(candidates)
        if (frame.rows === 0) return { ...prediction, support: 0 }
        const { row, hasVector, leverage, support } = frame.place(query)
        const logits = logitsOf(factors, row)
        const common = mean(logits) - centre
        for (const [i, c] of columns.entries()) {
          if (c < 0) {
            prediction.quality[i] = sigmoid(logitOfMean(prediction.quality[i]!, variance) + common)
            continue
          }
          const quality = sigmoid(logits[c]!)
          prediction.quality[i] = quality
          // Two errors: that of the candidate's own level, and that of the factors, seen through its vector and the curve's slope.
          const curve = quality * (1 - quality)
          const unseen = hasVector ? 0 : vectorVariance
          const spread = load === 0 ? 0 : (4 * leverage * loadOf(factors, c)) / load
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + curve * curve * (spread + unseen))
          prediction.outputTokens[i] = frame.tokens(c, row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support }
      },
    }
  },
}

/** The rank and penalty whose predictions of held-out rows are best; the strictest where there is nothing to judge by. */
function tune({ x, n, width, quality, m }: FactorInput, options: LowRankOptions, random: () => number) {
  const sample = sampleRows(n, options.tuneRows, random)
  const foldOf = sample.map(() => Math.floor(random() * options.folds))
  const part = (rows: readonly number[]): FactorInput => {
    return { x: pickRows(x, rows, width), n: rows.length, width, quality: pickRows(quality, rows, m), m }
  }
  const penalties = options.penalties.toSorted((a, b) => b - a)
  const ranks = [...new Set(options.ranks.map((rank) => Math.min(rank, m)))]
  const losses = ranks.map(() => new Float64Array(penalties.length))
  for (let fold = 0; fold < options.folds; fold++) {
    const seen = part(sample.filter((_, s) => foldOf[s] !== fold))
    const held = part(sample.filter((_, s) => foldOf[s] === fold))
    for (const [r, rank] of ranks.entries()) {
      let factors: Factors | undefined
      for (const [p, penalty] of penalties.entries()) {
        factors = fitFactors(seen, { link: options.link, rank, penalty }, factors)
        for (let i = 0; i < held.n; i++) {
          const prediction = logitsOf(factors, held.x.subarray(i * width, (i + 1) * width)).map(sigmoid)
          losses[r]![p]! += differenceLoss(held.quality.subarray(i * m, (i + 1) * m), prediction)
        }
      }
    }
  }
  let best = { loss: Number.POSITIVE_INFINITY, rank: 1, penalty: penalties[0] ?? 1 }
  for (const [r, rank] of ranks.entries()) {
    for (const [p, penalty] of penalties.entries()) {
      if (losses[r]![p]! < best.loss) best = { loss: losses[r]![p]!, rank, penalty }
    }
  }
  return { rank: best.rank, penalty: best.penalty }
}

/** The directions of most variance. Noise lives in the others, and a factor can hardly be told there. */
function lead({ rank, directions }: Spectrum, limit: number) {
  const kept = Math.min(rank, limit)
  return { rank: kept, directions: rank === 0 ? directions : directions.subarray(0, (kept * directions.length) / rank) }
}

type Leading = ReturnType<typeof lead>

/** Rows in the coordinates of the leading directions, [n, rank]. */
function project(x: Float64Array, width: number, { rank, directions }: Leading): Float64Array {
  const out = new Float64Array((x.length / (width || 1)) * rank)
  for (let i = 0; i * width < x.length; i++) {
    const row = x.subarray(i * width, (i + 1) * width)
    for (let r = 0; r < rank; r++) out[i * rank + r] = dotRow(directions, r, width, row)
  }
  return out
}

/** The same factors for rows of the design. */
function restore(factors: Factors, { rank, directions }: Leading, width: number): Factors {
  const back = (rows: Float64Array, count: number) => {
    const out = new Float64Array(count * width)
    for (const [at, value] of rows.entries()) {
      const start = Math.floor(at / rank) * width
      for (let j = 0; j < width; j++) out[start + j]! += value * directions[(at % rank) * width + j]!
    }
    return out
  }
  return {
    ...factors,
    projection: back(factors.projection, factors.rank),
    difficulty: back(factors.difficulty, factors.link === 'irt' ? 1 : 0),
  }
}

/** How strongly a candidate's logit follows what is estimated of the query: the squared length of its vector, and 1 for the difficulty. */
function loadOf({ link, rank, vectors }: Factors, c: number): number {
  let squares = link === 'irt' ? 1 : 0
  for (let a = 0; a < rank; a++) squares += vectors[c * rank + a]! ** 2
  return squares
}

/** The candidates' logits as linear functions of the row, [m, 1 + width], at the mean row where the link bends. */
function linearised({ link, rank, projection, offset, vectors, difficulty }: Factors, m: number, width: number) {
  const heads = new Float64Array(m * (1 + width))
  for (let c = 0; c < m; c++) {
    const head = heads.subarray(c * (1 + width) + 1, (c + 1) * (1 + width))
    for (let j = 0; j < width; j++) head[j] = -(difficulty[j] ?? 0)
    for (let a = 0; a < rank; a++) {
      const weight = vectors[c * rank + a]! * (link === 'irt' ? sigmoid(offset[a]!) : 1)
      for (let j = 0; j < width; j++) head[j]! += weight * projection[a * width + j]!
    }
  }
  return heads
}

/** Mean and variance over the training rows of what the candidates' logits have in common. */
function commonOf(factors: Factors, x: Float64Array, width: number): { centre: number; variance: number } {
  const n = x.length / (width || 1)
  const common = Array.from({ length: n }, (_, i) => mean(logitsOf(factors, x.subarray(i * width, (i + 1) * width))))
  const centre = mean(common)
  return { centre, variance: mean(common.map((value) => (value - centre) ** 2)) }
}
