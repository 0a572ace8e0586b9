/**
 * Cascade routing (Dekoninck, Baader and Vechev, arXiv 2410.10347): routing and cascading in one rule. Before every step it looks at all sets
 * S of candidates that contain those asked so far, and takes the one of highest
 *
 *     τ(S) = E[max_{m ∈ S} quality_m] − λ · Σ_{m ∈ S} cost_m.
 *
 * If that is the set of those asked, the best of their answers is returned; else the cheapest of the others is asked, and everything is
 * believed anew in the light of its answer. What was spent is spent: it is in every τ alike, and left out.
 *
 * Two choices differ from the paper. λ is one number for all steps, what a USD is worth to the request, where the paper searches one per
 * step that meets a budget. And an answer that is there is worth what is believed of it now: asking others may change that belief, but
 * to stop is to change it no more.
 */
import { countedCosts } from '../planners/rank.ts'
import { createQualities, type Highest } from './expectedMax.ts'

/** What is believed of every candidate's answer to one query, given the answers so far. */
export interface Belief {
  /** Expected quality. */
  readonly quality: ArrayLike<number>
  /** Of those not asked: by how much, as a standard deviation, their answer is expected to move that. */
  readonly qualityStd: ArrayLike<number>
  /** USD, of those not asked; `NaN` where the price is not known. */
  readonly costUsd: Float64Array
}

/** Calls per query. */
export const MAX_STEPS = 3
/** A set is worth more calls only if it is expected to be better by this much, whatever λ is: rounding is not. */
const LEAST_GAIN = 1e-6

/**
 * Whom to ask next, as a function of λ; `null`: nobody, the best of the answers is good enough. With nobody asked so far there is always a next.
 * @param asked candidates by their index in the belief, of which there is at least one
 */
export function cascadeRouting(
  { quality, qualityStd, costUsd }: Belief,
  asked: readonly number[],
  maxSteps: number = MAX_STEPS,
): (lambda: number) => number | null {
  const cost = countedCosts(costUsd)
  const open = Array.from(cost, (_, m) => m)
    .filter((m) => !asked.includes(m))
    .sort((a, b) => cost[a]! - cost[b]! || a - b)
  const count = asked.length
  if (count >= maxSteps || open.length === 0) return () => null
  const floor = Math.max(...asked.map((m) => quality[m]!))
  const qualities = createQualities(
    open.map((m) => quality[m]!),
    open.map((m) => qualityStd[m]!),
    floor,
  )

  return (lambda) => {
    // An infinite λ asks for the cheapest, even where that is free.
    const prices = open.map((m) => (cost[m]! === 0 ? 0 : lambda * cost[m]!))
    let best = { worth: floor, first: null as number | null }
    // By rising size: of sets of equal worth the smallest is taken.
    let sets: readonly Extended[] = [{ set: qualities.nothing, spent: 0, first: null, from: 0 }]
    for (let size = count; size < maxSteps; size++) {
      const larger: Extended[] = []
      for (const at of sets) {
        for (let k = at.from; k < open.length; k++) {
          const value = qualities.valueWith(at.set, k)
          // The paper's lemma: gains fall as sets grow, so one that is not worth its cost here is not worth it in any larger set.
          if (size > 0 && value - at.set.value < prices[k]!) continue
          const first = at.first ?? open[k]!
          const spent = at.spent + prices[k]!
          const must = best.first === null && count === 0
          if (must || value - spent > best.worth + LEAST_GAIN) best = { worth: value - spent, first }
          if (size + 1 < maxSteps) larger.push({ set: qualities.with(at.set, k), spent, first, from: k + 1 })
        }
      }
      sets = larger
    }
    return best.first
  }
}

/** A set of those asked and others. */
interface Extended {
  readonly set: Highest
  /** λ times the cost of the others. */
  readonly spent: number
  /** The cheapest of the others. */
  readonly first: number | null
  /** Only those from here on, by rising cost, may join: every set comes up once. */
  readonly from: number
}

/** Whose answer is returned: of those asked the one of highest believed quality, the later of equals. */
export function bestAnswer({ quality }: Pick<Belief, 'quality'>, asked: readonly number[]): number {
  return asked.reduce((best, m) => (quality[m]! >= quality[best]! ? m : best))
}
