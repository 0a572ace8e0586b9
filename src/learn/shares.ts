/** A cap on what any one key contributes to what is learned: weights of lessons, as a function of whose lessons came before, in their order. */

export interface SharesOptions {
  /** The most that a key may contribute, in (0, 1]. Of n keys each may at least contribute 1 / n. */
  readonly keyShare: number
  /** What a lesson still counts after the next one, in (0, 1]. */
  readonly forgetting: number
}

/** What of each key's lessons is not forgotten, in the order in which the keys came. */
export type Tallies = readonly (readonly [key: string, weight: number])[]

export interface Shares {
  /** The weight of a key's next lesson, in [0, 1]. */
  weigh(key: string): number
  readonly tallies: Tallies
}

/** A key of whose lessons less than this is remembered does not count among several: one test with another key must not hold back the first for long. */
const FORGOTTEN = 0.5

/**
 * Once several keys contribute, the weight w of none exceeds its share s of all, but for the one lesson that a key may be ahead:
 *
 *     w ≤ s / (1 − s) · (weight of the others + 1).
 *
 * What a key has taught while it was alone counts as one lesson: it is not held against it when a second one joins.
 */
export function createShares({ keyShare, forgetting }: SharesOptions, saved: Tallies = []): Shares {
  const weights = new Map(saved)

  function forget(): void {
    for (const [key, weight] of weights) {
      if (weight * forgetting < FORGOTTEN) weights.delete(key)
      else weights.set(key, weight * forgetting)
    }
  }

  return {
    weigh(key) {
      forget()
      const own = weights.get(key) ?? 0
      weights.set(key, own)
      if (weights.size === 1) {
        weights.set(key, 1)
        return 1
      }
      const share = Math.max(keyShare, 1 / weights.size)
      const others = [...weights.values()].reduce((sum, weight) => sum + weight, -own)
      const room = share < 1 ? (share / (1 - share)) * (others + 1) - own : 1
      const weight = Math.min(1, Math.max(0, room))
      weights.set(key, own + weight)
      return weight
    },
    get tallies() {
      return [...weights]
    },
  }
}
