/**
 * Messages in a graph of tasks, queries and candidates, whose edges are outcomes: what a node hears of a candidate is the shrunken mean of the edges at the nodes
 * that it is joined to. Edges and messages have 1 + m columns: what all candidates share, then how much better each does than that.
 */
import { distancesTo } from './kmeans.ts'
import { differences } from './loss.ts'
import { nonNegativeWeights } from './nonNegative.ts'

/** Edges of 0 that every mean begins with: a message is weak where few edges say anything. */
const SHRINKAGE = 3
/** What one candidate says of another counts half where so many queries have outcomes of both. */
const ALIKE_SHRINKAGE = 30

/**
 * Edges of every row of outcomes [n, m], row-major [n, 1 + m], all counted from the candidates' mean outcomes; NaN = not known. Where one outcome is known
 * nothing is known to be shared.
 */
export function edgesOf(quality: Float64Array, m: number): Float64Array {
  const own = differences(quality, m)
  const sums = new Float64Array(m)
  const counts = new Float64Array(m)
  for (const [at, value] of quality.entries()) {
    if (Number.isNaN(value)) continue
    sums[at % m]! += value
    counts[at % m]! += 1
  }
  const edges = new Float64Array((quality.length / (m || 1)) * (1 + m))
  for (let i = 0; i * m < quality.length; i++) {
    let [sum, known] = [0, 0]
    for (let c = 0; c < m; c++) {
      const value = quality[i * m + c]!
      if (Number.isNaN(value)) continue
      sum += value - sums[c]! / counts[c]!
      known += 1
    }
    edges[i * (1 + m)] = known < 2 ? Number.NaN : sum / known
    edges.set(own.subarray(i * m, (i + 1) * m), i * (1 + m) + 1)
  }
  return edges
}

/** [m, m]: the slope of the row's candidate's edge by the column's on the same queries, by the number of others. */
export function alikeOf(edges: Float64Array, m: number): Float64Array {
  const alike = new Float64Array(m * m)
  for (let c = 0; c < m; c++) {
    for (let other = 0; other < m; other++) {
      if (other === c) continue
      let [products, squares, count] = [0, 0, 0]
      for (let at = 1; at < edges.length; at += 1 + m) {
        const product = edges[at + c]! * edges[at + other]!
        if (Number.isNaN(product)) continue
        products += product
        squares += edges[at + other]! ** 2
        count += 1
      }
      const slope = (products / (squares || 1)) * (count / (count + ALIKE_SHRINKAGE))
      alike[c * m + other] = slope / (m - 1)
    }
  }
  return alike
}

/**
 * From a row of a space to its similarities with all points, by the share that features have in a squared distance: −½ of that distance. `points` is
 * row-major [n, width], `features` the columns before the vector's.
 */
export function createMeasure(points: Float32Array, width: number, features: number) {
  const toFeatures = distancesTo(points, width, { to: features })
  const toVector = distancesTo(points, width, { from: features })
  return (row: Float64Array) => {
    const byFeatures = toFeatures(row)
    const byVector = toVector(row)
    return (featureWeight: number) =>
      byFeatures.map((gap, i) => -(featureWeight * gap + (1 - featureWeight) * byVector[i]!) / 2)
  }
}

/** A message, and per column its variance in units of that of an edge. */
export interface Heard {
  readonly message: Float64Array
  readonly variance: Float64Array
}

/** From training queries: one's edges count exp(tilt · (its similarity − the first's)). */
export function hearQueries(
  edges: Float64Array,
  columns: number,
  from: { readonly order: Int32Array; readonly similarity: Float64Array; readonly tilt: number },
): Heard {
  const sums = new Float64Array(columns)
  const weights = new Float64Array(columns)
  for (const i of from.order) {
    const weight = Math.exp(from.tilt * (from.similarity[i]! - from.similarity[from.order[0]!]!))
    for (let c = 0; c < columns; c++) {
      const edge = edges[i * columns + c]!
      if (Number.isNaN(edge)) continue
      sums[c]! += weight * edge
      weights[c]! += weight
    }
  }
  return {
    message: sums.map((sum, c) => sum / (weights[c]! + SHRINKAGE)),
    variance: weights.map((weight) => 1 / (weight + SHRINKAGE)),
  }
}

/** What tasks have heard from their queries, [tasks, columns]: sums of edges by the degrees to which queries belong to them, and of the degrees. */
export interface Tasks {
  readonly columns: number
  readonly sums: Float64Array
  readonly weights: Float64Array
}

export function createTasks(tasks: number, columns: number): Tasks {
  return { columns, sums: new Float64Array(tasks * columns), weights: new Float64Array(tasks * columns) }
}

/** Lets tasks hear the edges of one query; with `sign` −1 takes them back. */
export function tellTasks(
  { sums, weights }: Tasks,
  degrees: Float64Array,
  edges: Float64Array,
  sign: 1 | -1 = 1,
): void {
  for (const [t, degree] of degrees.entries()) {
    if (degree === 0) continue
    for (const [c, edge] of edges.entries()) {
      if (Number.isNaN(edge)) continue
      sums[t * edges.length + c]! += sign * degree * edge
      weights[t * edges.length + c]! += sign * degree
    }
  }
}

export function hearTasks({ columns, sums, weights }: Tasks, degrees: Float64Array): Heard {
  const message = new Float64Array(columns)
  const variance = new Float64Array(columns)
  for (const [t, degree] of degrees.entries()) {
    for (let c = 0; c < columns; c++) {
      const total = weights[t * columns + c]! + SHRINKAGE
      message[c]! += (degree * sums[t * columns + c]!) / total
      variance[c]! += degree ** 2 / total
    }
  }
  return { message, variance }
}

/** The second layer: what each candidate hears of the others' columns through those that are alike. What all share is left out. */
export function hearCandidates(alike: Float64Array, { message, variance }: Heard): Heard {
  const m = message.length - 1
  const passed = { message: new Float64Array(1 + m), variance: new Float64Array(1 + m) }
  for (let c = 0; c < m; c++) {
    for (let other = 0; other < m; other++) {
      passed.message[1 + c]! += alike[c * m + other]! * message[1 + other]!
      passed.variance[1 + c]! += alike[c * m + other]! ** 2 * variance[1 + other]!
    }
  }
  return passed
}

/** Learns how much each of several messages counts: least squares of hidden edges on what is heard of them, with weights that are not negative. */
export function createReadout(messages: number) {
  const gram = new Float64Array(messages * messages)
  const products = new Float64Array(messages)
  return {
    /** Column `c` of a row whose edges were hidden. */
    add(edge: number, heard: readonly Heard[], c: number): void {
      if (Number.isNaN(edge)) return
      for (const [a, one] of heard.entries()) {
        products[a]! += one.message[c]! * edge
        for (const [b, other] of heard.entries()) gram[a * messages + b]! += one.message[c]! * other.message[c]!
      }
    },
    /** The weights, and by how much they reduce the squared error of 0. */
    solve(): { weights: Float64Array; gain: number } {
      const weights = nonNegativeWeights(gram, products)
      // At the minimum the error falls by as much as the weights take of the products.
      return { weights, gain: weights.reduce((sum, weight, a) => sum + weight * products[a]!, 0) }
    },
  }
}
