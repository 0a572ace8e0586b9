/** The Pareto frontier of several methods together. */
import type { CostQuality } from './points.ts'

/** The points that no other one matches in both cost and quality and beats in one, by rising cost; equal points once. */
export function paretoFront<P extends CostQuality>(points: readonly P[]): P[] {
  const front: P[] = []
  for (const point of [...points].sort((a, b) => a.costUsd - b.costUsd || b.quality - a.quality)) {
    if (front.length === 0 || point.quality > front.at(-1)!.quality) front.push(point)
  }
  return front
}

/**
 * Mean distance of a method's points to the frontier of all methods (ParetoDist of LLMRouterBench, arXiv 2601.07206); 0 when all lie on it.
 * Euclidean, to the nearest point of the frontier (the generational distance of Van Veldhuizen and Lamont 1998), after both axes are
 * scaled to [0, 1] over `all`, the points of all methods, the method's own included. An axis without extent counts nothing. `NaN`
 * without points.
 */
export function paretoDist(points: readonly CostQuality[], all: readonly CostQuality[]): number {
  const costScale = extent(all.map((point) => point.costUsd))
  const qualityScale = extent(all.map((point) => point.quality))
  const front = paretoFront(all)
  const distances = points.map((point) =>
    Math.min(
      ...front.map((one) =>
        Math.hypot((point.costUsd - one.costUsd) / costScale, (point.quality - one.quality) / qualityScale),
      ),
    ),
  )
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length
}

function extent(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values) || Number.POSITIVE_INFINITY
}
