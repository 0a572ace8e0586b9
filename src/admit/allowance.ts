/**
 * What a key may still do: requests of the minute and USD of the UTC day. The flow knows this one interface; where the
 * counts live is the root's affair. Keys without a limit are never asked about.
 */

import { DAY_MS } from '../day.ts'
import { SwitchyardError } from '../errors.ts'
import type { Verdict } from './budget.ts'

export interface Allowances {
  /** Takes one request of the minute. Throws `rate_limited` with the seconds to wait. `name` is the principal's. */
  take(name: string, requestsPerMinute: number): void | Promise<void>
  /**
   * Sets `expectedUsd` aside until the request's cost is known. Throws `budget_exceeded` where the day's budget cannot hold it,
   * `rate_limited` where it only cannot hold it beside the requests under way, and `budget_unreachable` or `log_failed` where
   * nobody can tell: money is not spent on a guess.
   *
   * The bound. A request is let through only while the costs of the day's ended requests, the expected costs of all under way
   * and its own are together at most `usdPerDay`. So at any time, however many come at once and to however many isolates,
   *
   *     spent ≤ usdPerDay + Σ max(0, actual − expected) over the requests under way when the last one was let through,
   *
   * which is nothing where no answer costs more than was expected. A cost counts on the UTC day on which its request ends.
   */
  reserve(name: string, money: { readonly expectedUsd: number; readonly usdPerDay: number }): Promise<Reservation>
}

export interface Reservation {
  /** Puts what the request cost, in USD, in the place of what was expected; the first call counts. Never throws, never waits. */
  settle(actualUsd: number): void
}

/** How long a client should leave requests under way to end. */
const BUSY_S = 1

export function rateLimited(name: string, requestsPerMinute: number, waitMs: number): SwitchyardError {
  const retryAfterS = Math.max(1, Math.ceil(waitMs / 1000))
  return new SwitchyardError(
    'rate_limited',
    `Key ${name} has used its ${requestsPerMinute} requests per minute. Try again in ${retryAfterS} s.`,
    { retryAfterS },
  )
}

/** @param now milliseconds since the epoch */
export function overBudget(
  verdict: Exclude<Verdict, 'granted'>,
  { name, expectedUsd, usdPerDay, now }: { name: string; expectedUsd: number; usdPerDay: number; now: number },
): SwitchyardError {
  const request = `this request is expected to cost ${Number(expectedUsd.toPrecision(3))} USD`
  if (verdict === 'busy') {
    return new SwitchyardError(
      'rate_limited',
      `Requests under way have reserved what is left of the ${usdPerDay} USD a day of key ${name}; ${request}. Try again in ${BUSY_S} s.`,
      { retryAfterS: BUSY_S },
    )
  }
  const retryAfterS = Math.ceil((DAY_MS - (now % DAY_MS)) / 1000)
  return new SwitchyardError(
    'budget_exceeded',
    `What is left of the ${usdPerDay} USD a day of key ${name} is not enough: ${request}. Its next day begins at 00:00 UTC, in ${retryAfterS} s.`,
    { retryAfterS },
  )
}
