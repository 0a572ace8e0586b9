/**
 * The bar for cascades that compare answers: two fixed candidates that agree, else a third, or one candidate alone, the same for every query. One
 * setting for each such plan, so that whoever chooses a setting on the training points chooses pair and third there too.
 */
import { agree } from '../../../routers/cascade/checks.ts'
import { readSignals } from '../../../routers/cascade/signals.ts'
import { bestOf, type Decided } from '../decided.ts'
import { pointsOf, sweepOf } from '../metrics/sweep.ts'
import type { OutcomeSet } from '../outcomes.ts'
import { toMatrix } from '../rows.ts'
import type { Part } from '../splits.node.ts'
import { type Sequential, simulate } from './simulate.ts'

export const AGREEING = 'two that agree, else a third'

/** Where two agree it is the answer of the one with the higher mean quality on the training rows. All rows have all texts. */
export function decideAgreeing(set: OutcomeSet, part: Part): Decided {
  const count = set.candidates.length
  const everyone = Array.from({ length: count }, (_, m) => m)
  const training = toMatrix(set, part.train)
  const total = everyone.map((m) => training.qualities.reduce((sum, q, at) => sum + (at % count === m ? q : 0), 0))
  const orders = [
    ...everyone.map((m) => [m]),
    ...everyone.flatMap((a) =>
      everyone
        .filter((b) => total[b]! > total[a]! || (total[b] === total[a] && b > a))
        .flatMap((b) => everyone.filter((c) => c !== a && c !== b).map((c) => [a, b, c])),
    ),
  ]
  const play = (rows: readonly number[]) =>
    simulate(toMatrix(set, rows), orders.length, (query): Sequential => {
      const row = rows[query]!
      const read = everyone.map((m) => readSignals(set.queries[row]!.prompt, set.texts![row * count + m]!, 0))
      const same = everyone.map((a) => everyone.map((b) => agree(read[a]!, read[b]!)))
      return {
        next(asked, setting) {
          const order = orders[setting]!
          return asked.length === 2 && same[order[0]!]![order[1]!]! ? null : (order[asked.length] ?? null)
        },
        answer: (asked) => asked.at(-1)!,
      }
    })
  return {
    name: AGREEING,
    kind: 'baseline',
    trained: {
      points: pointsOf(sweepOf(play(part.train).map(({ outcomes }) => outcomes))),
      constant: bestOf(training),
    },
    settings: play(part.test).map((setting) => ({ kind: 'sequence', ...setting })),
    scores: null,
    believed: null,
    microseconds: [0],
    shrink: null,
  }
}
