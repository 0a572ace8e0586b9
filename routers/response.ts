/**
 * Fits quality = σ(slope_m · (ability_m − w·x)) by penalised maximum likelihood, alternating two convex steps: Newton for every candidate's
 * ability and slope, and minorise-maximise for w with one fixed factorisation, as the curvature of a logistic loss is at
 * most ¼ (Böhning and Lindsay 1988). Qualities between 0 and 1 count as fractions of an answer being right.
 */
import { clamp, dotRow, sigmoid } from './math.ts'
import type { Spectrum } from './spectrum.ts'

export interface Response {
  /** Per column of the design. */
  readonly weights: Float64Array
  /** Per candidate, in logits at mean difficulty. */
  readonly ability: Float64Array
  /** Per candidate, 1 on average. */
  readonly slope: Float64Array
}

export interface ResponseInput {
  /** Row-major [n, width], centred. */
  readonly x: Float64Array
  readonly width: number
  /** Row-major [n, m]; NaN = not known. */
  readonly quality: Float64Array
  readonly m: number
  /** Of `x`. */
  readonly spectrum: Spectrum
}

const ROUNDS = 4
const NEWTON_STEPS = 4
const WEIGHT_STEPS = 8
/** Gaussian priors: precision of the intercepts slope · ability (about 0) and of the slopes (about 1). */
const INTERCEPT_PRECISION = 0.5
const SLOPE_PRECISION = 20

export function fitResponse(input: ResponseInput, rows: readonly number[], penalty: number): Response {
  const { x, width, m } = input
  const weights = new Float64Array(width)
  const hardness = new Float64Array(input.quality.length / (m || 1))
  const ability = new Float64Array(m)
  const slope = new Float64Array(m).fill(1)
  for (let round = 0; round < ROUNDS; round++) {
    for (let c = 0; c < m; c++) fitCandidate(input, rows, hardness, { c, ability, slope })
    for (let step = 0; step < WEIGHT_STEPS; step++) {
      improveWeights(input, rows, hardness, { weights, ability, slope }, penalty)
      for (const i of rows) hardness[i] = dotRow(x, i, width, weights)
    }
  }
  for (let c = 0; c < m; c++) fitCandidate(input, rows, hardness, { c, ability, slope })
  return { weights, ability, slope }
}

/** Mean negative log-likelihood of the known outcomes of `rows`. */
export function responseLoss(
  { weights, ability, slope }: Response,
  input: ResponseInput,
  rows: readonly number[],
): number {
  const { x, width, quality, m } = input
  let loss = 0
  let known = 0
  for (const i of rows) {
    const hardness = dotRow(x, i, width, weights)
    for (let c = 0; c < m; c++) {
      const truth = quality[i * m + c]!
      if (Number.isNaN(truth)) continue
      const p = clamp(sigmoid(slope[c]! * (ability[c]! - hardness)), 1e-6, 1 - 1e-6)
      loss -= truth * Math.log(p) + (1 - truth) * Math.log(1 - p)
      known += 1
    }
  }
  return known === 0 ? 0 : loss / known
}

/** Newton on the two numbers of one candidate, as intercept a = slope · ability and slope s: logit = a − s · hardness. */
function fitCandidate(
  { quality, m }: ResponseInput,
  rows: readonly number[],
  hardness: Float64Array,
  { c, ability, slope }: { c: number; ability: Float64Array; slope: Float64Array },
): void {
  let s = slope[c]!
  let a = s * ability[c]!
  for (let step = 0; step < NEWTON_STEPS; step++) {
    let ga = -INTERCEPT_PRECISION * a
    let gs = -SLOPE_PRECISION * (s - 1)
    let haa = INTERCEPT_PRECISION
    let has = 0
    let hss = SLOPE_PRECISION
    for (const i of rows) {
      const truth = quality[i * m + c]!
      if (Number.isNaN(truth)) continue
      const b = hardness[i]!
      const p = sigmoid(a - s * b)
      const w = p * (1 - p)
      ga += truth - p
      gs -= (truth - p) * b
      haa += w
      has -= w * b
      hss += w * b * b
    }
    const determinant = haa * hss - has * has
    a += clamp((hss * ga - has * gs) / determinant, -2, 2)
    s = clamp(s + clamp((haa * gs - has * ga) / determinant, -1, 1), 0.1, 5)
  }
  slope[c] = s
  ability[c] = a / s
}

/**
 * One step w += (¼ · m · max slope² · X'X + penalty)⁻¹ gradient. The bound is that of rows known for all m candidates, so that rows with
 * fewer outcomes only make the step shorter, never wrong.
 */
function improveWeights(
  { x, width, quality, m, spectrum }: ResponseInput,
  rows: readonly number[],
  hardness: Float64Array,
  { weights, ability, slope }: Response,
  penalty: number,
): void {
  const gradient = weights.map((weight) => -penalty * weight)
  for (const i of rows) {
    let pull = 0
    for (let c = 0; c < m; c++) {
      const truth = quality[i * m + c]!
      if (Number.isNaN(truth)) continue
      pull -= slope[c]! * (truth - sigmoid(slope[c]! * (ability[c]! - hardness[i]!)))
    }
    if (pull === 0) continue
    for (let j = 0; j < width; j++) gradient[j]! += pull * x[i * width + j]!
  }
  const bound = 0.25 * slope.reduce((sum, s) => sum + s * s, 0)
  for (let r = 0; r < spectrum.rank; r++) {
    const size = dotRow(spectrum.directions, r, width, gradient) / (bound * spectrum.values[r]! + penalty)
    for (let j = 0; j < width; j++) weights[j]! += size * spectrum.directions[r * width + j]!
  }
}
