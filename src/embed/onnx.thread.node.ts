/**
 * One ONNX session with its tokenizer, in a thread of its own: `run` holds the thread that calls it while it computes.
 * Text in, unit vector out. On the CPU one text per run; on a GPU whatever waits goes in one run.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import type { OnnxWorkerData, OnnxWorkerReady } from './onnx.node.ts'
import { CLOSE, type EmbedJob, type WorkerMessage } from './pool.node.ts'
import { createRun, type Run, tokenize } from './session.ts'
import { createUnigramTokenizer } from './unigram.ts'

/** Texts in one run on a GPU. */
const GPU_BATCH = 32

/** Tokens of a usual question; for warming up and for measuring. */
const PROBE_TOKENS = 32

async function serve(data: OnnxWorkerData): Promise<void> {
  const send = (message: WorkerMessage<OnnxWorkerReady>) => parentPort!.postMessage(message)
  const tokenizer = createUnigramTokenizer(JSON.parse(readFileSync(join(data.dir, 'tokenizer.json'), 'utf8')))
  const run = await open(data)
  const maxBatch = data.provider === 'cpu' ? 1 : GPU_BATCH
  const waiting: EmbedJob[] = []
  let running = false

  async function drain(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      // Lets the messages that are on their way join this run, or end it.
      await new Promise((resolve) => setImmediate(resolve))
      if (waiting.length === 0) break
      const jobs = waiting.splice(0, maxBatch)
      try {
        const vectors = await run(jobs.map((job) => tokenize(tokenizer, job.text, data.window)))
        for (const [i, { id }] of jobs.entries()) send({ type: 'vector', id, vector: vectors[i]! })
      } catch (error) {
        for (const { id } of jobs) send({ type: 'failed', id, message: messageOf(error) })
      }
    }
    running = false
  }

  parentPort!.on('message', (message: EmbedJob | typeof CLOSE) => {
    if (message === CLOSE) {
      waiting.length = 0
      parentPort!.close()
      return
    }
    waiting.push(message)
    if (!running) void drain()
  })
  const ready = await measure(run, maxBatch)
  send({ type: 'ready', ready })
}

async function open({ dir, file, provider }: OnnxWorkerData): Promise<Run> {
  const session = await ort.InferenceSession.create(join(dir, file), {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  return createRun(session, ort.Tensor)
}

/** Warms up, and measures what a question costs in the largest batch: the fastest of five. */
async function measure(run: Run, batch: number): Promise<OnnxWorkerReady> {
  const texts = Array.from({ length: batch }, (_, seed) => probe(seed))
  const [vector] = await run(texts)
  let textMs = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    await run(texts)
    textMs = Math.min(textMs, (performance.now() - start) / batch)
  }
  return { dim: vector!.length, textMs }
}

function probe(seed: number): Int32Array {
  return Int32Array.from({ length: PROBE_TOKENS }, (_, i) => 100 + ((i * 31 + seed * 17) % 1000))
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!
}

try {
  await serve(workerData)
} catch (error) {
  const message = `the model in ${workerData.dir} cannot be opened: ${messageOf(error)}`
  parentPort!.postMessage({ type: 'unusable', message } satisfies WorkerMessage<OnnxWorkerReady>)
}
