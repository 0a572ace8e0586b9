/**
 * λ, what one USD is worth in quality, has no scale of its own: 10 is stingy among dear models and careless among cheap ones. The levels
 * `best`, `auto` and `cheap` take their scale from the pool itself, by the upper convex hull of its candidates in the plane of the cost of
 * a typical request and prior quality. The slope of a hull edge is the λ at which its two ends are worth the same.
 */
import type { Candidate } from '../spec.ts'
import { expectedCostUsd, TYPICAL } from './cost.ts'

export interface LambdaLevels {
  readonly best: number
  readonly auto: number
  readonly cheap: number
}

/** How far beyond the steepest slope `cheap` lies: requests down to a tenth of the typical size still go to the cheapest. */
const CHEAP_FACTOR = 10
/** Without any trade-off in the pool: the share of quality that one typical request's mean cost is worth. */
const FLAT_WORTH = 0.1

/**
 * `quality` is the prior quality in the order of the candidates, see `priorQuality`.
 *
 * - `best`: 0, quality alone.
 * - `auto`: the geometric mean of the smallest and the largest hull slope. With three or more hull vertices it lies strictly between the
 *   two, so that a candidate that is neither the cheapest nor the best wins; with two it is where they are worth the same.
 * - `cheap`: ten times the largest slope.
 *
 * Where the cheapest candidate is also the best there is no slope, and the mean cost of the pool sets the scale. Candidates without a price
 * do not count; with no price at all, or all free, every level is 0.
 */
export function lambdaLevels(candidates: readonly Candidate[], quality: ArrayLike<number>): LambdaLevels {
  const points = candidates
    .map(({ price }, m) => ({
      cost: expectedCostUsd(price, TYPICAL.inputTokens, TYPICAL.outputTokens),
      quality: quality[m]!,
    }))
    .filter(({ cost }) => !Number.isNaN(cost))
  const slopes = hullSlopes(points)
  if (slopes.length === 0) {
    const mean = points.reduce((sum, { cost }) => sum + cost, 0) / points.length
    const scale = mean > 0 ? FLAT_WORTH / mean : 0
    return { best: 0, auto: scale, cheap: CHEAP_FACTOR * scale }
  }
  const steepest = slopes[0]!
  return { best: 0, auto: Math.sqrt(steepest * slopes.at(-1)!), cheap: CHEAP_FACTOR * steepest }
}

interface Point {
  readonly cost: number
  readonly quality: number
}

/** Slopes of the non-decreasing upper convex hull from the cheapest point to the best, strictly falling. */
function hullSlopes(points: readonly Point[]): number[] {
  const hull: Point[] = []
  for (const point of points.toSorted((a, b) => a.cost - b.cost || b.quality - a.quality)) {
    if (hull.length > 0 && point.quality <= hull.at(-1)!.quality) continue
    while (hull.length > 1 && slope(hull.at(-2)!, hull.at(-1)!) <= slope(hull.at(-1)!, point)) hull.pop()
    hull.push(point)
  }
  return hull.slice(1).map((point, i) => slope(hull[i]!, point))
}

function slope(from: Point, to: Point): number {
  return (to.quality - from.quality) / (to.cost - from.cost)
}
