/**
 * The multiple-choice knapsack problem (Sinha and Zoltners 1979), solved exactly: one choice in every group, so that the sum of worth is as high as
 * can be while the sum of costs stays within a budget.
 *
 * Groups are added one by one (dynamic programming over the sums that are not dominated, Nemhauser and Ullmann 1969). For any multiplier λ ≥ 0,
 * worth so far + λ · (budget − cost so far) + Σ over the groups to come of max (worth − λ · cost) bounds what can still be reached, and a sum whose bound
 * lies below a solution at hand is dropped. λ is the one at which the greedy choices just fit: there the bound is tightest. The problem is NP-hard, so that
 * some instances take exponential time: many groups in which worth is proportional to cost, at one rate, by odd amounts.
 */

export interface Choice {
  readonly worth: number
  readonly cost: number
}

interface Sum extends Choice {
  /** Index of the choice in the last group added, and the sum that it was added to. */
  readonly choice: number
  readonly before: Sum | null
}

/** Of the budget and of the worth: sums that differ by less are equal but for rounding. */
const ROUNDING = 1e-9
/** Halvings of the interval of λ. */
const HALVINGS = 60

/** For each group the index of its choice; of equally worthy ones the cheapest. `null` where even the cheapest choices cost more than the budget. */
export function chooseWithin(groups: readonly (readonly Choice[])[], budget: number): readonly number[] | null {
  const limit = budget + ROUNDING * Math.abs(budget)
  const least = groups.map((choices) => Math.min(...choices.map(({ cost }) => cost)))
  if (sum(least) > limit) return null
  const free = greedy(groups, 0)
  if (free.cost <= limit) return free.choices

  let [dear, cheap] = [0, 1]
  while (greedy(groups, cheap).cost > limit) cheap *= 2
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (dear + cheap) / 2
    if (greedy(groups, middle).cost > limit) dear = middle
    else cheap = middle
  }
  const lambda = cheap
  const { worth: reached } = greedy(groups, lambda)
  const error = ROUNDING * sum(groups.map((choices) => Math.max(...choices.map(({ worth }) => Math.abs(worth)))))

  // What the groups from each on can add: the bound above, and the cost that is the least they need.
  const promise = remaining(
    groups.map((choices) => Math.max(...choices.map(({ worth, cost }) => worth - lambda * cost))),
  )
  const need = remaining(least)
  let sums: Sum[] = [{ worth: 0, cost: 0, choice: -1, before: null }]
  for (const [g, choices] of groups.entries()) {
    const grown = sums.flatMap((before) =>
      choices.map(({ worth, cost }, choice) => ({
        worth: before.worth + worth,
        cost: before.cost + cost,
        choice,
        before,
      })),
    )
    const open = grown.filter(({ worth, cost }) => {
      const bound = worth + lambda * (limit - cost) + promise[g + 1]!
      return cost + need[g + 1]! <= limit && bound >= reached - 2 * error
    })
    sums = undominated(open, error / groups.length)
  }
  const choices: number[] = []
  for (let at = sums.at(-1); at?.before; at = at.before) choices.push(at.choice)
  return choices.reverse()
}

/** The best choice of each group at worth − λ · cost, the cheapest of equals. */
function greedy(groups: readonly (readonly Choice[])[], lambda: number): Choice & { readonly choices: number[] } {
  const value = ({ worth, cost }: Choice) => worth - lambda * cost
  const choices = groups.map((list) =>
    list.reduce((best, choice, at) => {
      const gain = value(choice) - value(list[best]!)
      return gain > 0 || (gain === 0 && choice.cost < list[best]!.cost) ? at : best
    }, 0),
  )
  const chosen = choices.map((at, g) => groups[g]![at]!)
  return { choices, worth: sum(chosen.map(({ worth }) => worth)), cost: sum(chosen.map(({ cost }) => cost)) }
}

/** By rising cost, each worth more than all cheaper ones by at least `grain`. */
function undominated(sums: readonly Sum[], grain: number): Sum[] {
  let best = Number.NEGATIVE_INFINITY
  return sums
    .toSorted((a, b) => a.cost - b.cost || b.worth - a.worth)
    .filter(({ worth }) => {
      const isBetter = worth > best + grain
      if (isBetter) best = worth
      return isBetter
    })
}

/** Sums of the values from each index on; 0 after the last. */
function remaining(values: readonly number[]): number[] {
  const sums = [...values, 0]
  for (let at = values.length - 1; at >= 0; at--) sums[at] = values[at]! + sums[at + 1]!
  return sums
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
