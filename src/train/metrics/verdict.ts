/**
 * Which policies beat the best constant, by how much, and how sure that is when several are looked at.
 *
 * The best of many policies on the same test queries is partly lucky. The verdict corrects for it by the maximum statistic (Westfall and
 * Young 1993; single-step max-t as in Romano and Wolf 2005): in every bootstrap draw each policy's lead is centred at its
 * estimate and divided by its standard error, and the largest of them is what chance alone can produce among so many. All lower bounds
 * hold together with the given confidence, however the policies are correlated; policies that decide alike cost nothing,
 * as they would with Bonferroni.
 */
import { type Resampled, type ResampleOptions, resample } from './bootstrap.ts'
import type { CostQuality } from './points.ts'
import { pointsOf, type Sweep } from './sweep.ts'

export interface Verdict {
  /** Higher is better. */
  readonly lead: number
  /** One-sided lower bound of the lead; those of all policies hold together. */
  readonly low: number
  /** 1 − the p-value of "no better than the constant", corrected for the number of policies. */
  readonly confidence: number
  /** Whether `low` is above 0. */
  readonly beats: boolean
}

/**
 * Verdicts from resampled leads over the same constant on the same draws. A lead that is not finite, in the data or in any draw, bounds nothing.
 * @param confidence joint confidence of the lower bounds, such as 0.95
 */
export function judge(leads: readonly Resampled[], confidence = 0.95): Verdict[] {
  const draws = leads[0]?.draws.length ?? 0
  const errors = leads.map(standardError)
  const largest = new Float64Array(draws).fill(Number.NEGATIVE_INFINITY)
  for (const [k, lead] of leads.entries()) {
    const error = errors[k]!
    if (!(error > 0 && error < Number.POSITIVE_INFINITY)) continue
    for (let b = 0; b < draws; b++) largest[b] = Math.max(largest[b]!, (lead.draws[b]! - lead.value) / error)
  }
  const sorted = largest.slice().sort()
  const critical = sorted[Math.ceil(confidence * (draws + 1)) - 1] ?? Number.POSITIVE_INFINITY
  return leads.map(({ value }, k) => {
    const error = errors[k]!
    if (!Number.isFinite(error)) return { lead: value, low: Number.NEGATIVE_INFINITY, confidence: 0, beats: false }
    // A lead that never varies is what it is: 0 for a policy that decides like the constant.
    if (error === 0)
      return { lead: value, low: value, confidence: value > 0 ? draws / (draws + 1) : 0, beats: value > 0 }
    const low = value - critical * error
    const reached = largest.reduce((count, most) => (most >= value / error ? count + 1 : count), 0)
    return { lead: value, low, confidence: 1 - (1 + reached) / (draws + 1), beats: low > 0 }
  })
}

export interface Contender {
  readonly name: string
  /** One per seed; a policy without randomness has one, which stands for all seeds. */
  readonly runs: readonly Sweep[]
}

export interface AgainstOptions extends ResampleOptions {
  /** The constant, chosen on the training rows (`bestConstant`): one setting, or one per λ. Never choose it on the rows judged here. */
  readonly constant: Sweep
  /** Higher is better. `constant` are the constant's points under the same draw, for budgets that are shares of its cost. */
  readonly metric: (points: readonly CostQuality[], constant: readonly CostQuality[]) => number
  /** Default 0.95. */
  readonly confidence?: number
}

/** Every contender's verdict against the constant by one metric, by a paired bootstrap over queries and seeds. */
export function againstConstant(
  contenders: readonly Contender[],
  options: AgainstOptions,
): (Verdict & { readonly name: string })[] {
  const { constant, metric, confidence } = options
  const seeds = Math.max(1, ...contenders.map(({ runs }) => runs.length))
  const leads = resample(
    constant.queries,
    (weights, seed) => {
      const bar = pointsOf(constant, weights)
      const reference = metric(bar, bar)
      return contenders.map(({ runs }) => metric(pointsOf(runs[seed] ?? runs[0]!, weights), bar) - reference)
    },
    { ...options, seeds },
  )
  return judge(leads, confidence).map((verdict, k) => ({ name: contenders[k]!.name, ...verdict }))
}

/** Standard deviation of the draws; `NaN` where one of them, or the value, is not finite. */
function standardError({ value, draws }: Resampled): number {
  const centre = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
  const squares = draws.reduce((sum, draw) => sum + (draw - centre) ** 2, 0)
  return Number.isFinite(value) ? Math.sqrt(squares / (draws.length - 1)) : Number.NaN
}
