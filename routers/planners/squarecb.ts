/**
 * Inverse gap weighting (Abe and Long 1999; SquareCB, arXiv 2002.04926). Of K candidates, each that falls short of the best by a gap is drawn with
 *
 *     p = 1 / (K + γ · gap),
 *
 * the best with what is left. Whatever the truth, the expected regret of a round is then at most of the order of K / γ + γ · (mean squared error of the
 * predictions of whoever is drawn), so that γ goes with √(K / squared error): the more that is known, the less is explored. The error of a regression
 * falls with the number n of its lessons, so that γ = GAIN · √(K · (n + 1)), as FALCON does between its epochs (arXiv 2003.12699); n stops growing
 * where lessons are forgotten, and exploring goes on.
 *
 * Where nothing learns online there is nothing to explore for: without lessons and without a `gamma` of its own the best is certain.
 */
import type { PlannerFamily } from '../../src/spec.ts'
import { explore } from './explore.ts'
import { readNumber } from './params.ts'

/** Chosen on training queries (docs/learning.md). */
const GAIN = 40

type SquareCbOptions = {
  /** Fixed, in place of one that follows from what was learned. The higher, the less is explored. */
  readonly gamma?: number
}

export const squarecb: PlannerFamily<SquareCbOptions> = {
  name: 'squarecb',
  version: 1,
  explores: true,

  load(params) {
    const fixed = params.gamma === undefined ? null : readNumber(params, 'gamma')
    return {
      name: 'squarecb',

      plan(_query, candidates, priced, preference, random) {
        const { lessons } = priced
        return explore({ candidates, priced, preference, random }, (gaps) => {
          const count = gaps.length + 1
          if (fixed === null && lessons === undefined) return gaps.map(() => 0)
          const gamma = fixed ?? GAIN * Math.sqrt(count * (lessons! + 1))
          return gaps.map((gap) => 1 / (count + gamma * gap))
        })
      },
    }
  },
}
