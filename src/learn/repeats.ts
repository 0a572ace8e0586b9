/** Who asks the same again soon after was probably not content. Remembered in memory alone, bounded: what is missed is a signal less. */
import { LRUCache } from 'lru-cache'
import type { Decision } from '../spec.ts'

export interface Repeats {
  /** The routed decision that `decision` repeats, if there was one. */
  of(decision: Decision): string | null
}

const SOON_MS = 300_000
const MAX_REMEMBERED = 10_000

/** The same key, the same text to be embedded, and as much text in all: the next step of a tool loop has more. */
export function createRepeats(): Repeats {
  const asked = new LRUCache<string, { readonly id: string; readonly at: number }>({ max: MAX_REMEMBERED })
  return {
    of({ id, at, tenant, route, query: { hash, chars } }) {
      const key = JSON.stringify([tenant, hash, chars])
      const before = asked.get(key)
      if (route === null) asked.delete(key)
      else asked.set(key, { id, at })
      return before && at - before.at <= SOON_MS ? before.id : null
    },
  }
}
