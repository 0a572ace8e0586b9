/** An encoder must never hold up or fail a request: what it does not deliver in time, the request goes on without. */
import type { Encoder } from '../spec.ts'

/** A vector, or why there is none. */
export type Embedded =
  | { readonly vector: Float32Array; readonly reason: null }
  | { readonly vector: null; readonly reason: 'timeout' | 'saturated' | 'failed'; readonly error?: unknown }

export interface DeadlineOptions {
  readonly timeoutMs: number
  /** Texts under way at the encoder, those that nobody waits for any more included; beyond it none is sent. */
  readonly maxPending: number
}

/**
 * Returns a function that embeds one text and never rejects. A hung encoder costs `maxPending` requests `timeoutMs` each and
 * the rest nothing, until it answers again.
 */
export function embedWithin(encoder: Encoder, options: DeadlineOptions): (text: string) => Promise<Embedded> {
  let pending = 0
  return async (text) => {
    if (pending >= options.maxPending) return { vector: null, reason: 'saturated' }
    pending++
    const { promise: timeout, resolve } = Promise.withResolvers<Embedded>()
    const timer = setTimeout(() => resolve({ vector: null, reason: 'timeout' }), options.timeoutMs)
    const embedded = embedOne(encoder, text).finally(() => pending--)
    try {
      return await Promise.race([embedded, timeout])
    } finally {
      clearTimeout(timer)
    }
  }
}

async function embedOne(encoder: Encoder, text: string): Promise<Embedded> {
  try {
    const [vector] = await encoder.embed([text])
    if (vector !== undefined) return { vector, reason: null }
    return { vector: null, reason: 'failed', error: new Error('The encoder returned no vector.') }
  } catch (error) {
    return { vector: null, reason: 'failed', error }
  }
}
