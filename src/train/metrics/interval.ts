/** Intervals from bootstrap draws. */
import { normalCdf } from '../../../routers/normal.ts'
import { normalQuantile } from './normal.ts'

export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

interface Sample {
  readonly value: number
  readonly draws: Float64Array
}

/** The percentile interval (Efron 1979): the middle share `confidence` of the draws. `NaN` sorts above everything. */
export function percentileInterval({ value, draws }: Sample, confidence: number): Interval {
  const sorted = draws.slice().sort()
  const tail = (1 - confidence) / 2
  return { value, low: nearestRank(sorted, tail), high: nearestRank(sorted, 1 - tail) }
}

/**
 * The bias-corrected and accelerated interval (Efron 1987; Efron and Tibshirani 1993, chapter 14). Bias: the share of the draws below the
 * value, ties counting half. Acceleration: from the skewness of the jackknife values; 0 where they do not vary or are not all finite.
 */
export function bcaInterval({ value, draws }: Sample, jackknife: Float64Array, confidence: number): Interval {
  const sorted = draws.slice().sort()
  let below = 0
  for (const draw of draws) below += draw < value ? 1 : draw === value ? 0.5 : 0
  const bias = normalQuantile(Math.min(1 - 0.5 / draws.length, Math.max(0.5 / draws.length, below / draws.length)))
  const acceleration = accelerationOf(jackknife)
  const end = (p: number) => {
    const z = bias + normalQuantile(p)
    return nearestRank(sorted, normalCdf(bias + z / (1 - acceleration * z)))
  }
  const tail = (1 - confidence) / 2
  return { value, low: end(tail), high: end(1 - tail) }
}

function accelerationOf(jackknife: Float64Array): number {
  const centre = jackknife.reduce((sum, value) => sum + value, 0) / jackknife.length
  let [squares, cubes] = [0, 0]
  for (const value of jackknife) {
    squares += (centre - value) ** 2
    cubes += (centre - value) ** 3
  }
  const acceleration = cubes / (6 * squares ** 1.5)
  return Number.isFinite(acceleration) ? acceleration : 0
}

/** A quantile that never interpolates, so that infinite values do no harm. */
function nearestRank(sorted: Float64Array, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length + 1e-9))]!
}
