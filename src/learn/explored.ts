/** What exploring has cost today, by route. */
import { DAY_MS, dayOf } from '../day.ts'
import type { Store } from '../spec.ts'

export interface Explored {
  /** USD on this UTC day, with what explored requests under way here are expected to cost; infinite as long as that is not known. */
  usd(route: string): number
  /** Sets `expectedUsd` aside, `NaN` where it is not known, until `settle` puts what the request has cost in its place; the first call counts. */
  reserve(route: string, expectedUsd: number): { settle(actualUsd: number): void }
  /** Reads the log: what others have spent too. */
  refresh(): Promise<void>
}

/** @param now milliseconds since the epoch */
export function createExplored(store: Pick<Store, 'explored'>, now: () => number): Explored {
  let known: { readonly day: number; readonly usd: Map<string, number> } | null = null
  const reserved = new Map<string, number>()
  const add = (to: Map<string, number>, route: string, usd: number) => to.set(route, (to.get(route) ?? 0) + usd)

  /** A clock that is set back over midnight begins no day anew. */
  function today(): Map<string, number> | null {
    if (known && dayOf(now()) > known.day) known = { day: dayOf(now()), usd: new Map() }
    return known?.usd ?? null
  }

  return {
    usd(route) {
      const spent = today()
      return spent ? (spent.get(route) ?? 0) + (reserved.get(route) ?? 0) : Number.POSITIVE_INFINITY
    },
    reserve(route, expectedUsd) {
      const aside = Number.isNaN(expectedUsd) ? 0 : expectedUsd
      add(reserved, route, aside)
      let open = true
      return {
        settle(actualUsd) {
          if (!open) return
          open = false
          add(reserved, route, -aside)
          const spent = today()
          if (spent) add(spent, route, actualUsd)
        },
      }
    },
    async refresh() {
      const day = dayOf(now())
      known = { day, usd: new Map(await store.explored(day * DAY_MS)) }
    },
  }
}
