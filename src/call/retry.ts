/** How long to wait before the same candidate is asked again. */
import type { RetryOptions } from '../spec.ts'

/** Spread over the moment that a Retry-After names, so that waiting calls do not all come back at once. */
const RETRY_AFTER_SPREAD_MS = 100

/**
 * Milliseconds to wait before the next try, or `null` when the upstream asks for more patience than the configuration has.
 * Without a Retry-After: exponential backoff with full jitter, a uniform draw from [0, min(maxDelay, base · 2^(tries − 1))).
 */
export function retryDelayMs(
  tries: number,
  retryAfterMs: number | null,
  options: RetryOptions & { readonly random: () => number },
): number | null {
  if (retryAfterMs !== null) {
    if (retryAfterMs > options.maxRetryAfterMs) return null
    return retryAfterMs + options.random() * Math.min(options.baseDelayMs, RETRY_AFTER_SPREAD_MS)
  }
  return options.random() * Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** (tries - 1))
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
