/** The figures of the RouterArena board (arXiv 2510.00202), by the formulas of its released code. */
import type { OutcomeMatrix } from './points.ts'

/** USD per 1,000 queries between which the board scales cost. */
const CHEAPEST = 0.0044
const DEAREST = 200
const BETA = 0.1

/**
 * Arena score: a weighted harmonic mean of accuracy A and cheapness C,
 *
 *     C = (log₂ c_max − log₂ c) / (log₂ c_max − log₂ c_min),  Arena = (1 + β) · A · C / (β · A + C),  β = 0.1
 *
 * with c in USD per 1,000 queries, c_min = 0.0044, c_max = 200; c beyond them counts as they do. 0 where A or C is 0. A cost that is not
 * positive (not known) gives `NaN`.
 */
export function arenaScore(accuracy: number, usdPer1k: number): number {
  if (!(usdPer1k > 0)) return Number.NaN
  const cost = Math.min(Math.max(usdPer1k, CHEAPEST), DEAREST)
  const cheapness = Math.log2(DEAREST / cost) / Math.log2(DEAREST / CHEAPEST)
  const denominator = BETA * accuracy + cheapness
  return denominator === 0 ? 0 : ((1 + BETA) * accuracy * cheapness) / denominator
}

export interface Optimality {
  /** Queries that at least one model answers rightly: only they count. */
  readonly queries: number
  /** Share of them where the cheapest right model was chosen (equally cheap ones count). */
  readonly selection: number
  /** Cost of the cheapest right models / cost of the choices; 1 at best. `NaN` when the choices cost nothing. */
  readonly cost: number
  /** Quality of the choices / that of the cheapest right models; 1 at best. */
  readonly accuracy: number
}

/** Opt.Sel, Opt.Cost and Opt.Acc: how near the choices are to the cheapest right model. A model is right where its quality is `right` or more. */
export function optimality(matrix: OutcomeMatrix, chosen: ArrayLike<number>, right = 1): Optimality {
  const { models, qualities, costs } = matrix
  let queries = 0
  let selected = 0
  const ideal = { cost: 0, quality: 0 }
  const actual = { cost: 0, quality: 0 }
  for (let i = 0; i < chosen.length; i++) {
    let best = -1
    for (let cell = i * models; cell < (i + 1) * models; cell++) {
      if (qualities[cell]! >= right && (best < 0 || costs[cell]! < costs[best]!)) best = cell
    }
    if (best < 0) continue
    const choice = i * models + chosen[i]!
    queries++
    if (qualities[choice]! >= right && costs[choice]! === costs[best]!) selected++
    ideal.cost += costs[best]!
    ideal.quality += qualities[best]!
    actual.cost += costs[choice]!
    actual.quality += qualities[choice]!
  }
  return {
    queries,
    selection: selected / queries,
    cost: actual.cost > 0 ? ideal.cost / actual.cost : Number.NaN,
    accuracy: actual.quality / ideal.quality,
  }
}

/** Robustness: share of the queries whose perturbed form gets the same model; 1 of a constant, `NaN` of none. 1 − the flip rate. */
export function robustness(clean: ArrayLike<number>, perturbed: ArrayLike<number>): number {
  let same = 0
  for (let i = 0; i < clean.length; i++) if (clean[i] === perturbed[i]) same++
  return same / clean.length
}
