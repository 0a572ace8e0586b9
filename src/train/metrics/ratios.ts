/** A policy's quality or cost as a ratio to a reference: the best single model, the oracle, a random choice, a cheap pipeline. */
import { type CostQuality, leastCost, peakQuality } from './points.ts'

/**
 * Quality-neutral cost (UniRoute, arXiv 2502.08773): least cost of a point with at least the best single model's quality, as a share of
 * its cost; ∞ when no point has it, `NaN` when that model costs nothing. Points as swept; give the hull's `costAt` instead to allow
 * mixing. It hangs on a few queries, so report it with an interval, and with `quality` a little below beside it.
 */
export function qnc(points: readonly CostQuality[], best: CostQuality, quality = best.quality): number {
  return best.costUsd > 0 ? leastCost(points, quality) / best.costUsd : Number.NaN
}

/** `1 − QNC`: cost saved at the best single model's quality (CostSave of LLMRouterBench, arXiv 2601.07206); −∞ when not reached. */
export function costSave(points: readonly CostQuality[], best: CostQuality): number {
  return 1 - qnc(points, best)
}

/** `max quality / best single − 1`: the most a policy adds at any cost (PerfGain of LLMRouterBench, arXiv 2601.07206). */
export function perfGain(points: readonly CostQuality[], best: CostQuality): number {
  return gainOver(peakQuality(points), best.quality)
}

/**
 * `quality / reference − 1`: Gain@R over a random choice and Gain@B over the best single model (LLMRouterBench); V_B and V_R of RouterEval
 * (arXiv 2503.10657) are this + 1. `NaN` when the reference is 0.
 */
export function gainOver(quality: number, reference: number): number {
  return reference > 0 ? quality / reference - 1 : Number.NaN
}

/** `1 − quality / oracle`: Gap@O of LLMRouterBench (arXiv 2601.07206), the share of the oracle's quality that is missed. */
export function gapToOracle(quality: number, oracle: number): number {
  return -gainOver(quality, oracle)
}

/** `(value − constant) / (oracle − constant)`: the share of what an oracle gains over the best constant; `NaN` without headroom. */
export function headroomShare(value: number, constant: number, oracle: number): number {
  return oracle > constant ? (value - constant) / (oracle - constant) : Number.NaN
}

/** Risk `μ · cost + (1 − μ) · (1 − quality)`, μ in [0, 1] (CARROT, arXiv 2502.03261). Lower is better. */
export function carrotRisk({ costUsd, quality }: CostQuality, mu: number): number {
  return mu * costUsd + (1 - mu) * (1 - quality)
}

/**
 * Incremental benefit per cost over the weak model, relative to that of the strong model (ΔIBC of AutoMix, arXiv 2310.12963):
 * `IBC = (P − P_weak) / (C − C_weak)`, `ΔIBC = IBC / IBC_strong − 1`. Above 0 the policy buys more per USD than the strong model does. The
 * paper prints per cent. `NaN` where a denominator is not positive.
 */
export function benefitPerCostLift(policy: CostQuality, weak: CostQuality, strong: CostQuality): number {
  const ibc = (point: CostQuality) =>
    point.costUsd > weak.costUsd ? (point.quality - weak.quality) / (point.costUsd - weak.costUsd) : Number.NaN
  const base = ibc(strong)
  return base > 0 ? ibc(policy) / base - 1 : Number.NaN
}

/** Performance and tokens (or USD) per query of a pipeline. */
export interface Effort {
  readonly performance: number
  readonly tokens: number
}

/**
 * Token elasticity of performance (EllieSQL, arXiv 2503.22402): `TEP = (ΔP / P_base) / (ΔT / T_base)`, base = the cheapest pipeline. It is not
 * defined at ΔT = 0 (`NaN`) and turns its sign where ΔT < 0, so the two relative changes come with it: always show them.
 */
export function tep(policy: Effort, base: Effort): { tep: number; performanceChange: number; tokenChange: number } {
  const performanceChange = policy.performance / base.performance - 1
  const tokenChange = policy.tokens / base.tokens - 1
  return { tep: tokenChange === 0 ? Number.NaN : performanceChange / tokenChange, performanceChange, tokenChange }
}
