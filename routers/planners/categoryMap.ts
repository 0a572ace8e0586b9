/**
 * One expert per category of queries, within a budget: the category map of Composition of Experts (arXiv 2412.01868),
 *
 *     max Σ_c score(c, expert(c))   subject to   Σ_c spend(c, expert(c)) ≤ budget,
 *
 * found exactly; the budget there is in parameters, here in USD per 1,000 queries. Categories are those that the estimator names (`domains`: the tasks); queries
 * of which it names none are one more, "general", and with an estimator that names none the map is the best constant within the budget. A score is the mean
 * predicted quality, the spend the recorded one, both over the category's training queries that the candidate was able to answer.
 *
 * The request's λ orders the stand-ins, and decides for categories that the training queries did not have.
 */
import type { PlannerFamily, Prediction, Priced } from '../../src/spec.ts'
import { type Choice, chooseWithin } from './knapsack.ts'
import { readNumber, readTexts } from './params.ts'
import { certain, rank, round } from './rank.ts'

type CategoryMapOptions = {
  /** Mean spend, in USD per 1,000 queries. */
  readonly usdPerThousand: number
}

const GENERAL = 'general'

export const categoryMap: PlannerFamily<CategoryMapOptions> = {
  name: 'category-map',
  version: 1,

  fit(predictions, { usdPerThousand }) {
    const priced = predictions.filter(({ spentUsd }) => !spentUsd.some(Number.isNaN))
    if (priced.length === 0) throw new RangeError('a budget needs training queries with the cost of every candidate')
    const groups = [...Map.groupBy(priced, (one) => categoryOf(one.priced))].map(([category, members]) => ({
      category,
      choices: choicesOf(members, members.length / priced.length),
    }))
    const chosen = chooseWithin(
      groups.map(({ choices }) => choices),
      usdPerThousand / 1000,
    )
    if (!chosen) {
      const least = groups.reduce((sum, { choices }) => sum + Math.min(...choices.map(({ cost }) => cost)), 0)
      throw new RangeError(
        `a budget of $${usdPerThousand} per 1,000 queries cannot be met: the cheapest experts cost $${round(1000 * least)}; raise it`,
      )
    }
    const experts = groups.map(({ category, choices }, g) => [category, choices[chosen[g]!]!.id])
    return { usdPerThousand, experts: Object.fromEntries(experts) }
  },

  load(params) {
    const usd = round(readNumber(params, 'usdPerThousand'))
    const experts = readTexts(params, 'experts')
    return {
      name: 'category-map',

      plan(_query, candidates, priced, { lambda }) {
        const order = rank(candidates, priced, lambda)
        const category = categoryOf(priced)
        const expert = experts.get(category)
        const mapped = candidates.findIndex(({ id }) => id === expert)
        const arm = mapped < 0 ? order[0]! : mapped
        const { id } = candidates[arm]!
        const reason =
          expert === undefined
            ? `${id} has the highest utility at the λ asked, as the map has no expert for ${category} queries`
            : mapped < 0
              ? `${id} stands in for ${expert}, the expert for ${category} queries, which is not able to answer`
              : `${id} is the expert for ${category} queries within a budget of $${usd} per 1,000 queries, whatever λ the request asks`
        return {
          kind: 'single',
          ...certain(arm, candidates.length),
          alternates: order.filter((other) => other !== arm),
          explored: false,
          reason,
        }
      },
    }
  },
}

function categoryOf({ category }: Priced): string {
  return category ?? GENERAL
}

/** What each candidate makes of a category's queries, per training query: they are `share` of all. */
function choicesOf(members: readonly Prediction[], share: number): (Choice & { readonly id: string })[] {
  const cells = members.flatMap(({ candidates, priced, spentUsd }) =>
    candidates.map(({ id }, m) => ({ id, quality: priced.quality[m]!, usd: spentUsd[m]! })),
  )
  return [...Map.groupBy(cells, ({ id }) => id)].map(([id, own]) => ({
    id,
    worth: (share * own.reduce((sum, { quality }) => sum + quality, 0)) / own.length,
    cost: (share * own.reduce((sum, { usd }) => sum + usd, 0)) / own.length,
  }))
}
