/**
 * A pool of worker threads that turn texts into vectors. A worker gets one text per message and answers each once; the
 * messages are the types below. A crash costs the texts that were on that worker, and nothing else: it is replaced.
 */
import type { Worker } from 'node:worker_threads'
import { SwitchyardError } from '../errors.ts'

export interface EmbedJob {
  readonly id: number
  readonly text: string
}

/** The first message of a worker is `ready` or `unusable`; then one answer per job, in any order. */
export type WorkerMessage<Ready> =
  | { readonly type: 'ready'; readonly ready: Ready }
  | { readonly type: 'unusable'; readonly message: string }
  | { readonly type: 'vector'; readonly id: number; readonly vector: Float32Array }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }

export interface Pool {
  embed(texts: readonly string[]): Promise<Float32Array[]>
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
    worker.unref()
    worker.on('message', (message: WorkerMessage<unknown>) => {
      if (message.type === 'ready') taken.ready = true
      if (message.type === 'vector') settle(taken, message.id)?.resolve(message.vector)
      if (message.type === 'failed') settle(taken, message.id)?.reject(encoderFailed(message.message))
    })
    let cause = 'it ended'
    worker.on('error', (error) => {
      cause = messageOf(error)
    })
    worker.once('exit', () => {
      // One that dies before it is ready would die again at once: the next text tries anew.
      seats[index] = taken.ready && !closed ? seat(spawn(), index, false) : null
      for (const id of [...taken.jobs.keys()]) {
        settle(taken, id)?.reject(encoderFailed(closed ? 'the encoder was closed' : `its worker crashed: ${cause}`))
      }
    })
    return taken
  }

  function settle(taken: Seat, id: number) {
    const job = taken.jobs.get(id)
    taken.jobs.delete(id)
    if (taken.jobs.size === 0) taken.worker.unref()
    return job
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
      await Promise.all(seats.map((taken) => taken?.worker.terminate()))
    },
  }
}

/** A worker that still starts has its jobs waiting: it counts as busier than any that is ready. */
function load(seat: Seat): number {
  return seat.jobs.size + (seat.ready ? 0 : 1000)
}

/** Starts a worker and waits for its first message. Rejects when it is unusable or dies first. */
export function startWorker<Ready>(spawn: Spawn): Promise<{ worker: Worker; ready: Ready }> {
  return new Promise((resolve, reject) => {
    const worker = spawn()
    const fail = (error: unknown) => reject(encoderFailed(messageOf(error)))
    worker.once('error', fail)
    worker.once('exit', fail)
    worker.once('message', (message: WorkerMessage<Ready>) => {
      worker.off('error', fail)
      worker.off('exit', fail)
      if (message.type === 'ready') return resolve({ worker, ready: message.ready })
      fail(message.type === 'unusable' ? message.message : 'it answered before it was ready')
      void worker.terminate()
    })
  })
}

function encoderFailed(why: string): SwitchyardError {
  return new SwitchyardError('internal', `The encoder failed: ${why}.`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
