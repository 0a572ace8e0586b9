/** Allowances of one process, in its memory. What was spent today is read from the log once, so that a restart forgets nothing. */

import { DAY_MS, dayOf } from '../day.ts'
import { type Allowances, overBudget, rateLimited } from './allowance.ts'
import { type Bucket, takeOne } from './bucket.ts'
import { judge } from './budget.ts'

export interface LedgerOptions {
  readonly clock: { now(): number; monotonic(): number }
  /** USD by principal of outcomes at or after `since`, milliseconds since the epoch. */
  readonly spent: (since: number) => Promise<ReadonlyMap<string, number>>
}

interface Account {
  day: number
  spent: number
  reserved: number
}

/**
 * Names must come from the configuration, so that there are only so many. What a killed process had under way is not in the
 * log's sums, because nobody knows its cost: a restart after a crash may forget that much.
 */
export function createLedger({ clock, spent }: LedgerOptions): Allowances {
  const buckets = new Map<string, Bucket>()
  const accounts = new Map<string, Account>()
  const opening = new Map<string, Promise<Account>>()

  /** On the first need only: also a budget that a reload brings begins with what its key has spent today. */
  async function open(name: string): Promise<Account> {
    const day = dayOf(clock.now())
    const account = { day, spent: (await spent(day * DAY_MS)).get(name) ?? 0, reserved: 0 }
    accounts.set(name, account)
    return account
  }

  function openOnce(name: string): Promise<Account> {
    const begun = opening.get(name) ?? open(name).finally(() => opening.delete(name))
    opening.set(name, begun)
    return begun
  }

  /** A clock that is set back over midnight begins no day anew. */
  function turn(account: Account): void {
    const today = dayOf(clock.now())
    if (today <= account.day) return
    account.day = today
    account.spent = 0
  }

  return {
    take(name, requestsPerMinute) {
      const { bucket, waitMs } = takeOne(buckets.get(name) ?? null, { now: clock.monotonic(), requestsPerMinute })
      buckets.set(name, bucket)
      if (waitMs > 0) throw rateLimited(name, requestsPerMinute, waitMs)
    },
    async reserve(name, money) {
      const account = accounts.get(name) ?? (await openOnce(name))
      turn(account)
      const verdict = judge(account, money)
      if (verdict !== 'granted') throw overBudget(verdict, { name, ...money, now: clock.now() })
      account.reserved += money.expectedUsd
      let open = true
      return {
        settle(actualUsd) {
          if (!open) return
          open = false
          turn(account)
          account.reserved -= money.expectedUsd
          account.spent += actualUsd
        },
      }
    },
  }
}
