/**
 * The non-decreasing convex hull of points in the plane of cost and quality (RouterBench, arXiv 2403.12031, section 3).
 * Any point on it is reached in expectation by drawing between its two neighbours. The hull of the single models is
 * RouterBench's "zero router": what no router may fall below.
 */
import { type CostQuality, ROUNDING } from './points.ts'

/** The vertices of the upper hull, by rising cost and rising quality; dominated points are left out. */
export function hullOf<P extends CostQuality>(points: readonly P[]): P[] {
  const byCost = [...points].sort((a, b) => a.costUsd - b.costUsd || b.quality - a.quality)
  const hull: P[] = []
  for (const point of byCost) {
    const last = hull.at(-1)
    if (last !== undefined && point.quality <= last.quality) continue
    while (hull.length >= 2 && slope(hull.at(-2)!, hull.at(-1)!) <= slope(hull.at(-2)!, point)) hull.pop()
    hull.push(point)
  }
  return hull
}

/** Slopes between neighbouring vertices, in quality per USD, falling: the λ at which the best constant changes. */
export function slopesOf(hull: readonly CostQuality[]): number[] {
  return hull.slice(1).map((point, i) => slope(hull[i]!, point))
}

/** The quality that a budget buys on the hull, by mixing its neighbours; −∞ below the cheapest vertex. */
export function qualityAt(hull: readonly CostQuality[], costUsd: number): number {
  const first = hull[0]
  if (first === undefined || costUsd < first.costUsd) return Number.NEGATIVE_INFINITY
  for (let i = 1; i < hull.length; i++) {
    const [a, b] = [hull[i - 1]!, hull[i]!]
    if (costUsd < b.costUsd) return a.quality + slope(a, b) * (costUsd - a.costUsd)
  }
  return hull.at(-1)!.quality
}

/** The least cost at which the hull has that quality, by mixing its neighbours; ∞ above the last vertex. */
export function costAt(hull: readonly CostQuality[], quality: number): number {
  for (const [i, b] of hull.entries()) {
    if (b.quality < quality - ROUNDING) continue
    const a = hull[i - 1]
    return a === undefined ? b.costUsd : a.costUsd + (quality - a.quality) / slope(a, b)
  }
  return Number.POSITIVE_INFINITY
}

function slope(a: CostQuality, b: CostQuality): number {
  return b.costUsd === a.costUsd ? Number.POSITIVE_INFINITY : (b.quality - a.quality) / (b.costUsd - a.costUsd)
}
