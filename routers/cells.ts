/**
 * Nearest-neighbour search by an inverted file (Sivic and Zisserman 2003; Jégou, Douze and Schmid 2011): rows are sorted into the cells of
 * k-means, and a query looks into the cells nearest to it. Inside a cell rows lie by their distance to its centroid, so that the triangle inequality
 * leaves a run of them that can be near enough (Fukunaga and Narendra 1975). Plain loops over plain arrays: it runs wherever a policy does.
 */
import type { EstimatorState, Tensor } from '../src/spec.ts'
import { distancesTo, kmeans, nearest } from './kmeans.ts'
import { sampleRows } from './math.ts'
import { createSmallest, dotRows } from './nearest.ts'
import { f32, i32, readCount, readF32, readI32 } from './state.ts'

/** Up to so many rows the search is exact. */
export const EXACT_ROWS = 20_000
/** Cells that a query looks into, the nearest ones. An exact search goes on to all others that can hold a neighbour. */
const PROBES = 32
/** Cells per root of the number of rows, and at most. */
const CELLS_PER_ROOT = 2
const MAX_CELLS = 1024
/** Rows per cell that k-means sees. */
const SAMPLE = 32
/** What rounding can make of a distance. */
const SLACK = 1e-6

export interface Cells {
  /** Row-major [cells, width]. */
  readonly centroids: Float32Array
  /** Cell c holds the rows `starts[c]` … `starts[c + 1]` − 1, nearest to its centroid first; [cells + 1]. */
  readonly starts: Int32Array
}

/** `points` is row-major [n, width]. The cells are about its rows in another order: `order` names the row that comes at each place. */
export function fitCells(
  points: Float32Array,
  width: number,
  random: () => number,
): Cells & { readonly order: Int32Array } {
  const n = points.length / width
  const clusters = Math.min(MAX_CELLS, Math.round(CELLS_PER_ROOT * Math.sqrt(n)))
  const sample = sampleRows(n, clusters * SAMPLE, random)
  const rows = new Float32Array(sample.length * width)
  for (const [s, i] of sample.entries()) rows.set(points.subarray(i * width, (i + 1) * width), s * width)
  const { centroids } = kmeans({ rows, n: sample.length, width }, { clusters, restarts: 1, random })

  const measure = distancesTo(centroids, width)
  const owner = new Int32Array(n)
  const radius = new Float64Array(n)
  const starts = new Int32Array(centroids.length / width + 1)
  const point = new Float64Array(width)
  for (let i = 0; i < n; i++) {
    point.set(points.subarray(i * width, (i + 1) * width))
    const distances = measure(point)
    const c = nearest(distances)
    owner[i] = c
    radius[i] = distances[c]!
    starts[c + 1]! += 1
  }
  for (let c = 1; c < starts.length; c++) starts[c]! += starts[c - 1]!
  const order = Int32Array.from({ length: n }, (_, i) => i)
  order.sort((a, b) => owner[a]! - owner[b]! || radius[a]! - radius[b]! || a - b)
  return { centroids, starts, order }
}

export function saveCells({ centroids, starts }: Cells, width: number) {
  const cells = starts.length - 1
  const tensors: Record<string, Tensor> = { centroids: f32(centroids, [cells, width]), starts: i32(starts) }
  return { params: { cells }, tensors }
}

/** Throws a `RangeError` where the cells are not those of `n` rows. */
export function loadCells(state: EstimatorState, n: number, width: number): Cells {
  const cells = readCount(state, 'cells')
  const centroids = readF32(state, 'centroids', [cells, width])
  const starts = readI32(state, 'starts', [cells + 1])
  if (starts[0] !== 0 || starts[cells] !== n || starts.some((start, c) => c > 0 && start < starts[c - 1]!)) {
    throw new RangeError(`tensor 'starts' does not divide ${n} rows into cells; train the policy again`)
  }
  return { centroids, starts }
}

export interface Neighbours {
  /** Places of rows, nearest first. */
  readonly indexes: Int32Array
  /** Their squared distances. */
  readonly values: Float64Array
}

/**
 * Returns the function that finds the k rows nearest to a query: of all rows up to `EXACT_ROWS`, of the nearest cells where there are more. `points` is
 * row-major [n, width], in the order of the cells. Where only the columns before `to` count, cells are a guide and not a bound.
 */
export function createSearch(points: Float32Array, width: number, { centroids, starts }: Cells, { to = width } = {}) {
  const n = points.length / width
  const cells = starts.length - 1
  const toCentroids = distancesTo(centroids, width, { to })
  const products = new Float64Array(starts.reduce((most, end, c) => Math.max(most, end - (starts[c - 1] ?? 0)), 0))
  const norms = squaredNorms(points, width, to)
  const radii = to === width ? radiiOf(points, width, { centroids, starts }) : null

  return (query: Float64Array, k: number): Neighbours => {
    let norm = 0
    for (let j = 0; j < to; j++) norm += query[j]! * query[j]!
    const gaps = toCentroids(query)
    const best = createSmallest(Math.min(k, n))

    function look(c: number): void {
      let bound = best.bound
      let start = starts[c]!
      let end = starts[c + 1]!
      if (radii !== null && bound < Number.POSITIVE_INFINITY) {
        const gap = Math.sqrt(gaps[c]!)
        const reach = Math.sqrt(Math.max(0, bound)) + SLACK
        start = firstFrom(radii, gap - reach, start, end)
        end = firstFrom(radii, gap + reach, start, end)
      }
      dotRows(points, width, query, { from: 0, to, start, end, out: products })
      for (let i = start; i < end; i++) {
        const distance = norm + norms[i]! - 2 * products[i - start]!
        if (distance >= bound) continue
        best.offer(i, distance)
        bound = best.bound
      }
    }

    const probed = nearestCells(gaps)
    for (const c of probed) look(c)
    if (n <= EXACT_ROWS && cells > probed.length) {
      const done = new Set(probed)
      for (let c = 0; c < cells; c++) if (!done.has(c)) look(c)
    }
    const { indexes, values } = best.take()
    return { indexes, values: values.map((value) => Math.max(0, value)) }
  }
}

function nearestCells(gaps: Float64Array): Int32Array {
  const near = createSmallest(Math.min(PROBES, gaps.length))
  for (let c = 0; c < gaps.length; c++) near.offer(c, gaps[c]!)
  return near.take().indexes
}

/** Distance of every row to its centroid, ascending within each cell. */
function radiiOf(points: Float32Array, width: number, { centroids, starts }: Cells): Float64Array {
  const radii = new Float64Array(points.length / width)
  for (let c = 0; c + 1 < starts.length; c++) {
    let last = 0
    for (let i = starts[c]!; i < starts[c + 1]!; i++) {
      let squares = 0
      for (let j = 0; j < width; j++) squares += (points[i * width + j]! - centroids[c * width + j]!) ** 2
      // Sorted by a sum that was rounded otherwise.
      last = Math.max(last, Math.sqrt(squares))
      radii[i] = last
    }
  }
  return radii
}

function squaredNorms(points: Float32Array, width: number, to: number): Float64Array {
  const norms = new Float64Array(points.length / width)
  for (let i = 0; i < norms.length; i++) {
    let squares = 0
    for (let j = 0; j < to; j++) squares += points[i * width + j]! * points[i * width + j]!
    norms[i] = squares
  }
  return norms
}

/** The first place from `start` to `end` whose value is not below `value`; `end` where there is none. */
function firstFrom(ascending: Float64Array, value: number, start: number, end: number): number {
  let [low, high] = [start, end]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
