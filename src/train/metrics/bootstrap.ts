/**
 * The paired bootstrap (Efron 1979): queries are drawn with replacement, and every statistic sees the same draws, so that the difference
 * of two policies is that on the same queries. With several seeds of a randomised fit, the seeds are drawn too, apart from
 * the queries (the pigeonhole bootstrap, Owen 2007), and a statistic is its mean over the drawn seeds: the interval then
 * covers both sources of chance, a little too widely rather than too narrowly. Fewer than five seeds say little of theirs.
 */
import { bcaInterval, type Interval, percentileInterval } from './interval.ts'

/** Blocks of queries that the jackknife leaves out one by one. */
const BLOCKS = 200

/**
 * Numbers computed from how often each query was drawn. For several seeds it is called once for each drawn seed, in 0 … seeds − 1. A number
 * that is not finite (a quality never reached) counts as it stands, at its end of the order.
 */
export type Statistics = (weights: Float64Array, seed: number) => readonly number[]

export interface ResampleOptions {
  readonly random: () => number
  readonly draws: number
  /** Runs of the same policies with other seeds; default 1: seeds are not drawn. */
  readonly seeds?: number
}

/** One statistic on the data as they are, and on each draw. */
export interface Resampled {
  readonly value: number
  readonly draws: Float64Array
}

/** Every statistic of `count` queries under the same draws. Deterministic given `random`. */
export function resample(count: number, statistics: Statistics, options: ResampleOptions): Resampled[] {
  const { random, seeds = 1 } = options
  const weights = new Float64Array(count).fill(1)
  const drawnSeeds = new Float64Array(seeds).fill(1)
  const values = overSeeds(statistics, weights, drawnSeeds)
  const drawn = values.map(() => new Float64Array(options.draws))
  for (let draw = 0; draw < options.draws; draw++) {
    drawInto(weights, random)
    if (seeds > 1) drawInto(drawnSeeds, random)
    const sample = overSeeds(statistics, weights, drawnSeeds)
    for (let k = 0; k < drawn.length; k++) drawn[k]![draw] = sample[k]!
  }
  return values.map((value, k) => ({ value, draws: drawn[k]! }))
}

export interface BootstrapOptions extends ResampleOptions {
  /** BCa corrects for bias and skew and costs some 200 evaluations more; default percentile. */
  readonly interval?: 'percentile' | 'bca'
  /** Default 0.95. */
  readonly confidence?: number
}

/** Two-sided intervals of every statistic. */
export function bootstrap(count: number, statistics: Statistics, options: BootstrapOptions): Interval[] {
  const { interval = 'percentile', confidence = 0.95, seeds = 1 } = options
  const samples = resample(count, statistics, options)
  if (interval === 'percentile') return samples.map((sample) => percentileInterval(sample, confidence))
  const left = jackknife(count, statistics, seeds)
  return samples.map((sample, k) => bcaInterval(sample, left[k]!, confidence))
}

/** Every statistic with one block of the queries left out, for each block. */
function jackknife(count: number, statistics: Statistics, seeds: number): Float64Array[] {
  const blocks = Math.min(count, BLOCKS)
  const weights = new Float64Array(count)
  const allSeeds = new Float64Array(seeds).fill(1)
  const rows = Array.from({ length: blocks }, (_, block) => {
    for (let i = 0; i < count; i++) weights[i] = i % blocks === block ? 0 : 1
    return overSeeds(statistics, weights, allSeeds)
  })
  return (rows[0] ?? []).map((_, k) => Float64Array.from(rows, (row) => row[k]!))
}

/** Counts of as many draws with replacement as there are entries. */
function drawInto(counts: Float64Array, random: () => number): void {
  counts.fill(0)
  for (let i = 0; i < counts.length; i++) counts[Math.floor(random() * counts.length)]!++
}

function overSeeds(statistics: Statistics, weights: Float64Array, drawnSeeds: Float64Array): number[] {
  let sums: number[] | undefined
  for (const [seed, times] of drawnSeeds.entries()) {
    if (times === 0) continue
    const values = statistics(weights, seed)
    sums = values.map((value, k) => (sums?.[k] ?? 0) + (times / drawnSeeds.length) * value)
  }
  return sums ?? []
}
