/**
 * Queries and candidates as points of one sphere, so placed that a query lies near the candidates that answer it well and near its like: the two losses of
 * RouterDC (arXiv 2409.19886), with a linear projection of the query's row in place of a fine-tuned encoder.
 */
import { minimise } from './lbfgs.ts'
import { clamp } from './math.ts'

/** Cosines stay the same when the sphere is turned and a query is stretched. So the mean query lies on the first axis, at length 1. */
export interface Sphere {
  readonly size: number
  /** [size, width]; a query lies in the direction of (1, 0, …) + projection · row. */
  readonly projection: Float64Array
  /** [m, size]; only their directions count. */
  readonly vectors: Float64Array
}

export interface ContrastInput {
  /** Row-major [n, width], centred, of a total variance of about 2. */
  readonly x: Float64Array
  readonly n: number
  readonly width: number
  /** Row-major [n, m]; NaN = not known. */
  readonly quality: Float64Array
  readonly m: number
  /** Row-major [n, 1 + others]; see `drawPairs`. */
  readonly pairs: Int32Array
}

export interface ContrastOptions {
  /** K⁺ and K⁻ of the paper: how many of a row's best candidates are told from how many of its worst. */
  readonly positives: number
  readonly negatives: number
  /** τ: a score is a cosine divided by it. */
  readonly temperature: number
  /** λ of the paper: of the loss between queries, beside that between queries and candidates. */
  readonly pairWeight: number
  /** On the squared length of the projection: the larger, the nearer all queries lie to the mean query, which is a constant. */
  readonly penalty: number
}

const MAX_ITERATIONS = 60
const TOLERANCE = 1e-4
/** Length of the random projection that a fit starts from, as a share of one that keeps the lengths of rows. */
const START = 0.3

/** Random directions of the candidates, and a random projection that about keeps the angles between rows. */
export function createSphere(size: number, width: number, m: number, random: () => number): Sphere {
  // Uniform, of variance 1 / size.
  const draw = () => Math.sqrt(3 / size) * (2 * random() - 1)
  return {
    size,
    projection: Float64Array.from({ length: size * width }, () => START * draw()),
    vectors: Float64Array.from({ length: m * size }, draw),
  }
}

/** The sphere that L-BFGS finds from `start`. */
export function fitContrast(input: ContrastInput, options: ContrastOptions, start: Sphere): Sphere {
  const { x, n, width } = input
  const border = start.projection.length
  const weights = Float64Array.of(...start.projection, ...start.vectors)
  const sphere = { size: start.size, projection: weights.subarray(0, border), vectors: weights.subarray(border) }
  const squares = new Float64Array(width)
  for (const [at, value] of x.entries()) squares[at % width]! += value ** 2 / n
  const curvature = weights.map((_, at) => {
    return at < border ? squares[at % width]! / options.temperature + options.penalty : 0.1 / options.temperature
  })
  const contrasts = contrastsOf(input, options)
  minimise((_, gradient) => contrastLoss(sphere, { ...input, contrasts }, options, gradient), weights, {
    curvature,
    maxIterations: MAX_ITERATIONS,
    tolerance: TOLERANCE,
  })
  return sphere
}

/**
 * For each row one of the same cluster, which may be itself, then `others` of other clusters: row-major [n, 1 + others], empty where there is one
 * cluster alone. The paper draws anew in every step; drawn once, the loss is a function that can be minimised.
 */
export function drawPairs(owner: ArrayLike<number>, others: number, random: () => number): Int32Array {
  const rows = Array.from(owner, (_, i) => i)
  const clusters = new Map(Array.from(new Set(Array.from(owner)), (k) => [k, rows.filter((i) => owner[i] === k)]))
  const outside = new Map(Array.from(clusters.keys(), (k) => [k, rows.filter((i) => owner[i] !== k)]))
  if (clusters.size < 2) return new Int32Array(0)
  const draw = (from: readonly number[]) => from[Math.floor(random() * from.length)]!
  return Int32Array.from(
    rows.flatMap((i) => [
      draw(clusters.get(owner[i]!)!),
      ...Array.from({ length: others }, () => draw(outside.get(owner[i]!)!)),
    ]),
  )
}

/** [n, m] each: a candidate's share of a place among the best and among the worst of a row. */
export interface Contrasts {
  readonly positive: Float64Array
  readonly negative: Float64Array
}

/**
 * Who is told from whom: those of the K⁺ best that scored above 0 from those of the K⁻ worst that scored below 0.5. Candidates that tie for the last
 * places share them: with outcomes of 0 and 1 most tie, and any order among them would favour somebody.
 */
export function contrastsOf(
  { quality, n, m }: Pick<ContrastInput, 'quality' | 'n' | 'm'>,
  { positives, negatives }: Pick<ContrastOptions, 'positives' | 'negatives'>,
): Contrasts {
  const positive = new Float64Array(n * m)
  const negative = new Float64Array(n * m)
  for (let i = 0; i < n; i++) {
    const row = quality.subarray(i * m, (i + 1) * m)
    for (const [c, own] of row.entries()) {
      let [above, equal, below] = [0, 0, 0]
      for (const other of row) {
        if (other > own) above += 1
        if (other === own) equal += 1
        if (other < own) below += 1
      }
      if (own > 0) positive[i * m + c] = clamp((positives - above) / equal, 0, 1)
      if (own < 0.5) negative[i * m + c] = clamp((negatives - below) / equal, 0, 1)
    }
  }
  return { positive, negative }
}

type LossInput = ContrastInput & { readonly contrasts: Contrasts }

/**
 * The loss of the mean row and half the penalty; writes its gradient, by the projection and then by the vectors. A positive is told from negatives that did worse
 * than itself alone; in the paper, with more candidates than places, no others meet.
 */
export function contrastLoss(
  sphere: Sphere,
  input: LossInput,
  options: ContrastOptions,
  gradient: Float64Array,
): number {
  const { x, n, width, m } = input
  const { size, projection, vectors } = sphere
  const points = { units: new Float64Array(n * size), pulls: new Float64Array(n * size) }
  const names = { units: vectors.slice(), pulls: new Float64Array(m * size) }
  const lengths = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * width, (i + 1) * width)
    lengths[i] = locate(sphere, row, points.units.subarray(i * size, (i + 1) * size))
  }
  const norms = Float64Array.from({ length: m }, (_, c) => normalise(names.units.subarray(c * size, (c + 1) * size)))
  const loss = tellCandidates(points, names, input, options, size) + tellQueries(points, input, options, size)

  gradient.fill(0)
  const border = projection.length
  for (let i = 0; i < n; i++) {
    const pull = across(points, i, size, lengths[i]! * n)
    for (let a = 0; a < size; a++) add(gradient, a * width, pull[a]!, x, i * width, width)
  }
  for (let c = 0; c < m; c++) gradient.set(across(names, c, size, norms[c]! * n), border + c * size)
  add(gradient, 0, options.penalty, projection, 0, border)
  return loss / n + (options.penalty * dot(projection, 0, projection, 0, border)) / 2
}

/** The cosines of a row with all candidates. */
export function cosinesOf(sphere: Sphere, row: Float64Array): Float64Array {
  const { size, vectors } = sphere
  const point = new Float64Array(size)
  locate(sphere, row, point)
  return Float64Array.from({ length: vectors.length / size }, (_, c) => {
    const at = c * size
    return dot(point, 0, vectors, at, size) / Math.sqrt(dot(vectors, at, vectors, at, size))
  })
}

/** Unit vectors, and the loss's derivative by each of their entries. */
interface Pulled {
  readonly units: Float64Array
  readonly pulls: Float64Array
}

/** −Σ log(e^s⁺ / (e^s⁺ + Σ e^s⁻)) over rows and their positives. */
function tellCandidates(
  points: Pulled,
  names: Pulled,
  { n, m, quality, contrasts: { positive, negative } }: LossInput,
  { temperature }: ContrastOptions,
  size: number,
): number {
  const scores = new Float64Array(m)
  const slopes = new Float64Array(m)
  const terms = new Float64Array(m)
  let loss = 0
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < m; c++) scores[c] = dot(points.units, i * size, names.units, c * size, size) / temperature
    slopes.fill(0)
    for (let c = 0; c < m; c++) {
      const share = positive[i * m + c]!
      if (share === 0) continue
      let rest = 0
      for (let j = 0; j < m; j++) {
        const isWorse = quality[i * m + j]! < quality[i * m + c]!
        terms[j] = isWorse ? negative[i * m + j]! * Math.exp(scores[j]! - scores[c]!) : 0
        rest += terms[j]!
      }
      loss += share * Math.log1p(rest)
      for (let j = 0; j < m; j++) slopes[j]! += (share * terms[j]!) / (1 + rest)
      slopes[c]! -= (share * rest) / (1 + rest)
    }
    for (let c = 0; c < m; c++) if (slopes[c] !== 0) pull(points, i, names, c, slopes[c]! / temperature, size)
  }
  return loss
}

/** −log(e^s⁺ / (e^s⁺ + Σ e^s⁻)) over rows, s⁺ that with a row of the same cluster, s⁻ those with rows of others. */
function tellQueries(
  points: Pulled,
  { n, pairs }: ContrastInput,
  { temperature, pairWeight }: ContrastOptions,
  size: number,
): number {
  const { units } = points
  const others = pairs.length / n - 1
  let loss = 0
  for (let i = 0; i < n && pairs.length > 0; i++) {
    const [like, ...rest] = pairs.subarray(i * (1 + others), (i + 1) * (1 + others))
    const nearness = dot(units, i * size, units, like! * size, size)
    const terms = rest.map((j) => Math.exp((dot(units, i * size, units, j * size, size) - nearness) / temperature))
    const sum = terms.reduce((total, term) => total + term, 0)
    loss += pairWeight * Math.log1p(sum)
    const scale = pairWeight / (1 + sum) / temperature
    for (const [at, j] of rest.entries()) pull(points, i, points, j, scale * terms[at]!, size)
    pull(points, i, points, like!, -scale * sum, size)
  }
  return loss
}

/** Counts a derivative by the product of two unit vectors towards both. */
function pull(a: Pulled, i: number, b: Pulled, j: number, slope: number, size: number): void {
  add(a.pulls, i * size, slope, b.units, j * size, size)
  add(b.pulls, j * size, slope, a.units, i * size, size)
}

/** The derivative by a vector before it was normalised and the loss divided, by `divisor` in all: what pulls along a unit vector does not move it. */
function across({ units, pulls }: Pulled, i: number, size: number, divisor: number): Float64Array {
  const along = dot(pulls, i * size, units, i * size, size)
  return Float64Array.from({ length: size }, (_, a) => (pulls[i * size + a]! - along * units[i * size + a]!) / divisor)
}

/** Writes the row's unit vector; returns its length before. */
function locate({ size, projection }: Sphere, row: Float64Array, out: Float64Array): number {
  for (let a = 0; a < size; a++) out[a] = (a === 0 ? 1 : 0) + dot(projection, a * row.length, row, 0, row.length)
  return normalise(out)
}

function normalise(vector: Float64Array): number {
  const length = Math.sqrt(dot(vector, 0, vector, 0, vector.length)) || 1
  for (let a = 0; a < vector.length; a++) vector[a]! /= length
  return length
}

function dot(a: Float64Array, from: number, b: Float64Array, start: number, count: number): number {
  let sum = 0
  for (let j = 0; j < count; j++) sum += a[from + j]! * b[start + j]!
  return sum
}

function add(to: Float64Array, at: number, factor: number, what: Float64Array, from: number, count: number): void {
  for (let j = 0; j < count; j++) to[at + j]! += factor * what[from + j]!
}
