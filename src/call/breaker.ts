/**
 * One circuit breaker per upstream. Failures in a row open it; after the cooldown one probe is let through at a time.
 * The verdict on a stream comes long after its start, and the clock is injected: that is why this is not a wrapper
 * around a function, as breaker libraries have it.
 */
import type { BreakerOptions } from '../spec.ts'

/** The right to make one upstream call. Exactly one of `succeed`, `fail`, `release` ends it; a second verdict is ignored. */
export interface Permit {
  /** The first output has arrived: a probe closes the breaker, but one more failure opens it again. */
  respond(): void
  succeed(): void
  fail(): void
  /** No verdict: the client left. */
  release(): void
}

export interface Breaker {
  /** `null` while the breaker is open, or while its probe is under way. */
  admit(): Permit | null
  /** Milliseconds until the next probe may be let through; 0 when one may be now. */
  waitMs(): number
}

interface Held extends Breaker {
  hold(until: number): void
}

export interface Breakers {
  /** The breaker of one model at one provider; made on first use. */
  of(provider: string, model: string, options: BreakerOptions): Breaker
  /** Opens a breaker for `forMs` because others have found the upstream broken; one that is open longer stays so. */
  hold(provider: string, model: string, forMs: number): void
}

/**
 * Breakers for all upstreams of a process. `clock.monotonic` in milliseconds.
 *
 * @param onOpen told whenever calls of this process have opened one, and for how long
 */
export function createBreakers(
  clock: { monotonic(): number },
  onOpen: (opening: { provider: string; model: string; forMs: number }) => void = () => {},
): Breakers {
  const breakers = new Map<string, { breaker: Held; options: BreakerOptions }>()
  /** Of upstreams that were not asked here yet. */
  const holds = new Map<string, number>()
  return {
    of(provider, model, options) {
      const key = JSON.stringify([provider, model])
      const known = breakers.get(key)
      // Options are compared by value: a reloaded configuration must not close a breaker that it did not change.
      if (known?.options.failures === options.failures && known.options.cooldownMs === options.cooldownMs)
        return known.breaker
      const breaker = createBreaker(options, clock, () => onOpen({ provider, model, forMs: options.cooldownMs }))
      const until = holds.get(key)
      if (until !== undefined && until > clock.monotonic()) breaker.hold(until)
      holds.delete(key)
      breakers.set(key, { breaker, options })
      return breaker
    },
    hold(provider, model, forMs) {
      const key = JSON.stringify([provider, model])
      const until = clock.monotonic() + forMs
      const known = breakers.get(key)
      if (known) known.breaker.hold(until)
      else holds.set(key, until)
    },
  }
}

function createBreaker(options: BreakerOptions, clock: { monotonic(): number }, onOpen: () => void): Held {
  let failures = 0
  /** When the next probe may start; `null` while closed. */
  let probeAt: number | null = null
  let probing = false
  /** Rises with every opening: a verdict on a call from before says nothing about the upstream now. */
  let epoch = 0

  const openUntil = (until: number) => {
    probeAt = until
    failures = options.failures
    epoch++
  }

  const grant = (probe: boolean): Permit => {
    const born = epoch
    let over = false
    /** True once, and only for calls of the present epoch. */
    const end = () => {
      if (over) return false
      over = true
      if (probe) probing = false
      return born === epoch
    }
    return {
      respond() {
        if (!probe || over || born !== epoch || probeAt === null) return
        probeAt = null
        failures = options.failures - 1
      },
      succeed() {
        if (!end()) return
        failures = 0
        probeAt = null
      },
      fail() {
        if (!end()) return
        failures++
        if (failures < options.failures) return
        openUntil(clock.monotonic() + options.cooldownMs)
        onOpen()
      },
      release() {
        end()
      },
    }
  }

  return {
    admit() {
      if (probeAt === null) return grant(false)
      if (probing || clock.monotonic() < probeAt) return null
      probing = true
      return grant(true)
    },
    waitMs: () => (probeAt === null ? 0 : Math.max(0, probeAt - clock.monotonic())),
    hold(until) {
      if (probeAt === null || until > probeAt) openUntil(until)
    },
  }
}
