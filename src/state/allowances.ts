/** Allowances of a Worker: every key that has a limit is counted by a Durable Object of its own, whatever the isolate. */
import { type Allowances, overBudget, rateLimited } from '../admit/allowance.ts'
import { SwitchyardError } from '../errors.ts'
import type { Money, Reserved } from './counts.ts'
import { within } from './within.ts'

/** The object of one key, over RPC. */
export interface RemoteCounts {
  take(requestsPerMinute: number): Promise<number>
  reserve(money: Money): Promise<Reserved>
  settle(id: number, actualUsd: number): Promise<void>
}

export interface RemoteOptions {
  /** Asked anew for every call: a stub that failed once stays broken. */
  readonly countsOf: (name: string) => RemoteCounts
  /** Lets a promise go on after the request that began it. */
  readonly keepAlive: (work: Promise<unknown>) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Told of what the objects failed to do. */
  readonly onFailure: (event: string, key: string, error: unknown) => void
}

/** An object far away answers within some 300 ms; a client should not wait much longer for one that does not. */
const PATIENCE_MS = 2_000

/**
 * One round trip for `take`, one for `reserve`, none that a client waits for in `settle`.
 *
 * When the object of a key cannot be reached, its rate limit lets requests pass: it protects from haste, and refusing everybody
 * would make a small failure a large one. Its budget refuses them (`budget_unreachable`): it protects money, and the bound of
 * `Allowances.reserve` is a promise.
 */
export function createRemoteAllowances({ countsOf, keepAlive, now, onFailure }: RemoteOptions): Allowances {
  const settle = (name: string, id: number, actualUsd: number) =>
    keepAlive(
      countsOf(name)
        .settle(id, actualUsd)
        .catch((error: unknown) => onFailure('budget_not_settled', name, error)),
    )

  return {
    async take(name, requestsPerMinute) {
      let waitMs = 0
      try {
        waitMs = await within(PATIENCE_MS, countsOf(name).take(requestsPerMinute))
      } catch (error) {
        onFailure('rate_limit_unreachable', name, error)
      }
      if (waitMs > 0) throw rateLimited(name, requestsPerMinute, waitMs)
    },
    async reserve(name, money) {
      const asked = countsOf(name).reserve(money)
      const reserved = await within(PATIENCE_MS, asked).catch((error: unknown) => {
        // An answer that comes after all holds money that nobody will spend.
        keepAlive(asked.then((late) => 'id' in late && settle(name, late.id, 0)).catch(() => {}))
        onFailure('budget_unreachable', name, error)
        throw new SwitchyardError(
          'budget_unreachable',
          `What key ${name} has left of its budget cannot be told at the moment. Try again in 1 s.`,
          { retryAfterS: 1, cause: error },
        )
      })
      if ('refused' in reserved) throw overBudget(reserved.refused, { name, ...money, now: now() })
      let open = true
      return {
        settle(actualUsd) {
          if (open) settle(name, reserved.id, actualUsd)
          open = false
        },
      }
    },
  }
}
