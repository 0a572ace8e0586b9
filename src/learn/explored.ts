/** What exploring has cost today, by route. */
import { DAY_MS, dayOf } from '../day.ts'
import type { Store } from '../spec.ts'

export interface Explored {
  /** USD on this UTC day; infinite as long as that is not known. What is still under way is not in it. */
  usd(route: string): number
  add(route: string, usd: number): void
  /** Reads the log: what others have spent too. */
  refresh(): Promise<void>
}

/** @param now milliseconds since the epoch */
export function createExplored(store: Pick<Store, 'explored'>, now: () => number): Explored {
  let known: { readonly day: number; readonly usd: Map<string, number> } | null = null

  /** A clock that is set back over midnight begins no day anew. */
  function today(): Map<string, number> | null {
    if (known && dayOf(now()) > known.day) known = { day: dayOf(now()), usd: new Map() }
    return known?.usd ?? null
  }

  return {
    usd(route) {
      const spent = today()
      return spent ? (spent.get(route) ?? 0) : Number.POSITIVE_INFINITY
    },
    add(route, usd) {
      const spent = today()
      spent?.set(route, (spent.get(route) ?? 0) + usd)
    },
    async refresh() {
      const day = dayOf(now())
      known = { day, usd: new Map(await store.explored(day * DAY_MS)) }
    },
  }
}
