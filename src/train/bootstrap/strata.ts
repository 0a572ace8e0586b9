/** In which order prompts are asked, so that wherever the money ends, every kind of prompt has had its share. */
import { shuffle } from '../random.ts'

/**
 * All indexes of `strata`, in an order whose every beginning holds each stratum in proportion to its size, to within two prompts: systematic
 * sampling (Cochran 1977, chapter 8) with the strata spread evenly over the order. Within a stratum the order is random.
 * @param strata the stratum of each prompt
 */
export function stratifiedOrder(strata: readonly number[], random: () => number): number[] {
  const members = Map.groupBy(strata.keys(), (i) => strata[i]!)
  return [...members.values()]
    .flatMap((stratum) => {
      const offset = random()
      return shuffle(stratum, random).map((i, k) => ({ i, at: (k + offset) / stratum.length }))
    })
    .sort((a, b) => a.at - b.at)
    .map(({ i }) => i)
}

/** Strata of prompts that have no vector: `count` classes of equal size by a number such as the length. */
export function quantileStrata(values: readonly number[], count: number): number[] {
  const strata = new Array<number>(values.length)
  const ranked = [...values.keys()].sort((a, b) => values[a]! - values[b]! || a - b)
  for (const [rank, i] of ranked.entries()) strata[i] = Math.floor((rank * count) / values.length)
  return strata
}
