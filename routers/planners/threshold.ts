/**
 * Two candidates, one threshold (RouteLLM, arXiv 2406.18665): the strong one gets a query where it is likely enough to win,
 *
 *     P(strong wins) = ½ (1 + quality(strong) − quality(weak)) ≥ threshold,
 *
 * which for answers that are right or wrong is its chance to be better, a tie counting half. As there, the threshold is calibrated on
 * predictions, so that a given share of the training queries goes to the strong one; of queries at the threshold itself as many as the
 * share still needs are drawn.
 *
 * The request's λ only orders the stand-ins: `auto:cheap` and `auto:best` get the plan that `auto` gets. Candidates beside the
 * two answer where neither is able to.
 */
import type { Candidate, PlannerFamily, Priced } from '../../src/spec.ts'
import { readShare, readText } from './params.ts'
import { type Chance, certain, draw, rank, round } from './rank.ts'

type ThresholdOptions = {
  readonly strong: string
  readonly weak: string
  /** Of the training queries, in [0, 1]. */
  readonly share: number
}

export const threshold: PlannerFamily<ThresholdOptions> = {
  name: 'threshold',
  version: 1,

  fit(predictions, { strong, weak, share }) {
    const wins = predictions
      .flatMap(({ candidates, priced }) => winProbability(candidates, priced, { strong, weak }) ?? [])
      .sort((a, b) => b - a)
    if (wins.length === 0) throw new RangeError(`no training query has outcomes of both ${strong} and ${weak}`)
    const wanted = share * wins.length
    const threshold = wins[Math.min(wins.length - 1, Math.floor(wanted))]!
    const above = wins.filter((win) => win > threshold).length
    const level = wins.filter((win) => win === threshold).length
    return { strong, weak, threshold, drawn: (wanted - above) / level }
  },

  load(params) {
    const [strong, weak] = [readText(params, 'strong'), readText(params, 'weak')]
    const [threshold, drawn] = [readShare(params, 'threshold'), readShare(params, 'drawn')]
    return {
      name: 'threshold',

      plan(_query, candidates, priced, { lambda }, random) {
        const order = rank(candidates, priced, lambda)
        const pair = [strong, weak].flatMap((id) => order.filter((m) => candidates[m]!.id === id))
        const win = winProbability(candidates, priced, { strong, weak })
        const { length } = candidates
        const drawn = win === null ? certain(pair[0] ?? order[0]!, length) : draw(chances(win, pair), length, random)
        const { arm } = drawn
        const preferred = [...pair, ...order.filter((m) => !pair.includes(m))]
        return {
          kind: 'single',
          ...drawn,
          alternates: preferred.filter((m) => m !== arm),
          explored: false,
          reason:
            win === null
              ? `${candidates[arm]!.id} is who is left, as ${strong} and ${weak} are not both able to answer`
              : `${candidates[arm]!.id}: ${strong} beats ${weak} with probability ${round(win)}, and gets queries from ${round(threshold)} on whatever λ the request asks`,
        }
      },
    }

    /** `pair` is the strong arm and the weak one. */
    function chances(win: number, [high, low]: readonly number[]): Chance[] {
      const share = win > threshold ? 1 : win === threshold ? drawn : 0
      return [
        { arm: high!, propensity: share },
        { arm: low!, propensity: 1 - share },
      ]
    }
  },
}

/** `null` where one of the two is not among the candidates. */
function winProbability(
  candidates: readonly Candidate[],
  { quality }: Priced,
  { strong, weak }: Pick<ThresholdOptions, 'strong' | 'weak'>,
): number | null {
  const [high, low] = [strong, weak].map((id) => candidates.findIndex((candidate) => candidate.id === id))
  return high === -1 || low === -1 ? null : (1 + quality[high!]! - quality[low!]!) / 2
}
