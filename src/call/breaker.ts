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

export interface Breakers {
  /** The breaker of one model at one provider; made on first use. */
  of(provider: string, model: string, options: BreakerOptions): Breaker
}

/** Breakers for all upstreams of a process. `clock.monotonic` in milliseconds. */
export function createBreakers(clock: { monotonic(): number }): Breakers {
  const breakers = new Map<string, { breaker: Breaker; options: BreakerOptions }>()
  return {
    of(provider, model, options) {
      const key = JSON.stringify([provider, model])
      const known = breakers.get(key)
      // Options are compared by value: a reloaded configuration must not close a breaker that it did not change.
      if (known?.options.failures === options.failures && known.options.cooldownMs === options.cooldownMs)
        return known.breaker
      const breaker = createBreaker(options, clock)
      breakers.set(key, { breaker, options })
      return breaker
    },
  }
}

function createBreaker(options: BreakerOptions, clock: { monotonic(): number }): Breaker {
  let failures = 0
  /** When the next probe may start; `null` while closed. */
  let probeAt: number | null = null
  let probing = false
  /** Rises with every opening: a verdict on a call from before says nothing about the upstream now. */
  let epoch = 0

  const open = () => {
    probeAt = clock.monotonic() + options.cooldownMs
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
        if (failures >= options.failures) open()
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
  }
}
