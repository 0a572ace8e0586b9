import { expect, it } from 'vitest'
import { seeded } from './fixtures.ts'
import { minimise } from './lbfgs.ts'
import { fitResponse, type Response, responseLoss } from './response.ts'
import { spectrum } from './spectrum.ts'

const [N, WIDTH, M] = [400, 3, 4]
const WEIGHTS = [1.2, -0.8, 0]
const ABILITY = [-1, 0, 0.5, 1.5]
const SLOPE = [0.7, 1, 1, 1.3]
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))

/** Outcomes of Birnbaum's model, a fifth of them not known. */
function planted(rows: number, seed: number) {
  const random = seeded(seed)
  const x = Float64Array.from({ length: rows * WIDTH }, () => 2 * random() - 1)
  for (let j = 0; j < WIDTH; j++) {
    const mean = x.reduce((sum, value, at) => sum + (at % WIDTH === j ? value : 0), 0) / rows
    for (let i = 0; i < rows; i++) x[i * WIDTH + j]! -= mean
  }
  const quality = Float64Array.from({ length: rows * M }, (_, at) => {
    const [i, c] = [Math.floor(at / M), at % M]
    const hardness = WEIGHTS.reduce((sum, weight, j) => sum + weight * x[i * WIDTH + j]!, 0)
    if (random() < 0.2) return Number.NaN
    return random() < sigmoid(SLOPE[c]! * (ABILITY[c]! - hardness)) ? 1 : 0
  })
  return { x, width: WIDTH, quality, m: M, spectrum: spectrum(x, rows, WIDTH) }
}

const all = Array.from({ length: N }, (_, i) => i)

it('is where no parameter can be changed for the better, by another method', () => {
  const [input, penalty] = [planted(N, 1), 3]
  const { x, quality } = input
  /** Minus the penalised log-likelihood by weights, intercepts and slopes, and its gradient. */
  const evaluate = (at: Float64Array, gradient: Float64Array) => {
    gradient.fill(0)
    let value = 0
    for (const [k, entry] of at.entries()) {
      const [precision, centre] = k < WIDTH ? [penalty, 0] : k < WIDTH + M ? [0.5, 0] : [20, 1]
      value += 0.5 * precision * (entry - centre) ** 2
      gradient[k] = precision * (entry - centre)
    }
    for (const [cell, truth] of quality.entries()) {
      if (Number.isNaN(truth)) continue
      const [i, c] = [Math.floor(cell / M), cell % M]
      const row = x.subarray(i * WIDTH, (i + 1) * WIDTH)
      const hardness = row.reduce((sum, entry, j) => sum + at[j]! * entry, 0)
      const slope = at[WIDTH + M + c]!
      const z = at[WIDTH + c]! - slope * hardness
      const error = sigmoid(z) - truth
      value += Math.log(1 + Math.exp(z)) - truth * z
      gradient[WIDTH + c]! += error
      gradient[WIDTH + M + c]! -= error * hardness
      for (const [j, entry] of row.entries()) gradient[j]! -= error * slope * entry
    }
    return value
  }
  const best = Float64Array.of(...new Float64Array(WIDTH + M), ...new Float64Array(M).fill(1))
  minimise(evaluate, best, { curvature: best.map(() => 50), maxIterations: 500, tolerance: 1e-14 })

  const { weights, ability, slope } = fitResponse(input, all, penalty)
  for (let j = 0; j < WIDTH; j++) expect(weights[j]).toBeCloseTo(best[j]!, 2)
  for (let c = 0; c < M; c++) {
    expect(slope[c]).toBeCloseTo(best[WIDTH + M + c]!, 2)
    expect(slope[c]! * ability[c]!).toBeCloseTo(best[WIDTH + c]!, 2)
  }
})

it('recovers the abilities, the slopes and the difficulty that were planted', () => {
  const { weights, ability, slope } = fitResponse(planted(N, 2), all, 1)
  // Only slope · weights is seen: slopes are 1 on average, as those planted are.
  for (const [j, weight] of WEIGHTS.entries()) expect(Math.abs(weights[j]! - weight)).toBeLessThan(0.25)
  for (const [c, own] of ABILITY.entries()) expect(Math.abs(ability[c]! - own)).toBeLessThan(0.35)
  expect(slope[0]).toBeLessThan(slope[3]!)
})

it('measures the mean surprise of outcomes, NaN left out', () => {
  const response: Response = {
    weights: Float64Array.of(1),
    ability: Float64Array.of(0, 1),
    slope: Float64Array.of(1, 2),
  }
  const x = Float64Array.of(0.5, -0.5)
  const input = { x, width: 1, quality: Float64Array.of(1, 0, Number.NaN, 0.25), m: 2, spectrum: spectrum(x, 2, 1) }
  // Chances σ(−0.5), σ(2 · 0.5) and σ(2 · 1.5).
  const surprise = -Math.log(sigmoid(-0.5)) - Math.log(1 - sigmoid(1))
  const fraction = -0.25 * Math.log(sigmoid(3)) - 0.75 * Math.log(1 - sigmoid(3))
  expect(responseLoss(response, input, [0, 1])).toBeCloseTo((surprise + fraction) / 3, 12)
  expect(responseLoss(response, input, [0])).toBeCloseTo(surprise / 2, 12)
})
