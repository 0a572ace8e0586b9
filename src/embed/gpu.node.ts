/**
 * The embedded encoder on a GPU: some threads tokenize, one has the session. A job is a list of texts and comes back as one array; between
 * the threads nothing is copied twice. There is no timer: a text that finds the session idle is run at once, and what comes during a run goes
 * together in the next.
 */
import { MessageChannel, Worker } from 'node:worker_threads'
import { SwitchyardError } from '../errors.ts'
import { messageOf } from './message.ts'
import { CLOSE, closeWorker, startWorker, workerFile } from './pool.node.ts'
import type { Measured } from './probe.ts'
import type { Embeds } from './standby.ts'

export interface TokenizerData {
  readonly dir: string
  readonly window: number
}

export interface SessionData {
  readonly dir: string
  /** Name of the graph in `dir`. */
  readonly file: string
  /** One of onnxruntime's execution providers. */
  readonly provider: string
}

export interface TextJob {
  readonly id: number
  readonly texts: readonly string[]
}

/** The texts' tokens, one after the other. */
export interface TokenJob {
  readonly id: number
  readonly ids: Int32Array
  readonly lengths: Int32Array
}

export type SessionMessage =
  | { readonly type: 'ready'; readonly ready: Measured }
  | { readonly type: 'unusable'; readonly message: string }
  /** Row-major, one row per text of the job. */
  | { readonly type: 'vectors'; readonly id: number; readonly vectors: Float32Array }

export interface GpuOptions extends TokenizerData, SessionData {
  /** Threads that tokenize. */
  readonly tokenizers: number
  /** How long the session may take to open and warm up. */
  readonly startMs: number
  /** How long nothing may come back while something is asked, before the session counts as hung; 5 s unless said otherwise. */
  readonly hangMs?: number
}

export interface Gpu extends Embeds {
  readonly ready: Measured
}

/** Texts of one job: few enough that several threads share a large call. */
const JOB_TEXTS = 64

interface Job {
  readonly resolve: (vectors: Float32Array) => void
  readonly reject: (error: SwitchyardError) => void
}

/**
 * Opens the session and warms it up. `embed` rejects, now and ever after, once the session or a thread has failed or hung: the texts are the caller's
 * to give to another encoder. Rejects when it cannot be opened in time.
 */
export async function openGpu({ tokenizers, startMs, hangMs = 5_000, ...options }: GpuOptions): Promise<Gpu> {
  const { dir, window, file, provider } = options
  const sessionData: SessionData = { dir, file, provider }
  const { worker: session, ready } = await startWorker<Measured>(
    () => new Worker(workerFile('./gpu.session.node', import.meta.url), { workerData: sessionData, name: 'encoder' }),
    startMs,
  )
  const threads = Array.from({ length: tokenizers }, () => {
    const { port1, port2 } = new MessageChannel()
    session.postMessage(port2, [port2])
    const worker = new Worker(workerFile('./gpu.tokens.node', import.meta.url), {
      workerData: { dir, window, session: port1 },
      transferList: [port1],
      name: 'tokenizer',
    })
    worker.unref()
    return worker
  })
  const jobs = new Map<number, Job>()
  let nextId = 0
  let failure: SwitchyardError | null = null
  let closed = false
  let watch: NodeJS.Timeout | undefined

  function fail(why: string): void {
    // Threads that end after it must not let go of the session, whose end may be awaited.
    if (failure !== null) return
    failure = new SwitchyardError('internal', `The encoder on ${provider} failed: ${why}.`)
    clearTimeout(watch)
    session.unref()
    for (const { reject } of jobs.values()) reject(failure)
    jobs.clear()
  }

  /** Something must come back from now on, if anything is asked. */
  function expect(): void {
    clearTimeout(watch)
    if (jobs.size === 0) session.unref()
    else watch = setTimeout(() => fail(`it gave no answer for ${hangMs} ms`), hangMs)
  }

  session.on('message', (message: SessionMessage) => {
    if (message.type !== 'vectors') return
    jobs.get(message.id)?.resolve(message.vectors)
    jobs.delete(message.id)
    expect()
  })
  for (const worker of [session, ...threads]) {
    worker.on('error', (error) => fail(messageOf(error)))
    worker.once('exit', () => fail(closed ? 'it was closed' : 'a thread of it ended'))
  }
  // Last: a new listener takes hold of the process again.
  for (const worker of [session, ...threads]) worker.unref()

  function embedJob(texts: readonly string[]): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      const id = nextId++
      jobs.set(id, { resolve, reject })
      session.ref()
      if (jobs.size === 1) expect()
      threads[id % threads.length]!.postMessage({ id, texts } satisfies TextJob)
    })
  }

  return {
    ready,
    async embed(texts) {
      if (failure !== null) throw failure
      const parts = Array.from({ length: Math.ceil(texts.length / JOB_TEXTS) }, (_, part) =>
        embedJob(texts.slice(part * JOB_TEXTS, (part + 1) * JOB_TEXTS)),
      )
      const answered = await Promise.all(parts)
      return answered.flatMap((vectors) => rowsOf(vectors, ready.dim))
    },
    async close() {
      closed = true
      fail('it was closed')
      for (const worker of threads) worker.postMessage(CLOSE)
      await closeWorker(session)
    },
  }
}

/** Rows of their own: a row that is kept must not keep the whole job. */
function rowsOf(vectors: Float32Array, dim: number): Float32Array[] {
  return Array.from({ length: vectors.length / dim }, (_, row) => vectors.slice(row * dim, (row + 1) * dim))
}
