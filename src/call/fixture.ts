/** A provider for tests whose upstream is a function. */
import type { Provider, Transport } from '../spec.ts'

export function providerOf(
  transport: Transport,
  { maxAttempts = 3 }: { readonly maxAttempts?: number } = {},
): Provider {
  return {
    id: 'p',
    wire: 'openai',
    baseUrl: 'http://p',
    apiKey: null,
    headers: {},
    transport,
    timeouts: { connectTimeoutMs: 1e4, firstTokenTimeoutMs: 1e4, idleTimeoutMs: 1e4, totalTimeoutMs: 1e4 },
    retry: { maxAttempts, baseDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1 },
    breaker: { failures: 100, cooldownMs: 1000 },
  }
}
