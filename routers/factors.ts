/**
 * The chance of a right answer from a few factors of the query and one vector per candidate, in logits, under one of three links:
 * - `bilinear`: level(candidate) + v(candidate) · Px, RouteLLM's matrix factorisation (arXiv 2406.18665);
 * - `product`: bias + v(candidate) · (Px + p), EmbedLLM's element-wise product (arXiv 2410.02223), whose linear head is absorbed into P and p: the
 *   candidate's own level has to come out of its vector;
 * - `irt`: ability(candidate) · softplus(Px + p) − (d·x + d₀), multidimensional item response theory (Reckase 2009; IRT-Router, arXiv 2506.01048): a query's
 *   discriminations, which are positive, and its difficulty follow from its row.
 * Fitted by penalised maximum likelihood. With penalties on both factors (about a nuclear norm of their product, Srebro et al. 2004) unneeded
 * factors vanish; qualities between 0 and 1 count as fractions of an answer being right.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { minimise } from './lbfgs.ts'
import { dotRow, logit, sigmoid } from './math.ts'

export type Link = 'bilinear' | 'product' | 'irt'

export interface Factors {
  readonly link: Link
  readonly rank: number
  /** P [rank, width] and p [rank]; p is 0 in `bilinear`. */
  readonly projection: Float64Array
  readonly offset: Float64Array
  /** [m, rank]. */
  readonly vectors: Float64Array
  /** [m] in `bilinear`, else one for all. */
  readonly level: Float64Array
  /** d [width] in `irt`, else empty. */
  readonly difficulty: Float64Array
}

export interface FactorInput {
  /** Row-major [n, width]; columns are uncorrelated, as in principal coordinates, and centred. */
  readonly x: Float64Array
  readonly n: number
  readonly width: number
  /** Row-major [n, m]; NaN = not known. */
  readonly quality: Float64Array
  readonly m: number
}

export interface FactorOptions {
  readonly link: Link
  readonly rank: number
  /** On P and d, per row: what a fit can find in noise grows with the rows, and so must what holds it back. */
  readonly penalty: number
}

const MAX_ITERATIONS = 100
const TOLERANCE = 1e-6
/** Precision of the candidates' levels about that of the pool, and of the offset about 0. */
const LEVEL_PRECISION = 1
const OFFSET_PRECISION = 0.01
/** The ridge penalty of the linear fit that the factors start from. */
const START_PENALTY = 30
/** softplus(UNIT) = 1. */
const UNIT = Math.log(Math.E - 1)

/** Deterministic: it starts from the leading factors of a ridge regression, or from `from`, a fit of the same link and rank. */
export function fitFactors(input: FactorInput, { link, rank, penalty }: FactorOptions, from?: Factors): Factors {
  const { x, n, width, quality, m } = input
  const lambda = Math.max(penalty * n, 1)
  const pool = poolLogit(quality)
  const scales = squaredNorms(x, n, width)
  const start = from ?? begin(input, { link, rank: Math.min(rank, m), pool, lambda, scales })
  const size = start.rank
  const shape: Shape = { link, rank: size, width, m }
  const whole = join(start)
  const at = views(whole, shape)

  function evaluate(_: Float64Array, gradient: Float64Array): number {
    const to = views(gradient, shape)
    let value = 0
    const penalise = (part: Float64Array, slot: Float64Array, precision: number, centre = 0) => {
      for (let j = 0; j < part.length; j++) {
        slot[j] = precision * (part[j]! - centre)
        value += 0.5 * precision * (part[j]! - centre) ** 2
      }
    }
    penalise(at.projection, to.projection, lambda)
    penalise(at.difficulty, to.difficulty, lambda)
    penalise(at.vectors, to.vectors, 1)
    penalise(at.offset, to.offset, OFFSET_PRECISION, link === 'irt' ? UNIT : 0)
    penalise(at.level, to.level, LEVEL_PRECISION, pool)
    const own = at.level.length === m
    const factor = new Float64Array(size)
    const slope = new Float64Array(size).fill(1)
    const pull = new Float64Array(size)
    for (let i = 0; i < n; i++) {
      const row = i * width
      for (let a = 0; a < size; a++) {
        let sum = link === 'bilinear' ? 0 : at.offset[a]!
        for (let j = 0; j < width; j++) sum += at.projection[a * width + j]! * x[row + j]!
        factor[a] = link === 'irt' ? softplus(sum) : sum
        if (link === 'irt') slope[a] = sigmoid(sum)
      }
      let hardness = 0
      for (let j = 0; j < at.difficulty.length; j++) hardness += at.difficulty[j]! * x[row + j]!
      pull.fill(0)
      let total = 0
      for (let c = 0; c < m; c++) {
        const truth = quality[i * m + c]!
        if (Number.isNaN(truth)) continue
        let z = at.level[own ? c : 0]! - hardness
        for (let a = 0; a < size; a++) z += at.vectors[c * size + a]! * factor[a]!
        const error = sigmoid(z) - truth
        value += softplus(z) - truth * z
        total += error
        to.level[own ? c : 0]! += error
        for (let a = 0; a < size; a++) {
          to.vectors[c * size + a]! += error * factor[a]!
          pull[a]! += error * at.vectors[c * size + a]!
        }
      }
      for (let a = 0; a < size; a++) {
        const force = pull[a]! * slope[a]!
        if (link !== 'bilinear') to.offset[a]! += force
        for (let j = 0; j < width; j++) to.projection[a * width + j]! += force * x[row + j]!
      }
      for (let j = 0; j < at.difficulty.length; j++) to.difficulty[j]! -= total * x[row + j]!
    }
    return value
  }

  const curvature = curvatureAt(at, scales, { n, lambda, shape })
  minimise(evaluate, whole, { curvature, maxIterations: MAX_ITERATIONS, tolerance: TOLERANCE })
  return { link, rank: size, ...views(whole.slice(), shape) }
}

/** Logits of all candidates for one row. */
export function logitsOf({ link, rank, projection, offset, vectors, level, difficulty }: Factors, row: Float64Array) {
  const m = vectors.length / rank
  const hardness = difficulty.length === 0 ? 0 : dotRow(difficulty, 0, row.length, row)
  const factor = offset.map((value, a) => {
    const sum = value + dotRow(projection, a, row.length, row)
    return link === 'irt' ? softplus(sum) : sum
  })
  return Float64Array.from({ length: m }, (_, c) => {
    return level[level.length === 1 ? 0 : c]! - hardness + dotRow(vectors, c, rank, factor)
  })
}

interface Shape {
  readonly link: Link
  readonly rank: number
  readonly width: number
  readonly m: number
}

type Parts = Pick<Factors, 'projection' | 'offset' | 'vectors' | 'level' | 'difficulty'>

/** The parts of one vector of all parameters. */
function views(whole: Float64Array, { link, rank, width, m }: Shape): Parts {
  let end = 0
  const take = (length: number) => {
    end += length
    return whole.subarray(end - length, end)
  }
  return {
    projection: take(rank * width),
    offset: take(rank),
    vectors: take(m * rank),
    level: take(link === 'bilinear' ? m : 1),
    difficulty: take(link === 'irt' ? width : 0),
  }
}

function join(parts: Parts): Float64Array {
  const { projection, offset, vectors, level, difficulty } = parts
  return Float64Array.of(...projection, ...offset, ...vectors, ...level, ...difficulty)
}

/** The leading factors of ridge regressions on the linearised outcomes, 4 (y − mean), split so that both penalties are equal. */
function begin(
  { x, n, width, quality, m }: FactorInput,
  {
    link,
    rank,
    pool,
    lambda,
    scales,
  }: { link: Link; rank: number; pool: number; lambda: number; scales: Float64Array },
): Factors {
  const level = candidateLogits(quality, m, pool)
  const heads = new Float64Array(width * m)
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < m; c++) {
      const truth = quality[i * m + c]!
      if (Number.isNaN(truth)) continue
      const error = 4 * (truth - sigmoid(level[c]!))
      for (let j = 0; j < width; j++) heads[j * m + c]! += (error * x[i * width + j]!) / (scales[j]! + START_PENALTY)
    }
  }
  const difficulty = new Float64Array(link === 'irt' ? width : 0)
  for (let j = 0; j < difficulty.length; j++) {
    const common = heads.subarray(j * m, (j + 1) * m).reduce((sum, value) => sum + value, 0) / m
    difficulty[j] = -common
    for (let c = 0; c < m; c++) heads[j * m + c]! -= common
  }
  // Where candidates have no level of their own, it is a column like any other.
  const spread = level.map((value) => (link === 'bilinear' ? 0 : value - pool))
  const gram = Matrix.zeros(m, m)
  for (let a = 0; a < m; a++) {
    for (let b = 0; b < m; b++) {
      let sum = link === 'product' ? n * spread[a]! * spread[b]! : 0
      for (let j = 0; j < width; j++) sum += scales[j]! * heads[j * m + a]! * heads[j * m + b]!
      gram.set(a, b, sum)
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true })
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!)
  const projection = new Float64Array(rank * width)
  const offset = new Float64Array(rank).fill(link === 'irt' ? UNIT : 0)
  const vectors = new Float64Array(m * rank)
  for (let a = 0; a < rank; a++) {
    const direction = Float64Array.from({ length: m }, (_, c) => eigenvectorMatrix.get(c, order[a]!))
    const row = Float64Array.from({ length: width }, (_, j) => dotRow(heads, j, m, direction))
    const scale = Math.sqrt(Math.sqrt(lambda) * Math.hypot(...row)) || 1
    for (let j = 0; j < width; j++) projection[a * width + j] = row[j]! / scale
    for (let c = 0; c < m; c++) vectors[c * rank + a] = direction[c]! * scale
    if (link === 'product') offset[a] = dotRow(spread, 0, m, direction) / scale
  }
  if (link === 'irt') {
    for (let c = 0; c < m; c++) {
      const sum = vectors.subarray(c * rank, (c + 1) * rank).reduce((total, value) => total + value, 0)
      for (let a = 0; a < rank; a++) vectors[c * rank + a]! += (spread[c]! - sum) / rank
    }
  }
  return {
    link,
    rank,
    projection,
    offset,
    vectors,
    level: link === 'bilinear' ? level : Float64Array.of(pool),
    difficulty,
  }
}

/**
 * About the second derivatives at the start: those of a logistic loss are at most ¼. Under `irt` all factors are near 1 and move together, which
 * multiplies the curvature along their sum; without that the first steps go too far, over and over.
 */
function curvatureAt(
  { projection, offset, vectors, level, difficulty }: Parts,
  scales: Float64Array,
  { n, lambda, shape: { link, rank, width, m } }: { n: number; lambda: number; shape: Shape },
): Float64Array {
  const loads = Float64Array.from({ length: rank }, (_, a) => {
    let squares = 0
    for (let c = 0; c < m; c++) squares += vectors[c * rank + a]! ** 2
    return squares
  })
  const sizes = Float64Array.from({ length: rank }, (_, a) => {
    let squares = n * (link === 'irt' ? softplus(offset[a]!) : offset[a]!) ** 2
    for (let j = 0; j < width; j++) squares += scales[j]! * projection[a * width + j]! ** 2
    return squares
  })
  const together = link === 'irt' ? rank + 1 : 1
  return Float64Array.of(
    ...projection.map((_, at) => 0.25 * loads[Math.floor(at / width)]! * scales[at % width]! + lambda),
    ...offset.map((_, a) => 0.25 * n * loads[a]! + OFFSET_PRECISION),
    ...vectors.map((_, at) => 0.25 * sizes[at % rank]! + 1),
    ...level.map(() => (0.25 * n * m) / level.length + LEVEL_PRECISION),
    ...difficulty.map((_, j) => 0.25 * m * scales[j]! + lambda),
  ).map((value) => value * together)
}

function squaredNorms(x: Float64Array, n: number, width: number): Float64Array {
  const sums = new Float64Array(width)
  for (let at = 0; at < n * width; at++) sums[at % width]! += x[at]! ** 2
  return sums
}

function poolLogit(quality: Float64Array): number {
  const known = quality.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? 0 : logit(known.reduce((sum, value) => sum + value, 0) / known.length)
}

/** Of each candidate's mean, shrunk toward the pool's by a few outcomes. */
function candidateLogits(quality: Float64Array, m: number, pool: number): Float64Array {
  const sums = new Float64Array(m).fill(4 * sigmoid(pool))
  const counts = new Float64Array(m).fill(4)
  for (const [at, value] of quality.entries()) {
    if (Number.isNaN(value)) continue
    sums[at % m]! += value
    counts[at % m]! += 1
  }
  return sums.map((sum, c) => logit(sum / counts[c]!))
}

function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x))
}
