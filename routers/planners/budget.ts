/**
 * A spend per 1,000 queries, met in expectation. Maximising Σ quality under Σ cost ≤ budget leads, by its Lagrangian, to quality − λ · cost
 * for every query with one multiplier λ, the price of the budget. Mean spend falls in steps as λ rises; where the budget lies
 * inside a step, the plans on both sides of it are mixed,
 *
 *     share · spend(dear plan) + (1 − share) · spend(cheap plan) = budget,
 *
 * which is the vertex of the linear program over mixed plans (Prompt-to-Leaderboard, arXiv 2502.14855, mixes two models; the allocation over queries
 * is that of Learning How Hard to Think, arXiv 2410.04707, and OmniRouter, arXiv 2502.20576). Spend is counted in recorded costs, so that
 * lengths predicted too short do not pass into the budget. The promise is for traffic like the training queries.
 *
 * The request's λ plays no part: `auto:cheap` and `auto:best` get the plan that `auto` gets.
 */
import type { PlannerFamily, Prediction } from '../../src/spec.ts'
import { readNumber, readShare } from './params.ts'
import { countedCosts, draw, rank, round } from './rank.ts'

/** Width at which the two multipliers count as neighbours, relative to them. */
const NEIGHBOURS = 1e-9

type BudgetOptions = {
  /** Mean spend, in USD per 1,000 queries. */
  readonly usdPerThousand: number
}

export const budget: PlannerFamily<BudgetOptions> = {
  name: 'budget',
  version: 1,

  fit(predictions, { usdPerThousand }) {
    const target = usdPerThousand / 1000
    const priced = predictions.filter(({ spentUsd }) => !spentUsd.some(Number.isNaN))
    if (priced.length === 0) throw new RangeError('a budget needs training queries with the cost of every candidate')
    const meanSpend = (lambda: number) =>
      priced.reduce((sum, one) => sum + one.spentUsd[rank(one.candidates, one.priced, lambda)[0]!]!, 0) / priced.length

    if (meanSpend(0) <= target) return { usdPerThousand, dear: 0, cheap: 0, share: 1 }
    let [dear, cheap] = [0, steepest(priced)]
    if (meanSpend(cheap) > target) {
      throw new RangeError(
        `a budget of $${usdPerThousand} per 1,000 queries cannot be met: the cheapest candidates cost $${round(1000 * meanSpend(cheap))}; raise it`,
      )
    }
    while (cheap - dear > NEIGHBOURS * cheap) {
      const middle = (dear + cheap) / 2
      if (meanSpend(middle) > target) dear = middle
      else cheap = middle
    }
    const [most, least] = [meanSpend(dear), meanSpend(cheap)]
    return { usdPerThousand, dear, cheap, share: (target - least) / (most - least) }
  },

  load(params) {
    const usd = round(readNumber(params, 'usdPerThousand'))
    const [dear, cheap] = [readNumber(params, 'dear'), readNumber(params, 'cheap')]
    const share = readShare(params, 'share')
    return {
      name: 'budget',

      plan(_query, candidates, priced, _preference, random) {
        const [first, second] = [rank(candidates, priced, dear), rank(candidates, priced, cheap)]
        const [high, low] = [first[0]!, second[0]!]
        const drawn = draw(
          high === low
            ? [{ arm: high, propensity: 1 }]
            : [
                { arm: high, propensity: share },
                { arm: low, propensity: 1 - share },
              ],
          candidates.length,
          random,
        )
        const { arm, propensity } = drawn
        const how = propensity < 1 ? `drawn with ${round(propensity)} between two plans` : 'chosen'
        return {
          kind: 'single',
          ...drawn,
          alternates: (arm === high ? first : second).filter((other) => other !== arm),
          explored: false,
          reason: `${candidates[arm]!.id} is ${how} for a budget of $${usd} per 1,000 queries, at which one USD is worth ${round(cheap)} of quality whatever the request asks`,
        }
      },
    }
  },
}

/** A λ at which every query goes to its cheapest candidate: beyond all slopes between the cheapest and another. */
function steepest(predictions: readonly Prediction[]): number {
  let steepest = 1
  for (const { candidates, priced } of predictions) {
    const cost = countedCosts(priced.costUsd)
    const cheapest = rank(candidates, priced, Number.POSITIVE_INFINITY)[0]!
    for (const [m, quality] of priced.quality.entries()) {
      const more = cost[m]! - cost[cheapest]!
      if (more > 0) steepest = Math.max(steepest, (2 * (quality - priced.quality[cheapest]!)) / more)
    }
  }
  return steepest
}
