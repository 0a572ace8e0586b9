/**
 * GraphRouter (arXiv 2410.03834): tasks, queries and candidates are the nodes of a graph, outcomes its edges, and the outcome of an edge that is not there yet is
 * predicted by messages along those that are. In the first layer a query hears from the training queries next to it, and from its tasks, how well each
 * candidate did there; in the second, candidates hear it of those that are alike. Tasks are clusters of queries, as a router sees no labels. The paper learns matrices for
 * every layer and knows candidates by descriptions of them; here layers are linear, as in SGC (arXiv 1902.07153), and what is learned, on hidden
 * edges as in the paper, is how much each message counts. That is the same for all candidates, so one that comes later needs edges and no new
 * fit: `onboard`.
 */
import type { EstimatorFamily, EstimatorState, TrainingSet } from '../../src/spec.ts'
import { beside } from '../effects.ts'
import { fitFamiliarity, loadFamiliarity } from '../familiarity.ts'
import { distancesTo, kmeans } from '../kmeans.ts'
import { clamp, pickRows, sampleRows } from '../math.ts'
import { fitMeans, loadMeans } from '../means.ts'
import {
  alikeOf,
  createMeasure,
  createReadout,
  createTasks,
  edgesOf,
  type Heard,
  hearCandidates,
  hearQueries,
  hearTasks,
  tellTasks,
} from '../messages.ts'
import { largest } from '../nearest.ts'
import { loadPartition, type Place, savePartition, soften } from '../partition.ts'
import { createRidge } from '../ridge.ts'
import { blockWeights, fitSpace, type Space, weighBlocks } from '../space.ts'
import { f32, f64, readCount, readF32, readF64, readNumber } from '../state.ts'
import { loadTokens, tokenHeads } from '../tokens.ts'

export interface GraphOptions {
  readonly tasks: number
  /** Training rows that tasks are found on. */
  readonly taskRows: number
  /** Training queries that a query hears from. */
  readonly neighbours: number
  /** Principal directions of the training vectors that are kept. */
  readonly rank: number
  /** Training rows whose edges are hidden, one row at a time, to learn what messages are worth. */
  readonly tuneRows: number
  /** Strength of the candidates' own means, in outcomes; see `fitMeans`. */
  readonly pseudoCount: number
}

/** What hidden edges choose from: how much more a near query counts than one that is not as near. */
const TILTS = [2, 5, 10, 20, 40]
/** In units of the mean squared distance to the nearest task: a query belongs 1/e as much to one that is so much farther. */
const SOFTNESS = 0.2

export const graph: EstimatorFamily<GraphOptions> = {
  name: 'graph',
  version: 1,
  defaults: { tasks: 32, taskRows: 3000, neighbours: 100, rank: 64, tuneRows: 1000, pseudoCount: 5 },

  fit(data, options, random) {
    const n = data.queries.length
    const m = data.candidates.length
    const { space, rows } = fitSpace(data.queries, options.rank)
    const { width } = space
    const edges = edgesOf(data.quality, m)
    const alike = alikeOf(edges, m)
    const points = Float32Array.from(rows)
    const edgesAt = (i: number) => edges.subarray(i * (1 + m), (i + 1) * (1 + m))
    const trials = blockWeights(space).map((featureWeight) => {
      const { clusters, degrees } = findTasks(rows, space, { ...options, featureWeight, random })
      const tasks = createTasks(clusters.centroids.length / width, 1 + m)
      for (const [i, own] of degrees.entries()) tellTasks(tasks, own, edgesAt(i))
      const readouts = TILTS.map((tilt) => ({ tilt, own: createReadout(4), shared: createReadout(2) }))
      return { clusters, degrees, tasks, readouts }
    })
    const measure = createMeasure(points, width, space.design.features)
    for (const i of sampleRows(n, options.tuneRows, random)) {
      const similarities = measure(rows.subarray(i * width, (i + 1) * width))
      for (const { clusters, degrees, tasks, readouts } of trials) {
        const similarity = similarities(clusters.featureWeight)
        similarity[i] = Number.NEGATIVE_INFINITY
        const order = largest(similarity, Math.min(options.neighbours, n - 1))
        tellTasks(tasks, degrees[i]!, edgesAt(i), -1)
        const byTasks = hearTasks(tasks, degrees[i]!)
        tellTasks(tasks, degrees[i]!, edgesAt(i))
        for (const { tilt, own, shared } of readouts) {
          const heard = layersOf([hearQueries(edges, 1 + m, { order, similarity, tilt }), byTasks], alike)
          for (const [c, edge] of edgesAt(i).entries()) {
            if (c === 0) shared.add(edge, heard.slice(0, 2), c)
            else own.add(edge, heard, c)
          }
        }
      }
    }
    const chosen = trials
      .flatMap(({ clusters, tasks, readouts }) =>
        readouts.map(({ tilt, own, shared }) => ({ clusters, tasks, tilt, shared, ...own.solve() })),
      )
      .reduce((a, b) => (b.gain > a.gain ? b : a))
    const saved = savePartition(space, chosen.clusters)
    const { neighbours, pseudoCount } = options
    return {
      params: { ...saved.params, cohorts: 1, tilt: chosen.tilt, neighbours, pseudoCount },
      tensors: {
        ...saved.tensors,
        ...tokenHeads(createRidge(rows, n, width), data.outputTokens, rows, { n, m, width }),
        means: fitMeans(data, pseudoCount),
        cohorts: f64(Float64Array.of(n, 1 + m), [1, 2]),
        points: f32(points, [n, width]),
        edges: f64(edges),
        alike: f64(alike, [m, m]),
        taskSums: f64(chosen.tasks.sums, [chosen.tasks.sums.length / (1 + m), 1 + m]),
        taskWeights: f64(chosen.tasks.weights, [chosen.tasks.weights.length / (1 + m), 1 + m]),
        own: f64(chosen.weights),
        shared: f64(chosen.shared.solve().weights),
        support: fitFamiliarity(data.queries.map(loadPartition(saved).locate)),
      },
    }
  },

  load(state, ids) {
    const m = ids.length
    const means = loadMeans(state, ids)
    const { partition, listen } = loadGraph(state, m)
    const { featureWeight, width, locate } = partition
    const own = readF64(state, 'own', [4])
    const tokens = loadTokens(state, m, width)
    const supportOf = loadFamiliarity(state, featureWeight)

    return {
      name: 'graph',
      estimate(query, candidates) {
        const { columns, ...prediction } = means.estimate(candidates)
        const place = locate(query)
        if (place.nearest < 0 || (!place.hasVector && featureWeight === 0)) return { ...prediction, support: 0 }
        const { heard, common } = listen(place)
        for (const [i, c] of columns.entries()) {
          const mean = prediction.quality[i]!
          if (c < 0) {
            // What all share holds for strangers too; a prior near 0 or 1 leaves it less room, as a logistic curve is flatter there.
            prediction.quality[i] = clamp(mean + 4 * mean * (1 - mean) * common, 0, 1)
            continue
          }
          const lead = heard.reduce((sum, { message }, k) => sum + own[k]! * message[1 + c]!, 0)
          const spread = heard.reduce((sum, { variance }, k) => sum + own[k]! ** 2 * variance[1 + c]!, 0)
          const quality = clamp(mean + common + lead, 0, 1)
          prediction.quality[i] = quality
          // quality · (1 − quality) bounds the variance of anything in [0, 1] with that mean.
          prediction.qualityStd[i] = Math.sqrt(prediction.qualityStd[i]! ** 2 + quality * (1 - quality) * spread)
          prediction.outputTokens[i] = tokens(c, place.row) ?? prediction.outputTokens[i]!
        }
        return { ...prediction, support: supportOf(place) }
      },
    }
  },

  onboard,
}

/**
 * The graded prompts of candidates that come later are queries of a cohort of their own, with edges to these alone. From it they hear, and from the tasks, which
 * hear of it too; what the others hear is as before.
 */
function onboard(state: EstimatorState, ids: readonly string[], data: TrainingSet): EstimatorState {
  const again = data.candidates.find(({ id }) => ids.includes(id))
  if (again)
    throw new RangeError(`the policy knows the candidate '${again.id}' already; train it again on all outcomes`)
  const [m, added, n] = [ids.length, data.candidates.length, data.queries.length]
  const all = m + added
  const { partition, cohorts, points, edges, alike, tasks, listen } = loadGraph(state, m)
  const { width, clusters } = partition
  const means = fitMeans(data, readNumber(state, 'pseudoCount'))
  const places = data.queries.map(partition.locate)
  const rows = Float64Array.from(places.flatMap(({ row }) => [...row]))
  // What all share on a prompt is as the others make expect: the new ones' own outcomes on it are too few to tell.
  const own = Float64Array.from(
    places.flatMap((place, i) => {
      const { common } = listen(place)
      return data.candidates.map((_, c) => data.quality[i * added + c]! - means.data[c]! - common)
    }),
  )
  const heard = createTasks(clusters, added)
  for (const [i, { weights }] of places.entries()) tellTasks(heard, weights, own.subarray(i * added, (i + 1) * added))
  const heads = tokenHeads(createRidge(rows, n, width), data.outputTokens, rows, { n, m: added, width })
  const withHeads = (name: 'tokens' | 'tokenRange', columns: number) =>
    f64(stack(readF64(state, name, [m, columns]), Float64Array.from(heads[name].data)), [all, columns])
  return {
    params: { ...state.params, cohorts: cohorts.length / 2 + 1 },
    tensors: {
      ...state.tensors,
      means: f64(beside(readF64(state, 'means', [4, m]), Float64Array.from(means.data), 4), [4, all]),
      cohorts: f64(stack(cohorts, Float64Array.of(n, added)), [cohorts.length / 2 + 1, 2]),
      points: f32(Float32Array.from(stack(Float64Array.from(points), rows)), [points.length / width + n, width]),
      edges: f64(stack(edges, own)),
      // No query has outcomes of a new candidate and of the others: none is known to be alike.
      alike: f64(stack(beside(alike, new Float64Array(m * added), m), new Float64Array(added * all)), [all, all]),
      taskSums: f64(beside(tasks.sums, heard.sums, clusters), [clusters, 1 + all]),
      taskWeights: f64(beside(tasks.weights, heard.weights, clusters), [clusters, 1 + all]),
      tokens: withHeads('tokens', 1 + width),
      tokenRange: withHeads('tokenRange', 3),
    },
  }
}

/** Two row-major matrices of as many columns as one. */
function stack(above: Float64Array, below: Float64Array): Float64Array {
  const all = new Float64Array(above.length + below.length)
  all.set(above)
  all.set(below, above.length)
  return all
}

/** Both messages of the first layer, then what the second makes of them. */
function layersOf(first: readonly Heard[], alike: Float64Array): Heard[] {
  return [...first, ...first.map((heard) => hearCandidates(alike, heard))]
}

interface TaskOptions extends GraphOptions {
  readonly featureWeight: number
  readonly random: () => number
}

/** Clusters of some of the rows, and to what degree every row belongs to each. */
function findTasks(rows: Float64Array, space: Space, { featureWeight, tasks, taskRows, random }: TaskOptions) {
  const { width } = space
  const points = weighBlocks(rows.slice(), space, featureWeight)
  const n = rows.length / width
  const sample = sampleRows(n, taskRows, random)
  const seen = Float32Array.from(pickRows(points, sample, width))
  const { centroids, inertia } = kmeans(
    { rows: seen, n: sample.length, width },
    { clusters: tasks, restarts: 1, random },
  )
  const bandwidth = SOFTNESS * inertia
  const distances = distancesTo(centroids, width)
  const degrees = Array.from({ length: n }, (_, i) =>
    soften(distances(points.subarray(i * width, (i + 1) * width)), bandwidth),
  )
  return { clusters: { centroids, featureWeight, bandwidth }, degrees }
}

/** The graph of a state that knows `m` candidates, and what a query hears in it. */
function loadGraph(state: EstimatorState, m: number) {
  const partition = loadPartition(state)
  const { clusters, width, featureWeight } = partition
  /** Rows and columns of each cohort: candidates that came together, with the queries that they have edges to. The first has the shared column too. */
  const cohorts = readF64(state, 'cohorts', [readCount(state, 'cohorts'), 2])
  const sizes = Array.from({ length: cohorts.length / 2 }, (_, k) => ({
    n: cohorts[2 * k]!,
    columns: cohorts[2 * k + 1]!,
  }))
  const points = readF32(state, 'points', [sizes.reduce((sum, { n }) => sum + n, 0), width])
  const edges = readF64(state, 'edges', [sizes.reduce((sum, { n, columns }) => sum + n * columns, 0)])
  const alike = readF64(state, 'alike', [m, m])
  const tasks = {
    columns: 1 + m,
    sums: readF64(state, 'taskSums', [clusters, 1 + m]),
    weights: readF64(state, 'taskWeights', [clusters, 1 + m]),
  }
  const shared = readF64(state, 'shared', [2])
  const tilt = readNumber(state, 'tilt')
  const neighbours = readCount(state, 'neighbours')
  const features = readCount(state, 'features')
  let [row, edge] = [0, 0]
  const parts = sizes.map(({ n, columns }) => {
    const measure = createMeasure(points.subarray(row * width, (row + n) * width), width, features)
    const part = { measure, columns, edges: edges.subarray(edge, edge + n * columns) }
    row += n
    edge += n * columns
    return part
  })

  function listen({ row, weights, hasVector }: Place) {
    const near = parts.map(({ measure, columns, edges }) => {
      const similarity = measure(row)(hasVector ? featureWeight : 1)
      return hearQueries(edges, columns, { order: largest(similarity, neighbours), similarity, tilt })
    })
    const joined = near.reduce((a, b) => ({
      message: stack(a.message, b.message),
      variance: stack(a.variance, b.variance),
    }))
    const heard = layersOf([joined, hearTasks(tasks, weights)], alike)
    return { heard, common: shared[0]! * heard[0]!.message[0]! + shared[1]! * heard[1]!.message[0]! }
  }
  return { partition, cohorts, points, edges, alike, tasks, listen }
}
