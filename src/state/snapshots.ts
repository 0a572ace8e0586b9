/** Snapshots in the SQLite storage of a Durable Object, in parts: it stores no row beyond 2 MB. */
import type { SqlStorage } from '@cloudflare/workers-types'
import type { Snapshot } from '../spec.ts'

export interface Snapshots {
  read(name: string): Snapshot | null
  write(snapshot: Snapshot): void
}

const PART_BYTES = 1_000_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS snapshots (name TEXT PRIMARY KEY, at INTEGER NOT NULL, seq INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS parts (name TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (name, part));
`

/** Every method is one synchronous turn, which the storage commits as a whole. */
export function openSnapshots(sql: SqlStorage): Snapshots {
  sql.exec(SCHEMA)
  return {
    read(name) {
      const find = 'SELECT at, seq FROM snapshots WHERE name = ?'
      const [head] = sql.exec<{ at: number; seq: number }>(find, name)
      if (!head) return null
      const parts = sql
        .exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM parts WHERE name = ? ORDER BY part', name)
        .toArray()
        .map((row) => new Uint8Array(row.bytes))
      const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
      for (const [i, part] of parts.entries()) bytes.set(part, i * PART_BYTES)
      return { name, ...head, bytes }
    },
    write({ name, at, seq, bytes }) {
      sql.exec('DELETE FROM parts WHERE name = ?', name)
      for (let part = 0; part * PART_BYTES < bytes.length; part++) {
        const piece = bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES)
        sql.exec('INSERT INTO parts (name, part, bytes) VALUES (?, ?, ?)', name, part, piece)
      }
      sql.exec('INSERT OR REPLACE INTO snapshots (name, at, seq) VALUES (?, ?, ?)', name, at, seq)
    },
  }
}
