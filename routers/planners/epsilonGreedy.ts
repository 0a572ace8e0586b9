/**
 * The best by what is predicted, but for a share ε of the requests, which go to any of the K candidates with the same chance (Watkins 1989; Langford
 * and Zhang 2007 for contextual bandits): each has ε / K, the best 1 − ε beside. It explores what is hopeless as often as what is promising, and
 * never ends; its propensities never fall below ε / K, which is what evaluating other policies on the log needs.
 */
import type { PlannerFamily } from '../../src/spec.ts'
import { explore } from './explore.ts'
import { readShare } from './params.ts'

type EpsilonGreedyOptions = {
  /** In [0, 1]: share of the requests that is drawn at random. */
  readonly epsilon: number
}

export const epsilonGreedy: PlannerFamily<EpsilonGreedyOptions> = {
  name: 'epsilon-greedy',
  version: 1,
  explores: true,

  load(params) {
    const epsilon = readShare(params, 'epsilon')
    return {
      name: 'epsilon-greedy',
      plan: (_query, candidates, priced, preference, random) =>
        explore({ candidates, priced, preference, random }, (gaps) => gaps.map(() => epsilon / (gaps.length + 1))),
    }
  },
}
