/**
 * Which of the providers that serve the same model is asked first: discounted UCB (Garivier & Moulines, arXiv 0805.3415), as payment
 * routing uses it (arXiv 2308.01028). What a provider is worth is whether it answers and how soon, never how good the answers are:
 * those are the same model's. One slot per configured upstream is kept, and only for models that have several.
 */
import type { Breakers, Permit } from './breaker.ts'

/** What a call still counts after the next one to the same model: some hundred calls are looked back on. */
const DISCOUNT = 0.99
/** What has not been asked for this long counts half, so that it is tried again also where few calls come. */
const HALF_LIFE_MS = 10 * 60_000
/**
 * Width of the confidence bound. The theory asks for ½ or more; every call that it sends to a broken provider costs a client a wait, and at this
 * width a provider that answers nothing gets about one call in a hundred.
 */
const WIDTH = 0.05
/** Calls that still count for less than this are forgotten: the provider is as good as never asked. */
const FORGOTTEN = 1e-6
/** At most so much of an answer's score is taken off for slowness: the slowest answer is worth more than none. */
const SLOWNESS = 0.5

interface Place {
  readonly provider: string
  readonly model: string
}

export interface Health {
  /** Best asked first. One that nobody has asked comes first; equals stay as they are. Upstreams of one candidate. */
  order<T extends Place>(upstreams: readonly T[]): readonly T[]
  /** The same breakers; what their permits are told is heard here too. */
  watch(breakers: Breakers): Breakers
}

/** Discounted sums over the calls to one upstream. */
interface Slot {
  /** Calls with a verdict. */
  judged: number
  answered: number
  /** Of the natural logarithm of milliseconds to the first output, of those answered. */
  logTtft: number
  /** Calls under way: they count as asked, so that not everybody tries the same one before its first verdict. */
  open: number
  agedAt: number
  /** The upstreams of the same model, this one included. */
  pool: readonly Slot[]
}

/** @param clock in milliseconds that never go back */
export function createHealth(clock: { monotonic(): number }): Health {
  const slots = new Map<string, Slot>()
  const keyOf = ({ provider, model }: Place) => JSON.stringify([provider, model])

  const slotOf = (place: Place): Slot => {
    const key = keyOf(place)
    const known = slots.get(key)
    if (known) return known
    const slot = { judged: 0, answered: 0, logTtft: 0, open: 0, agedAt: clock.monotonic(), pool: [] }
    slots.set(key, slot)
    return slot
  }

  const watched = (permit: Permit, slot: Slot): Permit => {
    const askedAt = clock.monotonic()
    let outputAt: number | null = null
    let over = false
    const end = (answered: boolean | null) => {
      if (over) return
      over = true
      slot.open--
      const now = clock.monotonic()
      for (const one of slot.pool) age(one, now, answered === null ? 1 : DISCOUNT)
      if (answered === null) return
      slot.judged++
      if (!answered || outputAt === null) return
      slot.answered++
      slot.logTtft += Math.log(Math.max(1, outputAt - askedAt))
    }
    slot.open++
    return {
      respond() {
        outputAt ??= clock.monotonic()
        permit.respond()
      },
      succeed() {
        // Without output it was the request that was refused, and that says nothing of the upstream.
        end(outputAt === null ? null : true)
        permit.succeed()
      },
      fail() {
        end(false)
        permit.fail()
      },
      release() {
        end(null)
        permit.release()
      },
    }
  }

  return {
    order(upstreams) {
      if (upstreams.length < 2) return upstreams
      const pool = upstreams.map(slotOf)
      const now = clock.monotonic()
      for (const slot of pool) {
        slot.pool = pool
        age(slot, now, 1)
      }
      const bounds = upperBounds(pool)
      return upstreams
        .map((upstream, i) => ({ upstream, bound: bounds[i]! }))
        .sort((a, b) => (a.bound === b.bound ? 0 : b.bound - a.bound))
        .map(({ upstream }) => upstream)
    },
    watch: (breakers) => ({
      ...breakers,
      of(provider, model, options) {
        const breaker = breakers.of(provider, model, options)
        const slot = slots.get(keyOf({ provider, model }))
        if (slot === undefined) return breaker
        return {
          ...breaker,
          admit() {
            const permit = breaker.admit()
            return permit && watched(permit, slot)
          },
        }
      },
    }),
  }
}

function age(slot: Slot, now: number, discount: number): void {
  const kept = discount * 2 ** ((slot.agedAt - now) / HALF_LIFE_MS)
  const left = slot.judged * kept < FORGOTTEN ? 0 : kept
  slot.judged *= left
  slot.answered *= left
  slot.logTtft *= left
  slot.agedAt = now
}

/** Mean score plus √(width · ln(1 + n) / nᵢ), n the discounted calls to the pool; infinite where nothing was asked. */
function upperBounds(pool: readonly Slot[]): number[] {
  const sum = (of: (slot: Slot) => number) => pool.reduce((total, slot) => total + of(slot), 0)
  const typical = sum(({ logTtft }) => logTtft) / sum(({ answered }) => answered)
  const asked = sum(({ judged, open }) => judged + open)
  return pool.map((slot) => {
    const own = slot.judged + slot.open
    return own === 0 ? Number.POSITIVE_INFINITY : score(slot, typical) + Math.sqrt((WIDTH * Math.log1p(asked)) / own)
  })
}

/**
 * In [0, 1]: the share of calls that were answered, less up to `SLOWNESS` for the time to the first output against the pool's, both as
 * geometric means: a half of that where they are the same. One without any verdict is taken for an upstream like the others.
 */
function score({ judged, answered, logTtft }: Slot, typical: number): number {
  if (judged === 0) return 1 - SLOWNESS / 2
  if (answered === 0) return 0
  const ratio = Math.exp(logTtft / answered - typical)
  return (answered / judged) * (1 - SLOWNESS * (ratio / (1 + ratio)))
}
