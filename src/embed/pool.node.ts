/**
 * A pool of worker threads that turn texts into vectors. A worker gets one text per message and answers each once; the
 * messages are the types below. A crash costs the texts that were on that worker, and nothing else: it is replaced.
 */
import type { Worker } from 'node:worker_threads'
import { SwitchyardError } from '../errors.ts'
import { messageOf } from './message.ts'

export interface EmbedJob {
  readonly id: number
  readonly text: string
}

/** Asks a worker to end by itself. Never `terminate`: ending a thread inside native code can abort the whole process. */
export const CLOSE = 'close'

/** The first message of a worker is `ready` or `unusable`; then one answer per job, in any order. */
export type WorkerMessage<Ready> =
  | { readonly type: 'ready'; readonly ready: Ready }
  | { readonly type: 'unusable'; readonly message: string }
  | { readonly type: 'vector'; readonly id: number; readonly vector: Float32Array }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }

export interface Pool {
  embed(texts: readonly string[]): Promise<Float32Array[]>
  /** To be awaited before `process.exit`, for the reason that `CLOSE` gives. Rejects what waits. */
  close(): Promise<void>
}

/** Starts one worker, by the file and `workerData` it needs. */
export type Spawn = () => Worker

/** A worker file beside the module at `url`, in the module's own form: `.ts` from source, `.js` when built. */
export function workerFile(name: string, url: string): URL {
  return new URL(`${name}${url.slice(url.lastIndexOf('.'))}`, url)
}

interface Seat {
  readonly worker: Worker
  readonly jobs: Map<number, { resolve(vector: Float32Array): void; reject(error: SwitchyardError): void }>
  ready: boolean
}

/**
 * Takes workers that are ready and keeps their number. The workers do not keep the process alive, texts under way do.
 *
 * @param workers as `startWorker` returned them
 * @param spawn starts the replacement of one that crashed
 */
export function createPool(workers: readonly Worker[], spawn: Spawn): Pool {
  let nextId = 0
  let closed = false
  const seats: (Seat | null)[] = workers.map((worker, index) => seat(worker, index, true))

  function seat(worker: Worker, index: number, ready: boolean): Seat {
    const taken: Seat = { worker, jobs: new Map(), ready }
    let cause = 'it ended'
    worker.on('message', (message: WorkerMessage<unknown>) => {
      if (message.type === 'ready') taken.ready = true
      if (message.type === 'unusable') cause = message.message
      if (message.type === 'vector') settle(taken, message.id)?.resolve(message.vector)
      if (message.type === 'failed') settle(taken, message.id)?.reject(encoderFailed(message.message))
    })
    worker.on('error', (error) => {
      cause = messageOf(error)
    })
    worker.once('exit', () => {
      // One that dies before it is ready would die again at once: the next text tries anew.
      seats[index] = taken.ready && !closed ? seat(spawn(), index, false) : null
      rejectAll(taken, `its worker crashed: ${cause}`)
    })
    // Last: a new listener takes hold of the process again.
    worker.unref()
    return taken
  }

  function settle(taken: Seat, id: number) {
    const job = taken.jobs.get(id)
    taken.jobs.delete(id)
    if (taken.jobs.size === 0) taken.worker.unref()
    return job
  }

  function rejectAll(taken: Seat, why: string): void {
    for (const id of [...taken.jobs.keys()]) settle(taken, id)?.reject(encoderFailed(why))
  }

  /** The worker with the fewest texts; an empty seat is filled first. */
  function idlest(): Seat {
    const empty = seats.indexOf(null)
    if (empty >= 0) {
      const taken = seat(spawn(), empty, false)
      seats[empty] = taken
      return taken
    }
    return seats.reduce<Seat | null>((a, b) => (a === null || (b !== null && load(b) < load(a)) ? b : a), null)!
  }

  function embedOne(text: string): Promise<Float32Array> {
    if (closed) return Promise.reject(encoderFailed('the encoder was closed'))
    return new Promise((resolve, reject) => {
      const { worker, jobs } = idlest()
      const id = nextId++
      jobs.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, text } satisfies EmbedJob)
    })
  }

  return {
    embed: (texts) => Promise.all(texts.map(embedOne)),
    async close() {
      closed = true
      await Promise.all(
        seats.map(async (taken) => {
          if (taken === null) return
          rejectAll(taken, 'the encoder was closed')
          await closeWorker(taken.worker)
        }),
      )
    },
  }
}

/** Resolves when the worker has ended; until then it keeps the process alive. */
export function closeWorker(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve())
    worker.ref()
    worker.postMessage(CLOSE)
  })
}

/** A worker that still starts has its jobs waiting: it counts as busier than any that is ready. */
function load(seat: Seat): number {
  return seat.jobs.size + (seat.ready ? 0 : 1000)
}

/** Starts a worker and waits for its first message. Rejects when it is unusable, dies first, or takes longer than `timeoutMs`. */
export function startWorker<Ready>(spawn: Spawn, timeoutMs = 60_000): Promise<{ worker: Worker; ready: Ready }> {
  return new Promise((resolve, reject) => {
    const worker = spawn()
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(encoderFailed(why))
    }
    const timer = setTimeout(() => {
      fail(`it did not start within ${Math.round(timeoutMs)} ms`)
      // It may still start: then it ends by itself.
      worker.postMessage(CLOSE)
      worker.unref()
    }, timeoutMs)
    worker.on('error', (error) => fail(messageOf(error)))
    worker.once('exit', (code) => fail(`it ended with code ${code}`))
    worker.once('message', (message: WorkerMessage<Ready>) => {
      if (message.type !== 'ready') return fail(message.type === 'unusable' ? message.message : 'it answered too early')
      clearTimeout(timer)
      worker.unref()
      resolve({ worker, ready: message.ready })
    })
  })
}

function encoderFailed(why: string): SwitchyardError {
  return new SwitchyardError('internal', `The encoder failed: ${why}.`)
}
