/** What one key has used, in the SQLite storage of its Durable Object: neither eviction nor a restart forgets it. */
import type { SqlStorage } from '@cloudflare/workers-types'
import { type Bucket, takeOne } from '../admit/bucket.ts'
import { type Balance, judge, type Verdict } from '../admit/budget.ts'
import { DAY_MS, dayOf } from '../day.ts'

export interface Money {
  readonly expectedUsd: number
  readonly usdPerDay: number
}

/** `id` names the reservation, to be settled by it. */
export type Reserved = { readonly id: number } | { readonly refused: Exclude<Verdict, 'granted'> }

export interface Counts {
  /** Takes one request of the minute: 0, or the milliseconds to wait. */
  take(requestsPerMinute: number): number
  reserve(money: Money): Reserved
  /** Puts the cost in USD in the place of the reservation; a second time changes nothing. */
  settle(id: number, actualUsd: number): void
}

/**
 * The longest that a request is believed to be under way. A reservation older than that was lost with its isolate. The upstream
 * had most likely been asked by then, so it counts as spent at its expected cost: on the day it was made, and on no other, so
 * that what is lost never adds up. Should its request be alive after all, settling it still corrects the account.
 */
export const RESERVATION_MS = 3_600_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS bucket (id INTEGER PRIMARY KEY CHECK (id = 1), level REAL NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS spent (day INTEGER PRIMARY KEY, usd REAL NOT NULL);
  CREATE TABLE IF NOT EXISTS reservations (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, usd REAL NOT NULL);
`

/** Every method is one synchronous turn, which the storage commits as a whole. `now` in milliseconds since the epoch. */
export function openCounts(sql: SqlStorage, now: () => number): Counts {
  sql.exec(SCHEMA)

  /** A clock that is set back over midnight begins no day anew. */
  function today(): number {
    const [newest] = sql.exec<{ day: number }>('SELECT day FROM spent ORDER BY day DESC LIMIT 1')
    return Math.max(dayOf(now()), newest?.day ?? 0)
  }

  function balance(day: number): Balance {
    const lostBefore = now() - RESERVATION_MS
    sql.exec('DELETE FROM spent WHERE day < ?', day)
    sql.exec('DELETE FROM reservations WHERE at < ?', Math.min(lostBefore, day * DAY_MS))
    return sql
      .exec<{ spent: number; reserved: number }>(
        `SELECT coalesce((SELECT sum(usd) FROM spent WHERE day = ?1), 0) + coalesce(sum(usd) FILTER (WHERE at < ?2), 0) AS spent,
                coalesce(sum(usd) FILTER (WHERE at >= ?2), 0) AS reserved FROM reservations`,
        day,
        lostBefore,
      )
      .one()
  }

  return {
    take(requestsPerMinute) {
      const [kept = null] = sql.exec<Bucket & Record<string, number>>('SELECT level, at FROM bucket')
      const { bucket, waitMs } = takeOne(kept, { now: now(), requestsPerMinute })
      sql.exec('INSERT OR REPLACE INTO bucket (id, level, at) VALUES (1, ?, ?)', bucket.level, bucket.at)
      return waitMs
    },
    reserve(money) {
      const verdict = judge(balance(today()), money)
      if (verdict !== 'granted') return { refused: verdict }
      const insert = 'INSERT INTO reservations (at, usd) VALUES (?, ?) RETURNING id'
      return { id: sql.exec<{ id: number }>(insert, now(), money.expectedUsd).one().id }
    },
    settle(id, actualUsd) {
      if (sql.exec('DELETE FROM reservations WHERE id = ? RETURNING id', id).toArray().length === 0) return
      const add = 'INSERT INTO spent (day, usd) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET usd = usd + excluded.usd'
      sql.exec(add, today(), actualUsd)
    },
  }
}
