/** What the configured candidates cost, for data that has no prices of its own. */
import type { Candidate } from '../spec.ts'
import type { Prices } from '../train/formats/columns.ts'

/** By candidate id; who has no known price is left out. */
export function pricesOf(candidates: readonly Candidate[]): Prices {
  return Object.fromEntries(
    candidates.flatMap(({ id, price }) => (price === null ? [] : [[id, [price.inputPerMTok, price.outputPerMTok]]])),
  )
}
