/** Requests per minute as a token bucket: a minute's worth at once, then evenly. Pure: who keeps the bucket says where it lives. */

export interface Bucket {
  /** Requests that may pass at once. */
  readonly level: number
  /** When that was so, in milliseconds of any clock. */
  readonly at: number
}

/**
 * Takes one request from the bucket, `null` being a full one. `waitMs` is 0 where it was taken, else how long until the next
 * one may be. A clock that goes back fills nothing.
 */
export function takeOne(
  bucket: Bucket | null,
  { now, requestsPerMinute }: { readonly now: number; readonly requestsPerMinute: number },
): { readonly bucket: Bucket; readonly waitMs: number } {
  const perMs = requestsPerMinute / 60_000
  const before = bucket ?? { level: requestsPerMinute, at: now }
  const at = Math.max(now, before.at)
  const level = Math.min(requestsPerMinute, before.level + (at - before.at) * perMs)
  return level >= 1
    ? { bucket: { level: level - 1, at }, waitMs: 0 }
    : { bucket: { level, at }, waitMs: (1 - level) / perMs }
}
