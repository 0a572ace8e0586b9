/** Which upstreams are to be left alone, in the SQLite storage of the one Durable Object that all isolates ask. */
import type { SqlStorage } from '@cloudflare/workers-types'

export interface Opening {
  readonly provider: string
  readonly model: string
  /** Milliseconds from now: clocks of different machines are never compared. */
  readonly forMs: number
}

export interface Openings {
  report(opening: Opening): void
  /** Those that are not over. */
  list(): Opening[]
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS openings (
    provider TEXT NOT NULL, model TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (provider, model)
  );
`

/** `now` in milliseconds since the epoch. */
export function openOpenings(sql: SqlStorage, now: () => number): Openings {
  sql.exec(SCHEMA)
  return {
    report({ provider, model, forMs }) {
      sql.exec('DELETE FROM openings WHERE until <= ?', now())
      sql.exec(
        `INSERT INTO openings (provider, model, until) VALUES (?, ?, ?)
         ON CONFLICT (provider, model) DO UPDATE SET until = max(until, excluded.until)`,
        provider,
        model,
        now() + forMs,
      )
    },
    list: () =>
      sql
        .exec<Opening & Record<string, string | number>>(
          'SELECT provider, model, until - ?1 AS forMs FROM openings WHERE until > ?1',
          now(),
        )
        .toArray(),
  }
}
