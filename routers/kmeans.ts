/** k-means: seeding by squared distance (k-means++, Arthur and Vassilvitskii 2007), Lloyd's iterations, the best of several restarts. */
import { dotRows } from './nearest.ts'

export interface Points {
  /** Row-major [n, width]. */
  readonly rows: Float32Array
  readonly n: number
  readonly width: number
}

export interface KmeansOptions {
  readonly clusters: number
  readonly restarts: number
  readonly random: () => number
}

const MAX_ITERATIONS = 25
/** Lloyd's iterations end when fewer rows than this share change their cluster. */
const SETTLED = 0.002

export interface Clustering {
  /** Row-major [clusters, width]; fewer clusters than asked where there are fewer distinct rows. */
  readonly centroids: Float32Array
  /** Mean squared distance of the rows to their centroids. */
  readonly inertia: number
}

export function kmeans(points: Points, { clusters, restarts, random }: KmeansOptions): Clustering {
  let best: Clustering = { centroids: new Float32Array(), inertia: Number.POSITIVE_INFINITY }
  for (let restart = 0; restart < restarts; restart++) {
    const run = iterate(points, seed(points, clusters, random))
    if (run.inertia < best.inertia) best = run
  }
  return best
}

/**
 * Returns the function that measures a point's squared distance to every centroid over the columns `from` … `to` − 1; its result is
 * overwritten by the next call.
 */
export function distancesTo(centroids: Float32Array, width: number, { from = 0, to = width } = {}) {
  const k = centroids.length / (width || 1)
  const out = new Float64Array(k)
  const norms = out.map((_, c) => {
    return centroids.subarray(c * width + from, c * width + to).reduce((sum, value) => sum + value * value, 0)
  })
  return (point: Float64Array): Float64Array => {
    dotRows(centroids, width, point, { from, to, out })
    let norm = 0
    for (let j = from; j < to; j++) norm += point[j]! ** 2
    for (let c = 0; c < k; c++) out[c] = Math.max(0, norm + norms[c]! - 2 * out[c]!)
    return out
  }
}

/** Index of the smallest value; −1 for an empty list. */
export function nearest(distances: Float64Array): number {
  let best = -1
  for (let c = 0; c < distances.length; c++) if (best < 0 || distances[c]! < distances[best]!) best = c
  return best
}

/** Each centroid a row drawn with the probability of its squared distance to the nearest one drawn before. */
function seed({ rows, n, width }: Points, clusters: number, random: () => number): Float32Array {
  const chosen: number[] = []
  const gap = new Float64Array(n).fill(1)
  while (chosen.length < Math.min(clusters, n)) {
    const total = gap.reduce((sum, value) => sum + value, 0)
    if (!(total > 1e-12)) break
    let left = random() * total - gap[0]!
    let pick = 0
    while (pick < n - 1 && left >= 0) left -= gap[++pick]!
    chosen.push(pick)
    for (let i = 0; i < n; i++) {
      let squares = 0
      for (let j = 0; j < width; j++) squares += (rows[i * width + j]! - rows[pick * width + j]!) ** 2
      gap[i] = chosen.length === 1 ? squares : Math.min(gap[i]!, squares)
    }
  }
  const centroids = new Float32Array(chosen.length * width)
  for (const [c, i] of chosen.entries()) centroids.set(rows.subarray(i * width, (i + 1) * width), c * width)
  return centroids
}

function iterate({ rows, n, width }: Points, centroids: Float32Array): Clustering {
  const k = centroids.length / (width || 1)
  const owner = new Int32Array(n).fill(-1)
  const point = new Float64Array(width)
  let inertia = 0
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const measure = distancesTo(centroids, width)
    const sums = new Float64Array(k * width)
    const counts = new Float64Array(k)
    let moved = 0
    inertia = 0
    for (let i = 0; i < n; i++) {
      point.set(rows.subarray(i * width, (i + 1) * width))
      const distances = measure(point)
      const c = nearest(distances)
      if (c < 0) break
      if (owner[i] !== c) moved += 1
      owner[i] = c
      inertia += distances[c]! / n
      counts[c]! += 1
      for (let j = 0; j < width; j++) sums[c * width + j]! += point[j]!
    }
    if (moved <= SETTLED * n) break
    // A cluster that lost all its rows stays where it was.
    for (let c = 0; c < k; c++) {
      if (counts[c] === 0) continue
      for (let j = 0; j < width; j++) centroids[c * width + j] = sums[c * width + j]! / counts[c]!
    }
  }
  return { centroids, inertia }
}
