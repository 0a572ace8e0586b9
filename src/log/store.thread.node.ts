/** The thread that owns the database. `store.node.ts` speaks to it; one message is one batch or one read. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Store } from '../spec.ts'
import { preferCommonJs } from './commonjs.node.ts'
import type { Database, Durability, Refused } from './database.node.ts'
import { failureCode } from './failure.ts'
import type { Reads } from './queries.ts'
import type { Insert } from './rows.ts'

export interface WorkerOptions {
  readonly file: string
  readonly durability: Durability
  /** How long a batch waits for another process's lock before it is refused. */
  readonly busyTimeoutMs: number
}

/** What the thread does when asked. */
export interface Thread extends Reads {
  commit(batch: readonly (readonly Insert[])[]): Promise<Refused[]>
  maintain: Store['maintain']
  close(): Promise<void>
}

/** One of these with its arguments. */
export interface Ask {
  readonly ask: keyof Thread
  readonly args: readonly unknown[]
}

/** A failure is a code, never the database's own message. */
export type Reply<Answer> = { readonly answer: Answer } | { readonly failed: string }
export type Opened = { readonly salt: string } | { readonly failed: string }
/** Replies carry the number of their question. */
export type Numbered<Message> = Message & { readonly call: number }

/** Between two tries at a locked database; reads are answered meanwhile. */
const RETRY_MS = 20

if (parentPort) await serve(parentPort, workerData)

async function serve(port: NonNullable<typeof parentPort>, options: WorkerOptions): Promise<void> {
  const database = await open(options)
  if ('failed' in database) {
    port.postMessage(database)
    return
  }
  const thread: Thread = {
    ...database.reads,
    commit: (batch) => unlocked(options.busyTimeoutMs, () => database.commit(batch)),
    maintain: (when) => unlocked(options.busyTimeoutMs, () => database.maintain(when)),
    close: async () => database.close(),
  }
  port.on('message', async ({ call, ask, args }: Numbered<Ask>) => {
    try {
      // The other side's types tie the arguments to the name.
      const work = thread[ask] as (...args: readonly unknown[]) => Promise<unknown>
      port.postMessage({ call, answer: await work(...args) })
    } catch (thrown) {
      port.postMessage({ call, failed: failureCode(thrown) })
    }
    if (ask === 'close') port.close()
  })
  port.postMessage({ salt: database.salt })
}

async function open(options: WorkerOptions): Promise<Database | { readonly failed: string }> {
  try {
    preferCommonJs('drizzle-orm')
    const { connect, createDatabase } = await import('./database.node.ts')
    return await createDatabase(connect(options))
  } catch (thrown) {
    return { failed: failureCode(thrown) }
  }
}

/** Tries again while another process holds the lock, for so long. */
async function unlocked<Answer>(busyTimeoutMs: number, work: () => Answer | Promise<Answer>): Promise<Answer> {
  const start = performance.now()
  for (;;) {
    try {
      return await work()
    } catch (thrown) {
      const locked = failureCode(thrown).startsWith('SQLITE_BUSY')
      if (!locked || performance.now() - start > busyTimeoutMs) throw thrown
    }
    await sleep(RETRY_MS)
  }
}
