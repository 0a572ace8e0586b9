/** The bare onnxruntime session that the encoder is compared with: in a worker thread too, on one thread, nothing around it. */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'

export interface BareSession {
  /** Runs `calls` times over the same tokens, in one go. */
  run(ids: Int32Array, calls: number): Promise<unknown>
  close(): Promise<unknown>
}

interface Job {
  readonly ids: Int32Array
  readonly calls: number
}

/** One `run` at a time. */
export async function startBareSession(model: string): Promise<BareSession> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { model } })
  await once(worker, 'message')
  return {
    run(ids, calls) {
      worker.postMessage({ ids, calls } satisfies Job)
      return once(worker, 'message')
    },
    close: () => worker.terminate(),
  }
}

if (!isMainThread) await serve(workerData.model)

async function serve(model: string): Promise<void> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  })
  parentPort!.on('message', async ({ ids, calls }: Job) => {
    const shape = [1, ids.length]
    const input_ids = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape)
    const attention_mask = new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape)
    for (let call = 0; call < calls; call++) await session.run({ input_ids, attention_mask }, ['sentence_embedding'])
    parentPort!.postMessage('done')
  })
  parentPort!.postMessage('ready')
}
