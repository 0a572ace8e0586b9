/** One ONNX session of the CPU with its tokenizer, in a thread of its own: `run` holds the thread that calls it while it computes. One text per run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import type { OnnxWorkerData } from './onnx.node.ts'
import { CLOSE, type EmbedJob, type WorkerMessage } from './pool.node.ts'
import { type Measured, measureRun } from './probe.ts'
import { createRun, tokenize } from './session.ts'
import { createUnigramTokenizer } from './unigram.ts'

async function serve({ dir, file, window }: OnnxWorkerData): Promise<void> {
  const send = (message: WorkerMessage<Measured>) => parentPort!.postMessage(message)
  const tokenizer = createUnigramTokenizer(JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')))
  const session = await ort.InferenceSession.create(join(dir, file), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  const run = createRun(session, ort.Tensor)
  const waiting: EmbedJob[] = []
  let running = false

  async function drain(): Promise<void> {
    running = true
    for (;;) {
      // Lets the messages that are on their way be heard: the next text, or the end.
      await new Promise((resolve) => setImmediate(resolve))
      const job = waiting.shift()
      if (job === undefined) break
      try {
        const [vector] = await run([tokenize(tokenizer, job.text, window)])
        send({ type: 'vector', id: job.id, vector: vector! })
      } catch (error) {
        send({ type: 'failed', id: job.id, message: messageOf(error) })
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
  const ready = await measureRun(run, 1)
  send({ type: 'ready', ready })
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!
}

try {
  await serve(workerData)
} catch (error) {
  const message = `the model in ${workerData.dir} cannot be opened: ${messageOf(error)}`
  parentPort!.postMessage({ type: 'unusable', message } satisfies WorkerMessage<Measured>)
}
