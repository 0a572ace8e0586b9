/** Requests per minute per principal, as a token bucket: a minute's worth at once, then evenly. */
import { SwitchyardError } from '../errors.ts'

export interface RateLimiter {
  /** Takes one request from the bucket of `name`, or throws `rate_limited` with the seconds to wait. */
  take(name: string, requestsPerMinute: number): void
}

/** Buckets live in this process; `name` must come from the configuration, so that there are only so many. */
export function createRateLimiter(clock: { monotonic(): number }): RateLimiter {
  const buckets = new Map<string, { level: number; at: number }>()
  return {
    take(name, requestsPerMinute) {
      const now = clock.monotonic()
      const perMs = requestsPerMinute / 60_000
      const bucket = buckets.get(name) ?? { level: requestsPerMinute, at: now }
      const level = Math.min(requestsPerMinute, bucket.level + (now - bucket.at) * perMs)
      buckets.set(name, { level: level >= 1 ? level - 1 : level, at: now })
      if (level >= 1) return
      const retryAfterS = Math.max(1, Math.ceil((1 - level) / perMs / 1000))
      throw new SwitchyardError(
        'rate_limited',
        `Key ${name} has used its ${requestsPerMinute} requests per minute. Try again in ${retryAfterS} s.`,
        { retryAfterS },
      )
    },
  }
}
