/** The thread that owns the database. `store.node.ts` speaks to it; one message is one batch or one read. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { preferCommonJs } from './commonjs.node.ts'
import type { Database, Durability, Refused } from './database.node.ts'
import { failureCode } from './failure.ts'
import type { Insert } from './rows.ts'

export interface WorkerOptions {
  readonly file: string
  readonly durability: Durability
  readonly recover: boolean
  /** How long a batch waits for another process's lock before it is refused. */
  readonly busyTimeoutMs: number
}

export type Ask =
  | { readonly ask: 'commit'; readonly batch: readonly (readonly Insert[])[] }
  | { readonly ask: 'decision'; readonly id: string }
  | { readonly ask: 'decisions'; readonly options: { limit: number; before?: string; tenant?: string } }
  | { readonly ask: 'embedding'; readonly hash: string; readonly encoder: string }
  | { readonly ask: 'activations' }
  | { readonly ask: 'close' }

/** What each question is answered with; a failure is a code, never the database's own message. */
export interface Answers {
  commit: Refused[]
  decision: ReturnType<Database['decision']>
  decisions: ReturnType<Database['decisions']>
  embedding: ReturnType<Database['embedding']>
  activations: ReturnType<Database['activations']>
  close: null
}

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
  port.on('message', async ({ call, ...ask }: Numbered<Ask>) => {
    try {
      port.postMessage({ call, answer: await answer(database, ask, options.busyTimeoutMs) })
    } catch (thrown) {
      port.postMessage({ call, failed: failureCode(thrown) })
    }
    if (ask.ask === 'close') port.close()
  })
  port.postMessage({ salt: database.salt })
}

async function open(options: WorkerOptions): Promise<Database | { readonly failed: string }> {
  try {
    preferCommonJs('drizzle-orm')
    const { connect, createDatabase } = await import('./database.node.ts')
    return createDatabase(connect(options), options)
  } catch (thrown) {
    return { failed: failureCode(thrown) }
  }
}

async function answer(database: Database, ask: Ask, busyTimeoutMs: number): Promise<Answers[keyof Answers]> {
  switch (ask.ask) {
    case 'commit':
      return commit(database, ask.batch, busyTimeoutMs)
    case 'decision':
      return database.decision(ask.id)
    case 'decisions':
      return database.decisions(ask.options)
    case 'embedding':
      return database.embedding(ask.hash, ask.encoder)
    case 'activations':
      return database.activations()
    case 'close':
      database.close()
      return null
  }
}

async function commit(
  database: Database,
  batch: readonly (readonly Insert[])[],
  busyTimeoutMs: number,
): Promise<Refused[]> {
  const start = performance.now()
  for (;;) {
    try {
      return database.commit(batch)
    } catch (thrown) {
      const locked = failureCode(thrown).startsWith('SQLITE_BUSY')
      if (!locked || performance.now() - start > busyTimeoutMs) throw thrown
    }
    await sleep(RETRY_MS)
  }
}
