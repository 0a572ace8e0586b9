/** What of a request's text may reach the log: by default a salted hash and its length, nothing that can be read. */
import type { LogRow } from '../spec.ts'

/** SHA-256 of UTF-8 text as lower-case hex. */
export type Sha256 = (text: string) => string

export interface Retention {
  /** Store the embedded prompt text, the answer's text and the comments of feedback. */
  readonly text: boolean
}

/**
 * The name of a text in the log: equal texts of one installation get equal hashes; without its salt a known text cannot
 * be looked up in it. `salt` has a fixed length, so that no two pairs of salt and text run together.
 */
export function hashText(text: string, salt: string, sha256: Sha256): string {
  return sha256(salt + text)
}

/** A row as it may be stored. Without text retention `query.text`, `answer` and `comment` are not in it. */
export function applyRetention(entry: LogRow, retention: Retention): LogRow {
  if (retention.text) return entry
  if (entry.table === 'decisions') {
    const { text: _, ...query } = entry.row.query
    return { table: 'decisions', row: { ...entry.row, query } }
  }
  if (entry.table === 'outcomes') {
    const { answer: _, ...row } = entry.row
    return { table: 'outcomes', row }
  }
  if (entry.table === 'feedback') {
    const { comment: _, ...row } = entry.row
    return { table: 'feedback', row }
  }
  return entry
}
