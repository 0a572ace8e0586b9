/** From a score to a chance: a logistic curve per candidate that always rises (Platt 1999), its steepness drawn to what fits all of them. */
import { minimise } from './lbfgs.ts'
import { logit, sigmoid } from './math.ts'

/** Chance = σ(level + steepness · score). */
export interface Link {
  readonly level: Float64Array
  /** Above 0. */
  readonly steepness: Float64Array
}

/** Of the logarithm of a candidate's steepness about the pool's, and of the pool's about 1. */
const STEEPNESS_PRECISION = 10
const POOL_PRECISION = 0.1
/** Of a level about the candidate's mean: one that is always right stays finite. */
const LEVEL_PRECISION = 1

/** `scores`, of about unit variance, and `outcomes` in [0, 1] are row-major [n, m]; an outcome may be NaN, not known. */
export function fitLink(scores: Float64Array, outcomes: Float64Array, m: number): Link {
  const sums = new Float64Array(m)
  const counts = new Float64Array(m)
  for (const [at, outcome] of outcomes.entries()) {
    if (Number.isNaN(outcome)) continue
    sums[at % m]! += outcome
    counts[at % m]! += 1
  }
  const start = sums.map((sum, c) => (counts[c] === 0 ? 0 : logit(sum / counts[c]!)))
  // Levels, logarithms of steepness, and the pool's.
  const x = Float64Array.of(...start, ...new Float64Array(m + 1))
  const total = counts.reduce((sum, count) => sum + count, 0)
  const curvature = Float64Array.from({ length: 2 * m + 1 }, (_, j) => {
    return 1 + (j === 2 * m ? total : counts[j % m]!) / 5 + (j === 2 * m ? m : 1) * STEEPNESS_PRECISION
  })

  function evaluate(_: Float64Array, gradient: Float64Array): number {
    const pool = x[2 * m]!
    gradient.fill(0)
    gradient[2 * m] = POOL_PRECISION * pool
    let value = 0.5 * POOL_PRECISION * pool ** 2
    for (let c = 0; c < m; c++) {
      const own = x[m + c]! - pool
      const shift = x[c]! - start[c]!
      value += 0.5 * (LEVEL_PRECISION * shift ** 2 + STEEPNESS_PRECISION * own ** 2)
      gradient[c] = LEVEL_PRECISION * shift
      gradient[m + c] = STEEPNESS_PRECISION * own
      gradient[2 * m]! -= STEEPNESS_PRECISION * own
    }
    const steepness = x.slice(m, 2 * m).map(Math.exp)
    for (const [at, outcome] of outcomes.entries()) {
      if (Number.isNaN(outcome)) continue
      const c = at % m
      const rise = steepness[c]! * scores[at]!
      const z = x[c]! + rise
      const error = sigmoid(z) - outcome
      value += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - outcome * z
      gradient[c]! += error
      gradient[m + c]! += error * rise
    }
    return value
  }
  minimise(evaluate, x, { curvature, maxIterations: 50, tolerance: 1e-7 })
  return { level: x.slice(0, m), steepness: x.slice(m, 2 * m).map(Math.exp) }
}
