/** The log as requests write it: no text that may not be kept, whoever put it there, and no vector that is stored already. */
import { LRUCache } from 'lru-cache'
import type { EmbeddingRow, LogRow, Store } from '../spec.ts'
import { applyRetention, type Retention } from './privacy.ts'

export type Journal = Pick<Store, 'append' | 'decision' | 'decisions' | 'statistics'>

export interface JournalOptions {
  /** Asked at every append, since a reload may change it. */
  readonly retention: () => Retention
  /** How many texts are remembered whose vectors are durable. A forgotten one is sent again and changes nothing. */
  readonly maxKnownVectors: number
}

/**
 * A vector may be deleted once nothing that is kept refers to it, and that is kept for a day at least: what was sent this
 * long ago is sent again.
 */
const KNOWN_MS = 12 * 3_600_000

/** Writes and reads through to `store`. A vector counts as stored only when the append that had it has succeeded. */
export function createJournal(store: Store, { retention, maxKnownVectors }: JournalOptions): Journal {
  const stored = new LRUCache<string, true>({ max: maxKnownVectors, ttl: KNOWN_MS })
  const isNew = (entry: LogRow) => entry.table !== 'embeddings' || stored.get(nameOf(entry.row)) === undefined
  return {
    async append(rows, options) {
      const kept = rows.filter(isNew).map((entry) => applyRetention(entry, retention()))
      await store.append(kept, options)
      for (const entry of kept) if (entry.table === 'embeddings') stored.set(nameOf(entry.row), true)
    },
    decision: (id) => store.decision(id),
    decisions: (options) => store.decisions(options),
    statistics: (options) => store.statistics(options),
  }
}

function nameOf({ hash, encoder }: EmbeddingRow): string {
  return `${encoder} ${hash}`
}
