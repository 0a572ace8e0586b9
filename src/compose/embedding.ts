/** The encoder as requests meet it: cached, with a deadline, never failing. */
import type { Config } from '../config/config.ts'
import { cachedEncoder } from '../embed/cache.ts'
import { embedWithin } from '../embed/deadline.ts'
import type { Embedding } from '../flow/deps.ts'
import type { Encoder } from '../spec.ts'

/** What says more of itself: the embedded encoder on Node, which has several ways to compute. */
interface Reports {
  readonly provider: {
    readonly provider: string
    readonly device: string | null
    readonly skipped: readonly { readonly provider: string; readonly reason: string }[]
  }
}

export function createEmbedding(
  encoder: Encoder & Partial<Reports>,
  { timeoutMs, maxPending, cacheEntries }: Config['encoder'],
): Embedding {
  const cached = cachedEncoder(encoder, { maxEntries: Math.max(1, cacheEntries) })
  const { id, precision } = encoder.info
  return {
    encoder: id,
    peek: cached.peek,
    embed: embedWithin(cached, { timeoutMs, maxPending }),
    describe() {
      if (!encoder.provider) return { id, precision }
      const { provider, device, skipped } = encoder.provider
      return { id, precision, provider, device, skipped: skipped.map(withoutPaths) }
    },
  }
}

/** A library's error may quote where it lies; that is nobody's business who merely asks whether the gateway is well. */
function withoutPaths({ provider, reason }: { readonly provider: string; readonly reason: string }) {
  return { provider, reason: reason.replace(/(?:[A-Za-z]:)?(?:[\\/][^\s\\/:,]+)+[\\/]/g, '') }
}
