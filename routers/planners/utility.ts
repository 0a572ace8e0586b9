/** The plug-in rule: the candidate with the highest predicted quality − λ · cost (CARROT, arXiv 2502.03261; RouterBench, arXiv 2403.12031). */
import type { PlannerFamily } from '../../src/spec.ts'
import { certain, countedCosts, rank, round } from './rank.ts'

export const utility: PlannerFamily = {
  name: 'utility',
  version: 1,

  load: () => ({
    name: 'utility',

    plan(_query, candidates, priced, { lambda }) {
      const [arm, ...alternates] = rank(candidates, priced, lambda)
      const quality = round(priced.quality[arm!]!)
      const cost = Number.isNaN(priced.costUsd[arm!]!)
        ? 'price not known, counted as the highest of the pool'
        : `$${round(countedCosts(priced.costUsd)[arm!]!)}`
      return {
        kind: 'single',
        ...certain(arm!, candidates.length),
        alternates,
        explored: false,
        reason: `${candidates[arm!]!.id} has the highest quality − λ · cost (${quality}, ${cost}, λ = ${round(lambda)})`,
      }
    },
  }),
}
