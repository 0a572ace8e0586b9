/** A bounded cache of vectors before an encoder. */
import { LRUCache } from 'lru-cache'
import type { Encoder } from '../spec.ts'

export interface CachedEncoder extends Encoder {
  /** The vector if it is here, at once: no promise, no turn of the event loop. */
  peek(text: string): Float32Array | undefined
}

export interface CacheOptions {
  /** Vectors kept, least recently used dropped first. */
  readonly maxEntries: number
  /** Texts and vectors together. Default: 64 MB. */
  readonly maxBytes?: number
}

/**
 * Keyed by the text itself: exact, and bounded because texts are cut to the window before they come here. Requests for a text that is
 * already under way share its promise; failures are not kept. Vectors are shared by all callers: do not write to them.
 */
export function cachedEncoder(encoder: Encoder, options: CacheOptions): CachedEncoder {
  const vectors = new LRUCache<string, Float32Array>({
    max: options.maxEntries,
    maxSize: options.maxBytes ?? 64_000_000,
    sizeCalculation: (vector, text) => vector.byteLength + text.length * 2 + 1,
  })
  const underWay = new Map<string, Promise<Float32Array>>()

  /** Asks for all `texts` in one call; every text gets a promise of its own. */
  function request(texts: readonly string[]): void {
    if (texts.length === 0) return
    const batch = encoder.embed(texts)
    for (const [index, text] of texts.entries()) {
      const one = batch.then((all) => {
        vectors.set(text, all[index]!)
        return all[index]!
      })
      underWay.set(text, one)
      const forget = () => underWay.delete(text)
      one.then(forget, forget)
    }
  }

  return {
    info: encoder.info,
    peek: (text) => vectors.get(text),
    async embed(texts) {
      const found = texts.map((text) => vectors.get(text))
      request([...new Set(texts)].filter((text) => !vectors.has(text) && !underWay.has(text)))
      return Promise.all(texts.map((text, index) => found[index] ?? underWay.get(text)!))
    },
    close: () => encoder.close(),
  }
}
