/** What a gateway would have logged of recorded outcomes: one drawn candidate a request, with the chances of all. */
import { join } from 'node:path'
import { findEstimator } from '../../routers/index.ts'
import type { Estimator, Query } from '../../src/spec.ts'
import { readDataset, rowsOf } from '../../src/train/dataset.node.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import { toQueries } from '../../src/train/queries.ts'
import { createRandom, shuffle } from '../../src/train/random.ts'
import { at, completeRows, costsOf, toTrainingSet } from '../../src/train/rows.ts'
import { loadMaterial, type Material } from '../guard/material.ts'

/**
 * Who logs. `pilot`: ε-greedy by an estimator of a few graded prompts, so that the query decides who is asked. `confounded`: the pilot prefers dear
 * candidates for prompts that are hard in truth, which no estimator sees. `uniform`: anyone alike.
 */
export const LOGGERS = ['uniform', 'pilot', 'confounded'] as const
export type Logger = (typeof LOGGERS)[number]

/** Vectors are projected to so many numbers, by random signs: what is compared here needs many fits, not the last of quality. */
const DIMENSIONS = 48

/** A set whose vectors are short. */
export async function loadShort(name: string, data: string): Promise<Material> {
  const { set, queries } = await loadMaterial(name, { data, vectors: null })
  const random = createRandom(7)
  const signs = Array.from({ length: DIMENSIONS }, () =>
    Float32Array.from({ length: queries[0]?.vector?.length ?? 0 }, () => (random() < 0.5 ? -1 : 1)),
  )
  const shorten = (vector: Float32Array) => {
    const short = Float32Array.from(signs, (sign) => sign.reduce((sum, one, i) => sum + one * vector[i]!, 0))
    const norm = Math.hypot(...short)
    return short.map((value) => value / norm)
  }
  return { set, queries: queries.map((query) => ({ ...query, vector: query.vector && shorten(query.vector) })) }
}

/** A set of queries with features alone: cheap enough to be learned from hundreds of times. */
export async function loadFeatures(name: string, data: string): Promise<Material> {
  const set = await readDataset(join(data, name))
  const prompts = set.queries.map(({ prompt }) => prompt)
  return { set, queries: await toQueries(prompts, { encoder: null, cacheDir: '' }) }
}

/** Share of the requests that is explored. */
const EPSILON = 0.2
const PILOT_ROWS = 50

export interface Asked {
  /** Of the set. */
  readonly row: number
  readonly query: Query
  readonly arm: number
  readonly chances: readonly number[]
  readonly key: string
}

export interface SimulateOptions {
  readonly logger: Logger
  /** Requests; a prompt of the train split is asked again once all have been. */
  readonly size: number
  readonly lambda: number
  readonly seed: number
  /** Share of the traffic by key; without it there is one. */
  readonly keys?: readonly number[]
}

export function simulateLog({ set, queries }: Material, options: SimulateOptions): Asked[] {
  const { logger, size, lambda, seed, keys = [1] } = options
  const random = createRandom(seed)
  const rows = shuffle(completeRows(set, rowsOf(set, 'train')), random)
  const greedy = greedyBy({ set, queries }, rows.slice(0, PILOT_ROWS), lambda, random)
  const hardness = (row: number) => mean(set.candidates.map((_, column) => at(set, set.quality, row, column)))
  const typical = mean(rows.map(hardness))
  const dear = set.candidates
    .map((_, column) => ({ column, cost: mean(rows.map((row) => at(set, costsOf(set), row, column))) }))
    .sort((a, b) => b.cost - a.cost)
    .map(({ column }) => column)
  return Array.from({ length: size }, (_, i) => {
    const row = rows[i % rows.length]!
    const query = queries[row]!
    const width = set.candidates.length
    const half = Math.floor(width / 2)
    const favoured = hardness(row) < typical ? dear.slice(0, half) : dear.slice(-half)
    const best = greedy(query)
    const chances = set.candidates.map((_, column) => {
      if (logger === 'uniform') return 1 / width
      if (logger === 'pilot') return EPSILON / width + (column === best ? 1 - EPSILON : 0)
      return EPSILON / width + (favoured.includes(column) ? (1 - EPSILON) / half : 0)
    })
    return { row, query, arm: draw(chances, random), chances, key: `key-${draw(keys, random)}` }
  })
}

function greedyBy(
  { set, queries }: Material,
  rows: readonly number[],
  lambda: number,
  random: () => number,
): (query: Query) => number {
  const family = findEstimator('linear')
  const data = toTrainingSet(
    set,
    rows,
    rows.map((row) => queries[row]!),
  )
  const ids = set.candidates.map(({ id }) => id)
  const estimator: Estimator = family.load(family.fit(data, family.defaults, random), ids)
  const costs = ids.map((_, column) => mean(rows.map((row) => at(set, costsOf(set), row, column))))
  return (query) => {
    const { quality } = estimator.estimate(query, set.candidates)
    const utility = costs.map((cost, column) => quality[column]! - lambda * cost)
    return utility.indexOf(Math.max(...utility))
  }
}

function draw(chances: readonly number[], random: () => number): number {
  const total = chances.reduce((sum, chance) => sum + chance, 0)
  let left = random() * total
  for (const [i, chance] of chances.entries()) {
    left -= chance
    if (left < 0) return i
  }
  return chances.length - 1
}
