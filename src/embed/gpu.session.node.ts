/** The thread of a GPU's session: tokens come from the threads that tokenize, vectors go to whoever asked. Whatever waits goes in one run. */
import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import { takeBatch } from './batches.ts'
import type { SessionData, SessionMessage, TokenJob } from './gpu.node.ts'
import { CLOSE } from './pool.node.ts'
import { measureRun } from './probe.ts'
import { createRun, type Run } from './session.ts'

/** Of one run, padding included: 256 texts of 128 tokens. */
const MAX_TOKENS = 32_768

/** Texts in one run while the time of a text is measured. */
const PROBE_BATCH = 64

interface Row {
  readonly ids: Int32Array
  readonly job: Job
  readonly at: number
}

interface Job {
  readonly id: number
  readonly vectors: Float32Array
  left: number
}

async function serve(data: SessionData): Promise<void> {
  const send = (message: SessionMessage, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(message, transfer)
  const run = await open(data)
  const { dim, textMs } = await measureRun(run, PROBE_BATCH)
  const waiting: Row[] = []
  let running = false

  async function drain(): Promise<void> {
    running = true
    for (;;) {
      // Lets the messages that came during the last run join this one.
      await new Promise((resolve) => setImmediate(resolve))
      if (waiting.length === 0) break
      const { rows, width } = takeBatch(waiting, MAX_TOKENS)
      const vectors = await run(
        rows.map(({ ids }) => ids),
        width,
      )
      for (const [i, { job, at }] of rows.entries()) {
        job.vectors.set(vectors[i]!, at * dim)
        job.left--
        if (job.left === 0) {
          const { buffer } = job.vectors
          send({ type: 'vectors', id: job.id, vectors: job.vectors }, buffer instanceof ArrayBuffer ? [buffer] : [])
        }
      }
    }
    running = false
  }

  function take({ id, ids, lengths }: TokenJob): void {
    const job: Job = { id, vectors: new Float32Array(lengths.length * dim), left: lengths.length }
    let start = 0
    for (const [at, length] of lengths.entries()) {
      waiting.push({ ids: ids.subarray(start, start + length), job, at })
      start += length
    }
    // A run that fails means the device: the thread ends, and others take over.
    if (!running) drain().catch(end)
  }

  parentPort!.on('message', (message: MessagePort | typeof CLOSE) => {
    if (message === CLOSE) process.exit()
    message.on('message', take)
  })
  send({ type: 'ready', ready: { dim, textMs } })
}

function end(error: unknown): never {
  throw error
}

async function open({ dir, file, provider }: SessionData): Promise<Run> {
  const session = await ort.InferenceSession.create(join(dir, file), {
    executionProviders: [provider],
    logSeverityLevel: 4,
  })
  return createRun(session, ort.Tensor)
}

try {
  await serve(workerData)
} catch (error) {
  const message = `the model in ${workerData.dir} cannot be opened: ${error instanceof Error ? error.message.split('\n')[0] : error}`
  parentPort!.postMessage({ type: 'unusable', message } satisfies SessionMessage)
}
