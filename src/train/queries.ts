/** Recorded prompts as the gateway would see them: one user turn, cut to the encoder's window, with features and vector. */
import { makeQuery } from '../embed/query.ts'
import { windowText } from '../embed/window.ts'
import type { Ask, Encoder, Query } from '../spec.ts'
import { embedCached } from './vectors.node.ts'

export interface QueryOptions {
  /** `null`: features only. */
  readonly encoder: Encoder | null
  /** Where vectors are kept between runs. */
  readonly cacheDir: string
  readonly onProgress?: (done: number, total: number) => void
}

/** The queries of prompts, in their order. */
export async function toQueries(prompts: readonly string[], options: QueryOptions): Promise<Query[]> {
  const asks = prompts.map(toAsk)
  const texts = asks.map((ask) => windowText(ask.turns))
  const { encoder } = options
  const vectors = encoder === null ? null : await embedCached(texts, { ...options, encoder })
  return asks.map((ask, i) => makeQuery(ask, texts[i]!, vectors?.[i] ?? null))
}

/** The request that a client makes when it sends a prompt as its only message. */
export function toAsk(prompt: string): Ask {
  return {
    wire: 'openai',
    asked: 'auto',
    stream: false,
    turns: [{ role: 'user', text: prompt }],
    requires: new Set(),
    tools: 0,
    images: 0,
  }
}
