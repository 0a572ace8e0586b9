/** What the log says when it cannot: never the database's own message, which may carry prompts and vectors. */
import { SwitchyardError } from '../errors.ts'

const HINTS: readonly (readonly [prefix: string, hint: string])[] = [
  ['SQLITE_FULL', 'the disk is full; free some space'],
  ['SQLITE_BUSY', 'another process holds its lock; end that process'],
  ['SQLITE_LOCKED', 'another process holds its lock; end that process'],
  ['SQLITE_CORRUPT', 'the file is damaged; restore a copy or move it away'],
  ['SQLITE_NOTADB', 'the file is not a database; restore a copy or move it away'],
  ['SQLITE_CANTOPEN', 'the file cannot be opened; check the folder and its permissions'],
  ['SQLITE_READONLY', 'the file cannot be written; check its permissions'],
  ['SQLITE_IOERR', 'the disk failed; check its space, quota and health'],
  ['SQLITE_CONSTRAINT', 'a row is incomplete or repeats one that is stored'],
  ['SQLITE_TOOBIG', 'a row is larger than the database takes'],
  ['NOT_MIGRATED', 'its tables are missing; run `wrangler d1 migrations apply` for this database'],
  ['D1_ERROR', 'D1 did not answer as it should; try again in a moment'],
  ['CLOSED', 'it is closed'],
  ['STOPPED', 'its thread has stopped; restart the gateway'],
]

/** `log_failed` for a code of SQLite or of ours; `doing` completes "The log could not …". */
export function logFailed(code: string, doing: string): SwitchyardError {
  const hint = HINTS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'the cause is not known'
  return new SwitchyardError('log_failed', `The log could not ${doing}: ${hint} (${code}).`)
}

/** `log_full`: the queue is bounded and the database is behind. */
export function logFull(rows: number, queued: number): SwitchyardError {
  return new SwitchyardError(
    'log_full',
    `The log refused ${rows} rows: ${queued} are waiting for the disk already. Try again in a moment.`,
    { retryAfterS: 1 },
  )
}

/** The code of anything thrown while writing; the only part of it that may leave. */
export function failureCode(thrown: unknown): string {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(error.code))
      return error.code
  }
  return thrown instanceof Error ? thrown.constructor.name : 'UNKNOWN'
}
