/**
 * Routing between a weak and a strong model, judged by the share of calls that go to the strong one (RouteLLM, arXiv 2406.18665,
 * section 3). The share is a count of calls, not of dollars: report cost beside it.
 */
import { byDescending } from './order.ts'
import { ROUNDING } from './points.ts'

/** Quality when a share in [0, 1] of the calls goes to the strong model. */
export interface SharePoint {
  readonly share: number
  readonly quality: number
}

/** Two models' qualities on the queries, in the order in which a router hands them to the strong one. */
export interface Ranking {
  readonly order: Uint32Array
  /** Where the next group of equal scores begins, last entry: the number of queries. */
  readonly ends: readonly number[]
  readonly weak: ArrayLike<number>
  readonly strong: ArrayLike<number>
}

/** Orders queries by a router's scores for the strong model, highest first. */
export function rankByScore(scores: ArrayLike<number>, weak: ArrayLike<number>, strong: ArrayLike<number>): Ranking {
  const order = byDescending(scores)
  const ends: number[] = []
  for (let i = 1; i <= order.length; i++) {
    if (i === order.length || scores[order[i]!] !== scores[order[i - 1]!]) ends.push(i)
  }
  return { order, ends, weak, strong }
}

/**
 * The curve over all thresholds, from no call to every call. Queries with equal scores go over together, in a straight line: the
 * expectation of breaking ties at random. `weights[i]` counts query i (default: once each).
 */
export function shareCurve({ order, ends, weak, strong }: Ranking, weights?: ArrayLike<number>): SharePoint[] {
  let total = 0
  let quality = 0
  for (let i = 0; i < order.length; i++) {
    const weight = weights?.[i] ?? 1
    total += weight
    quality += weight * weak[i]!
  }
  let calls = 0
  const curve = [{ share: 0, quality: quality / total }]
  let i = 0
  for (const end of ends) {
    for (; i < end; i++) {
      const query = order[i]!
      const weight = weights?.[query] ?? 1
      calls += weight
      quality += weight * (strong[query]! - weak[query]!)
    }
    curve.push({ share: calls / total, quality: quality / total })
  }
  return curve
}

/**
 * APGR, CPT(50 %) and CPT(80 %) of the curve over all thresholds in one pass, as `apgr` and `cpt` have them of `shareCurve`: a bootstrap asks for
 * them thousands of times.
 */
export function pairFigures(
  { order, ends, weak, strong }: Ranking,
  weights: ArrayLike<number>,
): { apgr: number; cpt50: number; cpt80: number } {
  let [total, low, high] = [0, 0, 0]
  for (let i = 0; i < order.length; i++) {
    total += weights[i]!
    low += weights[i]! * weak[i]!
    high += weights[i]! * strong[i]!
  }
  if (!(high > low)) return { apgr: Number.NaN, cpt50: Number.NaN, cpt80: Number.NaN }
  const [near, far] = [0.5, 0.8].map((recovered) => low + recovered * (high - low) - ROUNDING * total)
  let [calls, quality, area, i] = [0, low, 0, 0]
  let [cpt50, cpt80] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const end of ends) {
    const [callsBefore, qualityBefore] = [calls, quality]
    for (; i < end; i++) {
      const query = order[i]!
      calls += weights[query]!
      quality += weights[query]! * (strong[query]! - weak[query]!)
    }
    area += ((calls - callsBefore) * (quality + qualityBefore)) / 2
    const shareAt = (target: number) =>
      (callsBefore +
        ((calls - callsBefore) * (target + ROUNDING * total - qualityBefore)) / (quality - qualityBefore)) /
      total
    if (cpt50 === Number.POSITIVE_INFINITY && quality >= near!) cpt50 = shareAt(near!)
    if (cpt80 === Number.POSITIVE_INFINITY && quality >= far!) cpt80 = shareAt(far!)
  }
  return { apgr: (area / total - low) / (high - low), cpt50, cpt80 }
}

/** Performance gap recovered: `(quality − weak) / (strong − weak)`; `NaN` when the strong model is not better. */
export function pgr(quality: number, weak: number, strong: number): number {
  return strong > weak ? (quality - weak) / (strong - weak) : Number.NaN
}

/**
 * Average performance gap recovered: ∫ PGR over the strong share from 0 to 1. A random router has 0.5 in expectation. The ends of the
 * curve are the two constants. `steps`: by the trapezoid over that many equal steps of the share, as in the paper (10), in place of
 * the exact integral. The released code takes thresholds at the score's deciles, which is the same where no scores are equal.
 */
export function apgr(curve: readonly SharePoint[], options: { readonly steps?: number } = {}): number {
  const { steps } = options
  const points =
    steps === undefined
      ? curve
      : Array.from({ length: steps + 1 }, (_, k) => ({ share: k / steps, quality: qualityAtShare(curve, k / steps) }))
  const [weak, strong] = endsOf(points)
  let area = 0
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!]
    area += ((b.share - a.share) * (pgr(a.quality, weak, strong) + pgr(b.quality, weak, strong))) / 2
  }
  return points.length === 0 ? Number.NaN : area
}

/**
 * Call-performance threshold CPT(x): the smallest strong share whose PGR is at least `recovered` (0.5 for CPT(50 %)), by linear
 * interpolation; ∞ when it is never reached, `NaN` when the strong model is not better.
 */
export function cpt(curve: readonly SharePoint[], recovered: number): number {
  const [weak, strong] = endsOf(curve)
  if (!(strong > weak)) return Number.NaN
  const target = weak + recovered * (strong - weak)
  for (const [i, b] of curve.entries()) {
    if (b.quality < target - ROUNDING) continue
    const a = curve[i - 1]
    if (a === undefined) return b.share
    return a.share + ((b.share - a.share) * (target - a.quality)) / (b.quality - a.quality)
  }
  return Number.POSITIVE_INFINITY
}

function endsOf(curve: readonly SharePoint[]): [number, number] {
  return [curve[0]?.quality ?? Number.NaN, curve.at(-1)?.quality ?? Number.NaN]
}

function qualityAtShare(curve: readonly SharePoint[], share: number): number {
  for (const [i, b] of curve.entries()) {
    if (b.share < share) continue
    const a = curve[i - 1]
    return a === undefined ? b.quality : a.quality + ((b.quality - a.quality) * (share - a.share)) / (b.share - a.share)
  }
  return curve.at(-1)?.quality ?? Number.NaN
}
