/** Synthetic candidates, queries and outcomes with a known truth, for tests and benchmarks of routers. */
import type { Candidate, Query, TrainingSet } from '../src/spec.ts'
import { sigmoid } from './math.ts'

const DIM = 16
const FEATURES = 3

/** A small generator of uniform numbers in [0, 1) (mulberry32): the same seed, the same numbers. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` candidates, each dearer than the one before. */
export function candidatesOf(count: number): Candidate[] {
  return Array.from({ length: count }, (_, c) => ({
    id: `model-${c}`,
    provider: 'test',
    model: `model-${c}`,
    wire: 'openai' as const,
    price: { inputPerMTok: 0.1 * 3 ** c, outputPerMTok: 0.4 * 3 ** c },
    contextWindow: 128_000,
    capabilities: new Set([]),
    tags: [],
  }))
}

export function queryOf(random: () => number, { dim = DIM, features = FEATURES } = {}): Query {
  // As with real encoders, a part of the space holds almost all of the variance.
  const vector = Float32Array.from({ length: dim }, (_, j) => normal(random) * (j < dim / 4 ? 1 : 0.1))
  const norm = Math.hypot(...vector)
  return {
    text: '',
    vector: vector.map((value) => value / norm),
    features: Float64Array.from({ length: features }, () => normal(random)),
    inputTokens: 500,
    requires: new Set(),
  }
}

/**
 * Outcomes of four candidates whose chance of a right answer falls with the query's difficulty, which the first component of its vector and its
 * first feature decide; the better a candidate, the harder the queries it can do. `truth` holds the chances, [rows, 4].
 */
export function plantedSet(rows: number, random: () => number): TrainingSet & { readonly truth: Float64Array } {
  const candidates = candidatesOf(4)
  const queries = Array.from({ length: rows }, () => queryOf(random))
  const m = candidates.length
  const truth = new Float64Array(rows * m)
  const quality = new Float64Array(rows * m)
  const outputTokens = new Float64Array(rows * m)
  const tasks: string[] = []
  for (const [i, { vector, features }] of queries.entries()) {
    const difficulty = 1.5 * Math.sqrt(DIM / 4) * vector![0]! + 1.5 * features[0]!
    tasks.push(difficulty < -1 ? 'easy' : difficulty < 1 ? 'middling' : 'hard')
    for (let c = 0; c < m; c++) {
      truth[i * m + c] = sigmoid(c - 1 - difficulty)
      quality[i * m + c] = random() < truth[i * m + c]! ? 1 : 0
      outputTokens[i * m + c] = Math.round(100 * (c + 1) * Math.exp(0.3 * normal(random)))
    }
  }
  return { queries, candidates, quality, outputTokens, answers: answersOf(quality, m, seeded(1)), tasks, truth }
}

/**
 * Vectors of answers, row-major [rows, m], that scatter about the right one of their row, each independently: the lower the quality, the farther. A right
 * answer is of length 1, and errors are such that 1 − squared error / variance of all answers is the quality on average.
 */
export function answersOf(quality: Float64Array, m: number, random: () => number): Float32Array[] {
  const direction = () => queryOf(random, { dim: 32 }).vector!
  const mean = quality.reduce((sum, value) => sum + value, 0) / quality.length
  let right = direction()
  return Array.from(quality, (value, at) => {
    if (at % m === 0) right = direction()
    const error = Math.sqrt((1 - value) / mean)
    const noise = direction()
    return right.map((one, j) => one + error * noise[j]!)
  })
}

/** Chance of a right answer per kind of query and candidate in `kindsSet`. */
export const KIND_CHANCES = [
  [0.9, 0.3, 0.4, 0.2],
  [0.4, 0.8, 0.3, 0.9],
  [0.3, 0.4, 0.9, 0.5],
  [0.5, 0.5, 0.5, 0.8],
]
/** Tokens per kind of the first candidate; candidate c writes 1 + c times as many. */
export const KIND_TOKENS = [50, 200, 100, 400]

/** Queries of four kinds that lie around four points, and outcomes of candidates that differ in the kinds that they are good at. */
export function kindsSet(rows: number, seed: number): TrainingSet & { readonly kind: readonly number[] } {
  const random = seeded(seed)
  const candidates = candidatesOf(4)
  const kind = Array.from({ length: rows }, () => Math.floor(random() * KIND_CHANCES.length))
  const queries = kind.map((k): Query => {
    const query = queryOf(random)
    const vector = query.vector!.map((value, j) => value * 0.4 + (j === 4 + k ? 1 : 0))
    return { ...query, vector, features: Float64Array.of(random()) }
  })
  const cells = kind.flatMap((k) => candidates.map((_, c) => ({ k, c })))
  return {
    queries,
    candidates,
    kind,
    quality: Float64Array.from(cells, ({ k, c }) => (random() < KIND_CHANCES[k]![c]! ? 1 : 0)),
    outputTokens: Float64Array.from(cells, ({ k, c }) => Math.round(KIND_TOKENS[k]! * (1 + c) * (0.5 + random()))),
  }
}

/** The same set with the candidates `from` … `to` − 1 alone. */
export function columnsOf<T extends TrainingSet>(data: T, from: number, to: number): T {
  const m = data.candidates.length
  const keep = (matrix: Float64Array) => matrix.filter((_, at) => at % m >= from && at % m < to)
  return {
    ...data,
    candidates: data.candidates.slice(from, to),
    quality: keep(data.quality),
    outputTokens: keep(data.outputTokens),
  }
}

/** The same set with its rows of outcomes dealt out to the queries anew: the two have nothing to do with each other any more. */
export function withShuffled<T extends TrainingSet>(data: T, random: () => number): T {
  const m = data.candidates.length
  const order = data.queries.map((_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key)
  const source = (at: number) => order[Math.floor(at / m)]!.i * m + (at % m)
  const deal = (matrix: Float64Array) => matrix.map((_, at) => matrix[source(at)]!)
  const answers = data.answers?.map((_, at) => data.answers![source(at)]!)
  return { ...data, quality: deal(data.quality), outputTokens: deal(data.outputTokens), ...(answers && { answers }) }
}

/** The same set with a share of its outcomes not known, and those of candidate `blind` altogether. */
export function withMissing<T extends TrainingSet>(
  data: T,
  random: () => number,
  { share, blind }: { share: number; blind?: number },
): T {
  const m = data.candidates.length
  const hidden = data.quality.map((_, i) => (i % m === blind || random() < share ? 1 : 0))
  const hide = (matrix: Float64Array) => matrix.map((value, i) => (hidden[i] === 1 ? Number.NaN : value))
  const answers = data.answers?.map((answer, i) => (hidden[i] === 1 ? null : answer))
  return { ...data, quality: hide(data.quality), outputTokens: hide(data.outputTokens), ...(answers && { answers }) }
}

/** Box–Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
