/** The encoder as requests meet it: cached, with a deadline, never failing. */
import type { Config } from '../config/config.ts'
import { cachedEncoder } from '../embed/cache.ts'
import { embedWithin } from '../embed/deadline.ts'
import type { Embedding } from '../flow/deps.ts'
import type { Encoder } from '../spec.ts'

export function createEmbedding(
  encoder: Encoder,
  { timeoutMs, maxPending, cacheEntries }: Config['encoder'],
): Embedding {
  const cached = cachedEncoder(encoder, { maxEntries: Math.max(1, cacheEntries) })
  return { encoder: encoder.info.id, peek: cached.peek, embed: embedWithin(cached, { timeoutMs, maxPending }) }
}
