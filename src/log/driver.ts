/** The one interface to every SQLite that may hold a log. */
import type { SqliteRemoteDatabase } from 'drizzle-orm/sqlite-proxy'

/**
 * Each store says how a statement, and how a batch in one transaction, reach its migrated database. Batches are for
 * writing; nothing is read from their results.
 */
export type LogDatabase = SqliteRemoteDatabase
