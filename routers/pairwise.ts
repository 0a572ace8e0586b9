/** Strengths of candidates from who beat whom: Bradley and Terry 1952, by Newton's method. */
import { sigmoid } from './math.ts'

const MAX_STEPS = 25
/** No strength moves by more in one step: far from the optimum the quadratic model of the likelihood overshoots. */
const MAX_MOVE = 1
const SETTLED = 1e-6

export interface StrengthOptions {
  /** Strengths that the result is drawn to. */
  readonly toward: Float64Array
  /** How strongly, per candidate; above 0, so that a candidate which only wins stays finite. */
  readonly precision: number
}

/**
 * The outcomes of one row as wins, row-major [m, m]: entry (a, b) is 1 where a did better than b, ½ where both did equally well, else 0.
 * Added to `wins` `weight` times; an outcome that is not known (NaN) meets nobody.
 */
export function addWins(wins: Float64Array, outcomes: ArrayLike<number>, weight = 1): void {
  const m = outcomes.length
  for (let a = 0; a < m; a++) {
    for (let b = 0; b < m; b++) {
      const lead = outcomes[a]! - outcomes[b]!
      if (a !== b && !Number.isNaN(lead)) wins[a * m + b]! += weight * (lead > 0 ? 1 : lead < 0 ? 0 : 0.5)
    }
  }
}

/**
 * θ that maximises Σ wins(a, b) · log σ(θ(a) − θ(b)) − ½ · precision · |θ − toward|²: a beats b with the chance σ(θ(a) − θ(b)).
 */
export function fitStrengths(wins: Float64Array, { toward, precision }: StrengthOptions): Float64Array {
  const m = toward.length
  const strengths = toward.slice()
  const slope = new Float64Array(m)
  const curvature = new Float64Array(m * m)
  for (let step = 0; step < MAX_STEPS; step++) {
    curvature.fill(0)
    for (let a = 0; a < m; a++) {
      slope[a] = precision * (toward[a]! - strengths[a]!)
      curvature[a * m + a] = precision
    }
    for (let a = 0; a < m; a++) {
      for (let b = 0; b < a; b++) {
        const met = wins[a * m + b]! + wins[b * m + a]!
        if (met === 0) continue
        const chance = sigmoid(strengths[a]! - strengths[b]!)
        const surprise = wins[a * m + b]! - met * chance
        const bend = met * chance * (1 - chance)
        slope[a]! += surprise
        slope[b]! -= surprise
        curvature[a * m + a]! += bend
        curvature[b * m + b]! += bend
        curvature[a * m + b]! -= bend
      }
    }
    solve(curvature, slope)
    const move = slope.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const share = Math.min(1, MAX_MOVE / move)
    for (let a = 0; a < m; a++) strengths[a]! += share * slope[a]!
    if (move < SETTLED) break
  }
  return strengths
}

/**
 * Per candidate the chance to beat another less the chance to lose, on average over all (itself a tie). With outcomes of 0 and 1 and ties counting
 * half this is by how much its chance of a right answer differs from the mean.
 */
export function marginsOf(strengths: Float64Array): Float64Array {
  const m = strengths.length
  const margins = new Float64Array(m)
  for (let a = 0; a < m; a++) {
    for (let b = 0; b < a; b++) {
      const margin = (2 * sigmoid(strengths[a]! - strengths[b]!) - 1) / m
      margins[a]! += margin
      margins[b]! -= margin
    }
  }
  return margins
}

/** Solves A x = b in place for a positive definite A of which the lower triangle is given: Cholesky. Both arguments are overwritten. */
function solve(a: Float64Array, b: Float64Array): void {
  const m = b.length
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * m + j]!
      for (let k = 0; k < j; k++) sum -= a[i * m + k]! * a[j * m + k]!
      a[i * m + j] = i === j ? Math.sqrt(sum) : sum / a[j * m + j]!
    }
    let sum = b[i]!
    for (let k = 0; k < i; k++) sum -= a[i * m + k]! * b[k]!
    b[i] = sum / a[i * m + i]!
  }
  for (let i = m - 1; i >= 0; i--) {
    let sum = b[i]!
    for (let k = i + 1; k < m; k++) sum -= a[k * m + i]! * b[k]!
    b[i] = sum / a[i * m + i]!
  }
}
