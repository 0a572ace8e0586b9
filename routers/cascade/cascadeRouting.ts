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
import { createQualities, type Highest } from './expectedMax.ts'

/** What is believed of every candidate's answer to one query, given the answers so far. */
export interface Belief {
  /** Expected quality. */
  readonly quality: ArrayLike<number>
  /** Of those not asked: by how much, as a standard deviation, their answer is expected to move that. */
  readonly qualityStd: ArrayLike<number>
  /** USD, of those not asked. One whose price is not known (`NaN`) is not asked. */
  readonly costUsd: ArrayLike<number>
}

/** Calls per query. */
export const MAX_STEPS = 3
/** A set is worth more calls only if it is expected to be better by this much, whatever λ is: rounding is not. */
const LEAST_GAIN = 1e-6

/**
 * Whom to ask next, as a function of λ; `null`: nobody, the best of the answers is good enough. With nobody asked so far there is always a next.
 * @param asked candidates by their index in the belief
 * @throws RangeError when nobody was asked and no cost is known
 */
export function cascadeRouting(
  { quality, qualityStd, costUsd }: Belief,
  asked: readonly number[],
  maxSteps: number = MAX_STEPS,
): (lambda: number) => number | null {
  const open = Array.from({ length: quality.length }, (_, m) => m)
    .filter((m) => !asked.includes(m) && !Number.isNaN(costUsd[m]!))
    .sort((a, b) => costUsd[a]! - costUsd[b]! || a - b)
  if (asked.length === 0 && open.length === 0) throw new RangeError('no candidate with a known price; add prices')
  if (asked.length >= maxSteps || open.length === 0) return () => null
  const floor = Math.max(...asked.map((m) => quality[m]!))
  const qualities = createQualities(
    open.map((m) => quality[m]!),
    open.map((m) => qualityStd[m]!),
    floor,
  )

  return (lambda) => {
    // An infinite λ asks for the cheapest, even where that is free.
    const prices = open.map((m) => (costUsd[m]! === 0 ? 0 : lambda * costUsd[m]!))
    let best = { worth: floor, first: null as number | null }
    extend({ set: qualities.nothing, spent: 0, first: null, from: 0, size: asked.length })
    return best.first

    function extend(at: {
      readonly set: Highest
      readonly spent: number
      readonly first: number | null
      readonly from: number
      readonly size: number
    }): void {
      for (let k = at.from; k < open.length; k++) {
        const value = qualities.valueWith(at.set, k)
        // The paper's lemma: gains fall as sets grow, so one that is not worth its cost here is not worth it in any larger set.
        if (at.size > 0 && value - at.set.value < prices[k]!) continue
        const first = at.first ?? open[k]!
        const spent = at.spent + prices[k]!
        if (best.first === null && asked.length === 0) best = { worth: value - spent, first }
        else if (value - spent > best.worth + LEAST_GAIN) best = { worth: value - spent, first }
        const size = at.size + 1
        if (size < maxSteps) extend({ set: qualities.with(at.set, k), spent, first, from: k + 1, size })
      }
    }
  }
}

/** Whose answer is returned: of those asked the one of highest believed quality, the later of equals. */
export function bestAnswer({ quality }: Pick<Belief, 'quality'>, asked: readonly number[]): number {
  return asked.reduce((best, m) => (quality[m]! >= quality[best]! ? m : best))
}
