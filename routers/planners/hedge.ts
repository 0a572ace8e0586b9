/**
 * The smallest set of candidates whose chance of holding the best passes p, and of it the cheapest (dynamic top-p choice of experts: Harder
 * Tasks Need More Experts, arXiv 2403.07652; there the set answers together, here one of it answers). Where one candidate is clearly best it
 * is asked; where many may be, the doubt is not paid for.
 *
 * The chance follows from the predictions, taken as independent and normal, N(quality, qualityStd²):
 *
 *     P(m is best) = ∫ φ(z) Π_{j ≠ m} Φ((quality_m + qualityStd_m z − quality_j) / qualityStd_j) dz.
 *
 * Errors of real candidates go together (a query that is harder than it looks is harder for all), so the differences are surer than
 * independence says and the set is rather too large than too small.
 *
 * The request's λ only orders the stand-ins: `auto:cheap` and `auto:best` get the plan that `auto` gets.
 */
import type { PlannerFamily } from '../../src/spec.ts'
import { normalCdf } from '../normal.ts'
import { readShare } from './params.ts'
import { certain, countedCosts, rank, round } from './rank.ts'

/** The integral is a sum over z in steps of 0.3 from −5.1 to 5.1: exact to 1e-5 where no deviation is four times another. */
const STEP = 0.3
const REACH = 17
/** A deviation of 0 would make the integrand a step. */
const LEAST_STD = 1e-6

type HedgeOptions = {
  /** In [0, 1]: 0 asks for the one that is most probably best, 1 for the cheapest of all that may be. */
  readonly chance: number
}

export const hedge: PlannerFamily<HedgeOptions> = {
  name: 'hedge',
  version: 1,

  load(params) {
    const chance = readShare(params, 'chance')
    return {
      name: 'hedge',

      plan(_query, candidates, priced, { lambda }) {
        const order = rank(candidates, priced, 0)
        const best = bestChances(
          order.map((m) => priced.quality[m]!),
          order.map((m) => priced.qualityStd[m]!),
        )
        const likely = order.map((m, i) => ({ m, best: best[i]! })).sort((a, b) => b.best - a.best)
        let held = 0
        let size = 0
        while (size < likely.length && (size === 0 || held < chance)) held += likely[size++]!.best
        const set = likely.slice(0, size).map(({ m }) => m)
        const cost = countedCosts(priced.costUsd)
        const arm = order.filter((m) => set.includes(m)).reduce((a, b) => (cost[b]! < cost[a]! ? b : a))
        return {
          kind: 'single',
          ...certain(arm, candidates.length),
          alternates: rank(candidates, priced, lambda).filter((m) => m !== arm),
          explored: false,
          reason: `${candidates[arm]!.id} is the cheapest of ${size} that hold the best with probability ${round(Math.min(1, held))}, whatever λ the request asks`,
        }
      },
    }
  },
}

/** The probability of each of being the highest; they sum to 1. */
export function bestChances(means: readonly number[], stds: readonly number[]): number[] {
  const widths = stds.map((std) => Math.max(std, LEAST_STD))
  const raw = means.map((mean, m) => {
    let sum = 0
    for (let step = -REACH; step <= REACH; step++) {
      const z = step * STEP
      const value = mean + widths[m]! * z
      let product = Math.exp((-z * z) / 2)
      for (let j = 0; j < means.length && product > 0; j++) {
        if (j !== m) product *= normalCdf((value - means[j]!) / widths[j]!)
      }
      sum += product
    }
    return sum
  })
  const total = raw.reduce((sum, value) => sum + value, 0)
  return raw.map((value) => value / total)
}
