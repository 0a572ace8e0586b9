/** The log of a Node process: a bounded queue with group commit in front of the thread that owns the database. */
import { extname } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { SwitchyardError } from '../errors.ts'
import type { LogRow, Store } from '../spec.ts'
import type { Durability } from './database.node.ts'
import { failureCode, logFailed, logFull } from './failure.ts'
import { type Insert, sizeOf, toInsert } from './rows.ts'
import type { Ask, Numbered, Opened, Reply, Thread, WorkerOptions } from './store.thread.node.ts'

export interface StoreOptions {
  readonly file: string
  readonly durability: Durability
  /** Rows that may wait for the disk, those of the running commit included. */
  readonly maxQueuedRows: number
  /** The same in bytes; 16 MiB unless said otherwise. */
  readonly maxQueuedBytes?: number
  /** How long a batch waits for another process's lock before it is refused; 15 s unless said otherwise. */
  readonly busyTimeoutMs?: number
}

/** A log in a file, with the salt of its installation's hashes. */
export interface FileStore extends Store {
  readonly salt: string
}

interface Pending {
  readonly inserts: readonly Insert[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: SwitchyardError) => void
}

/** Asks the thread; never rejects. */
type AskThread = <Name extends keyof Thread>(
  name: Name,
  ...args: Parameters<Thread[Name]>
) => Promise<Reply<Awaited<ReturnType<Thread[Name]>>>>

/**
 * Opens or creates the log and migrates it. Rejects with `log_failed` where the file cannot be used.
 *
 * Appends wait for the commit before theirs and then share one transaction: the busier the gateway, the larger the
 * batches, without a timer.
 */
export async function openStore(options: StoreOptions): Promise<FileStore> {
  const workerData: WorkerOptions = {
    file: options.file,
    durability: options.durability,
    busyTimeoutMs: options.busyTimeoutMs ?? 15_000,
  }
  const script = new URL(`./store.thread.node${extname(import.meta.url)}`, import.meta.url)
  // The process's own flags are not for the thread: `--input-type` and `-e` would even keep it from starting.
  const worker = new Worker(script, { name: 'log', workerData, execArgv: [] })
  const opened = await new Promise<Opened>((resolve) => {
    worker.once('message', resolve)
    worker.once('error', () => resolve({ failed: 'STOPPED' }))
  })
  if ('failed' in opened) {
    await worker.terminate()
    throw logFailed(opened.failed, `open ${options.file}`)
  }
  return createStore(connectTo(worker), opened.salt, options)
}

/** Numbers the questions and finds whom a reply is for. A thread that stops answers everything with `STOPPED`. */
function connectTo(worker: Worker): AskThread {
  const waiting = new Map<number, (reply: Reply<never>) => void>()
  let calls = 0
  let stopped = false
  worker.on('message', ({ call, ...reply }: Numbered<Reply<never>>) => {
    waiting.get(call)?.(reply)
    waiting.delete(call)
  })
  // An `exit` follows every `error`; without a listener the error would end the process.
  worker.on('error', () => {})
  worker.on('exit', () => {
    stopped = true
    for (const answer of waiting.values()) answer({ failed: 'STOPPED' })
    waiting.clear()
  })
  return (name, ...args) =>
    new Promise((resolve) => {
      if (stopped) return resolve({ failed: 'STOPPED' })
      calls += 1
      waiting.set(calls, resolve)
      try {
        const question: Numbered<Ask> = { ask: name, args, call: calls }
        worker.postMessage(question)
      } catch (thrown) {
        waiting.delete(calls)
        resolve({ failed: failureCode(thrown) })
      }
    })
}

function createStore(ask: AskThread, salt: string, options: StoreOptions): FileStore {
  const maxBytes = options.maxQueuedBytes ?? 16 * 1024 * 1024
  let pending: Pending[] = []
  let running: Promise<void> | null = null
  let queuedRows = 0
  let queuedBytes = 0
  let dropped = 0
  let closed: Promise<void> | null = null
  /** Something pending is waited for. */
  let hurry = false
  let timer: NodeJS.Timeout | undefined

  function settle(entry: Pending, code: string | undefined): void {
    queuedRows -= entry.inserts.length
    queuedBytes -= entry.bytes
    if (code === undefined) {
      entry.resolve()
      return
    }
    dropped += entry.inserts.length
    entry.reject(logFailed(code, `store ${entry.inserts.length} rows`))
  }

  function commitSoon(): void {
    running ??= commitAll()
  }

  function commitWithin(ms: number): void {
    timer ??= setTimeout(commitSoon, ms)
  }

  async function commitAll(): Promise<void> {
    do {
      // A message to another thread costs more than the rows in it: what this turn of the loop appends goes together.
      await immediate()
      clearTimeout(timer)
      timer = undefined
      const batch = pending
      pending = []
      hurry = false
      const reply = await ask(
        'commit',
        batch.map((entry) => entry.inserts),
      )
      if ('failed' in reply) {
        for (const entry of batch) settle(entry, reply.failed)
        continue
      }
      const refused = new Map(reply.answer)
      for (const [index, entry] of batch.entries()) settle(entry, refused.get(index))
    } while (hurry)
    running = null
  }

  async function read<Answer>(asked: Promise<Reply<Answer>>): Promise<Answer> {
    const reply = await asked
    if ('failed' in reply) throw logFailed(reply.failed, 'be read')
    return reply.answer
  }

  async function drainAndClose(): Promise<void> {
    await running
    if (pending.length > 0) await commitAll()
    const reply = await ask('close')
    if ('failed' in reply) throw logFailed(reply.failed, 'be closed')
  }

  return {
    salt,
    append(rows: readonly LogRow[], { patienceMs = 0 } = {}): Promise<void> {
      if (rows.length === 0) return Promise.resolve()
      if (closed) {
        dropped += rows.length
        return Promise.reject(logFailed('CLOSED', `store ${rows.length} rows`))
      }
      const inserts = rows.map(toInsert)
      const bytes = inserts.reduce((sum, insert) => sum + sizeOf(insert), 0)
      if (queuedRows + rows.length > options.maxQueuedRows || queuedBytes + bytes > maxBytes) {
        dropped += rows.length
        return Promise.reject(logFull(rows.length, queuedRows))
      }
      queuedRows += rows.length
      queuedBytes += bytes
      return new Promise((resolve, reject) => {
        pending.push({ inserts, bytes, resolve, reject })
        if (patienceMs > 0) return commitWithin(patienceMs)
        hurry = true
        commitSoon()
      })
    },
    decision: (id) => read(ask('decision', id)),
    decisions: (options) => read(ask('decisions', options)),
    embedding: (hash, encoder) => read(ask('embedding', hash, encoder)),
    activations: () => read(ask('activations')),
    history: (route, limit) => read(ask('history', route, limit)),
    spent: (since) => read(ask('spent', since)),
    explored: (since) => read(ask('explored', since)),
    unsettled: (options) => read(ask('unsettled', options)),
    snapshot: (name) => read(ask('snapshot', name)),
    rows: (table, page) => read(ask('rows', table, page)),
    statistics: (options) => read(ask('statistics', options)),
    async maintain(options) {
      const reply = await ask('maintain', options)
      if ('failed' in reply) throw logFailed(reply.failed, 'be maintained')
      return reply.answer
    },
    get dropped() {
      return dropped
    },
    close() {
      closed ??= drainAndClose()
      return closed
    },
  }
}
