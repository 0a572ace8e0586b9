/** What a router's setting is chosen for, and the choice, made on points that the judged queries had no part in. */
import { hullOf } from './metrics/hull.ts'
import { type CostQuality, ROUNDING } from './metrics/points.ts'

/**
 * - `quality`: the most quality, whatever it costs.
 * - `budget`: the most quality for `share` of what the best constant costs.
 * - `match`: the best constant's quality for the least money; the most quality where that is out of reach.
 */
export type Aim =
  | { readonly kind: 'quality' }
  | { readonly kind: 'match' }
  | { readonly kind: 'budget'; readonly share: number }

/** Two settings, by index; `share` of the queries, drawn at random, get the second. */
export interface Mix {
  readonly first: number
  readonly second: number
  readonly share: number
}

/**
 * The mix that meets the aim on `points`, one per setting: a vertex of their hull or two neighbouring ones, as in RouterBench (arXiv 2403.12031).
 * `null` where even the cheapest setting is over the budget. What is met here is met elsewhere only about as well: report the cost
 * beside the quality.
 */
export function chooseMix(points: readonly CostQuality[], aim: Aim, constant: CostQuality): Mix | null {
  const hull = hullOf(points.map((point, setting) => ({ ...point, setting })))
  const [cheapest, best] = [hull[0]!, hull.at(-1)!]
  const only = ({ setting }: { readonly setting: number }): Mix => ({ first: setting, second: setting, share: 0 })
  if (aim.kind === 'quality') return only(best)
  const [target, of] =
    aim.kind === 'budget'
      ? [aim.share * constant.costUsd, (point: CostQuality) => point.costUsd]
      : [constant.quality, (point: CostQuality) => point.quality]
  if (aim.kind === 'budget' && of(cheapest) > target * (1 + ROUNDING)) return null
  if (of(cheapest) >= target) return only(cheapest)
  for (const [i, next] of hull.entries()) {
    const before = hull[i - 1]
    if (before === undefined || of(next) < target) continue
    const share = (target - of(before)) / (of(next) - of(before))
    return { first: before.setting, second: next.setting, share }
  }
  return only(best)
}
