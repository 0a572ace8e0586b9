import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryDelayMs, sleep } from './retry.ts'

const options = { maxAttempts: 3, baseDelayMs: 100, maxDelayMs: 1000, maxRetryAfterMs: 5000 }

test('full jitter: uniform from nothing to the bound, which doubles up to its limit', () => {
  const at = (random: number, tries: number) => retryDelayMs(tries, null, { ...options, random: () => random })
  expect([at(0, 1), at(0, 9)]).toEqual([0, 0])
  expect([1, 2, 3, 4, 5, 60].map((tries) => at(0.5, tries))).toEqual([50, 100, 200, 400, 500, 500])
})

test('Retry-After is waited for, never less and hardly more, up to the limit', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (retryAfterMs, random) => {
      const delay = retryDelayMs(1, retryAfterMs, { ...options, random: () => random })
      const allowed = retryAfterMs <= options.maxRetryAfterMs
      expect(delay !== null).toBe(allowed)
      expect(delay ?? retryAfterMs).toBeGreaterThanOrEqual(retryAfterMs)
      expect(delay ?? retryAfterMs).toBeLessThanOrEqual(retryAfterMs + 100)
    }),
  )
})

test('sleep ends at once when the signal is aborted, before or during', async () => {
  const reason = new Error('gone')
  await expect(sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
  const controller = new AbortController()
  const sleeping = sleep(60_000, controller.signal)
  controller.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
  await expect(sleep(1, new AbortController().signal)).resolves.toBeUndefined()
})
