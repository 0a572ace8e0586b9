/** Areas under curves of quality over cost, divided by the range of costs: average qualities, comparable where the range is common. */
import { hullOf } from './hull.ts'
import type { CostQuality } from './points.ts'

/** Costs over which routers are compared, the same for all of them; usually cheapest to dearest single model. */
export interface CostRange {
  readonly fromUsd: number
  readonly toUsd: number
}

/** The range from the cheapest to the dearest of the points. */
export function costRangeOf(points: readonly CostQuality[]): CostRange {
  const costs = points.map((point) => point.costUsd)
  return { fromUsd: Math.min(...costs), toUsd: Math.max(...costs) }
}

/**
 * Average improvement in quality (RouterBench, arXiv 2403.12031, section 3):
 *
 *     AIQ = 1 / (c_max − c_min) · ∫ R̃(c) dc  over [c_min, c_max]
 *
 * with R̃ the non-decreasing convex hull of the router's points, flat beyond its dearest vertex. Below its cheapest vertex the router
 * can only answer some queries and leave the others (cost 0, quality 0), so a router without a cheap point pays for it. The
 * AIQ of a constant whose cost is at most c_min is its quality. `NaN` without points or without a range.
 */
export function aiq(points: readonly CostQuality[], range: CostRange): number {
  if (points.length === 0) return Number.NaN
  const nothing = { costUsd: 0, quality: 0 }
  return averageQuality(hullOf([nothing, ...points]), range)
}

/**
 * AIQ as withmartian/routerbench's evaluation/AIQ.py computes it: the area is divided by c_max, not by the range, and starts at the
 * router's own cheapest point. Only to compare with figures made by that code: it favours routers that have cheap points.
 */
export function aiqOfCode(points: readonly CostQuality[], maxCostUsd: number): number {
  const hull = hullOf(points)
  const first = hull[0]
  if (first === undefined || !(maxCostUsd > 0)) return Number.NaN
  return area(hull, { fromUsd: first.costUsd, toUsd: maxCostUsd }) / maxCostUsd
}

/**
 * Area under the cost-quality curve of cascade routing (arXiv 2410.10347; `auc_all` in eth-sri/cascade-routing): the range goes from the
 * cheapest to the dearest of the `baselines` (all single models); the router's points are joined in the order of their cost as they
 * are, without a hull, flat beyond the last; a router without a point at the cheapest cost starts there with the lowest
 * baseline quality. In [0, 1]; the paper prints per cent. The paper's "linear interpolation" is that of the hull of the baselines.
 */
export function cascadeAuc(points: readonly CostQuality[], baselines: readonly CostQuality[]): number {
  const range = costRangeOf(baselines)
  const lowest = Math.min(...baselines.map((point) => point.quality))
  const curve = byCost(points)
  const floor = { costUsd: range.fromUsd, quality: lowest }
  return averageQuality(curve.length > 0 && curve[0]!.costUsd > range.fromUsd ? [floor, ...curve] : curve, range)
}

/**
 * Area under the deferral curve (AUDC; UniRoute, arXiv 2502.08773): the points joined in the order of their cost, flat before the first
 * and beyond the last, over a common range. Differs from `cascadeAuc` only left of the first point.
 */
export function deferralArea(points: readonly CostQuality[], range: CostRange): number {
  const curve = byCost(points)
  const first = curve[0]
  return averageQuality(first === undefined ? [] : [{ ...first, costUsd: Number.NEGATIVE_INFINITY }, ...curve], range)
}

const byCost = (points: readonly CostQuality[]) =>
  [...points].sort((a, b) => a.costUsd - b.costUsd || a.quality - b.quality)

function averageQuality(curve: readonly CostQuality[], range: CostRange): number {
  const defined = curve.length > 0 && range.toUsd > range.fromUsd
  return defined ? area(curve, range) / (range.toUsd - range.fromUsd) : Number.NaN
}

/** ∫ of the curve through points sorted by cost, flat beyond the last. The curve begins at or before the range. */
function area(curve: readonly CostQuality[], { fromUsd, toUsd }: CostRange): number {
  const last = curve.at(-1)!
  let sum = Math.max(0, toUsd - Math.max(last.costUsd, fromUsd)) * last.quality
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1]!, curve[i]!]
    const [left, right] = [Math.max(a.costUsd, fromUsd), Math.min(b.costUsd, toUsd)]
    if (right > left) sum += ((right - left) * (heightAt(a, b, left) + heightAt(a, b, right))) / 2
  }
  return sum
}

/** Height of the line from a to b; that of b where a lies at −∞ (a flat start). */
function heightAt(a: CostQuality, b: CostQuality, costUsd: number): number {
  if (a.costUsd === Number.NEGATIVE_INFINITY) return b.quality
  return a.quality + ((b.quality - a.quality) * (costUsd - a.costUsd)) / (b.costUsd - a.costUsd)
}
