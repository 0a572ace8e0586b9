/** A bound on requests in flight: beyond it a quick refusal is kinder than a slow answer to everybody. */
import { SwitchyardError } from '../errors.ts'

/** When a refused client may come back. */
const RETRY_AFTER_S = 1

export interface Gate {
  /** Lets one request in and returns its way out, to be called once it is over (more often does no harm). Throws `overloaded`. */
  enter(): () => void
  readonly inFlight: number
}

export function createGate(maxInFlight: number): Gate {
  let inFlight = 0
  return {
    enter() {
      if (inFlight >= maxInFlight)
        throw new SwitchyardError(
          'overloaded',
          `The gateway is serving its limit of ${maxInFlight} requests. Try again in ${RETRY_AFTER_S} s.`,
          { retryAfterS: RETRY_AFTER_S },
        )
      inFlight++
      let inside = true
      return () => {
        if (inside) inFlight--
        inside = false
      }
    },
    get inFlight() {
      return inFlight
    },
  }
}
