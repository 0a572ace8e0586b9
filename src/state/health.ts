/** Breakers of one isolate that learn from those of the others, never on a request's path. */
import { type Breakers, createBreakers } from '../call/breaker.ts'
import type { Opening } from './openings.ts'
import { within } from './within.ts'

/** The one object that all isolates ask, over RPC. */
export interface RemoteHealth {
  report(opening: Opening): Promise<void>
  openings(): Promise<Opening[]>
}

export interface HealthOptions {
  /** Asked anew for every call: a stub that failed once stays broken. */
  readonly health: () => RemoteHealth
  readonly clock: { monotonic(): number }
  /** Lets a promise go on after the request that began it. */
  readonly keepAlive: (work: Promise<unknown>) => void
  readonly onFailure: (error: unknown) => void
}

export interface SharedBreakers {
  readonly breakers: Breakers
  /** Leaves alone what others have found broken since. Never rejects: without the object each isolate learns for itself. */
  sync(): Promise<void>
}

const PATIENCE_MS = 5_000

export function createSharedBreakers({ health, clock, keepAlive, onFailure }: HealthOptions): SharedBreakers {
  const breakers = createBreakers(clock, (opening) => keepAlive(health().report(opening).catch(onFailure)))
  return {
    breakers,
    async sync() {
      try {
        for (const { provider, model, forMs } of await within(PATIENCE_MS, health().openings())) {
          breakers.hold(provider, model, forMs)
        }
      } catch (error) {
        onFailure(error)
      }
    },
  }
}
