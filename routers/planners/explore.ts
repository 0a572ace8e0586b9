/**
 * What planners that explore share: who may be asked beside the best by what is predicted, and a draw among them.
 *
 * A candidate's shortfall is what it is predicted to lose against the best in quality − λ · cost. Quality alone is learned, and lies in [0, 1];
 * costs are prices times lengths. So a shortfall is taken as it is, however large λ makes it: a candidate that is too dear by more than
 * quality can make up for is hardly ever worth a look, and nothing needs to be scaled to [0, 1].
 */
import type { Candidate, Plan, Preference, Priced } from '../../src/spec.ts'
import { type Chance, countedCosts, draw, rank, round } from './rank.ts'

export interface Choice {
  readonly candidates: readonly Candidate[]
  readonly priced: Priced
  readonly preference: Preference
  readonly random: () => number
}

/**
 * `chancesOf` gets the shortfalls, each 0 or more, of those that may be asked in place of the best, and says how probably each is; the best gets the
 * rest. Nobody else may be asked where the preference forbids to explore, nor who falls short by more than its `maxLoss`.
 */
export function explore(
  { candidates, priced, preference, random }: Choice,
  chancesOf: (shortfalls: readonly number[]) => readonly number[],
): Plan {
  const { lambda, exploration } = preference
  const order = rank(candidates, priced, lambda)
  const best = order[0]!
  const { allowed, maxLoss = Number.POSITIVE_INFINITY } = exploration ?? { allowed: true }
  const shortfall = shortfalls(priced, best, lambda)
  const others = allowed ? order.slice(1).filter((m) => shortfall[m]! <= maxLoss) : []
  const chances = chancesOf(others.map((m) => shortfall[m]!))
  const rest = others.map((arm, i): Chance => ({ arm, propensity: chances[i]! }))
  const drawn = draw(
    [{ arm: best, propensity: 1 - rest.reduce((sum, { propensity }) => sum + propensity, 0) }, ...rest],
    candidates.length,
    random,
  )
  const { arm, propensity } = drawn
  const explored = arm !== best
  const [asked, first] = [candidates[arm]!.id, candidates[best]!.id]
  return {
    kind: 'single',
    ...drawn,
    alternates: order.filter((m) => m !== arm),
    explored,
    reason: explored
      ? `${asked} was drawn with ${round(propensity)} to learn of it, ${round(shortfall[arm]!)} short of ${first} in quality − λ · cost (λ = ${round(lambda)})`
      : `${asked} has the highest quality − λ · cost (λ = ${round(lambda)}) and was ${propensity < 1 ? `drawn with ${round(propensity)}` : 'certain'}`,
  }
}

/** By differences: an infinite λ asks for the cheapest, and leaves equals in cost to their quality. */
function shortfalls({ quality, costUsd }: Priced, best: number, lambda: number): Float64Array {
  const cost = countedCosts(costUsd)
  return quality.map((value, m) => {
    const dearer = cost[m]! - cost[best]!
    return Math.max(0, quality[best]! - value + (dearer === 0 ? 0 : lambda * dearer))
  })
}
