/** One sentence encoder of transformers.js in a thread of its own. One text per run: many int8 models give a text another vector beside others. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { CLOSE, type EmbedJob, type WorkerMessage } from './pool.node.ts'
import type { Dtype, TransformersReady, TransformersWorkerData } from './transformers.node.ts'

/** The file of a model folder that holds the weights in a precision, as transformers.js names it. */
const FILES: Record<Dtype, string> = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  q8: 'model_quantized.onnx',
  int8: 'model_int8.onnx',
  uint8: 'model_uint8.onnx',
  q4: 'model_q4.onnx',
  q4f16: 'model_q4f16.onnx',
}

async function serve(data: TransformersWorkerData): Promise<void> {
  const send = (message: WorkerMessage<TransformersReady>) => parentPort!.postMessage(message)
  const { AutoModel, AutoTokenizer, env, mean_pooling } = await import('@huggingface/transformers')
  if (data.local) {
    env.allowRemoteModels = false
    env.localModelPath = dirname(data.model)
  }
  const name = data.local ? basename(data.model) : data.model
  const tokenizer = await AutoTokenizer.from_pretrained(name)
  const model = await AutoModel.from_pretrained(name, {
    dtype: data.dtype,
    device: 'cpu',
    session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 },
  })

  async function embed(text: string): Promise<Float32Array> {
    const inputs = tokenizer(text, { truncation: true, max_length: data.window })
    const { last_hidden_state: hidden } = await model(inputs)
    const { data: vector } = mean_pooling(hidden, inputs.attention_mask).normalize(2, -1)
    if (!(vector instanceof Float32Array)) throw new Error(`${name} does not give float32 vectors`)
    return vector.slice()
  }

  const file = join(data.local ? dirname(data.model) : (env.cacheDir ?? ''), name, 'onnx', FILES[data.dtype])
  if (!existsSync(file)) throw new Error(`the weights of ${name} are not at ${file}, so the encoder has no identity`)
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  const warm = await embed('warm up')

  let last: Promise<void> = Promise.resolve()
  let closed = false

  async function answer({ id, text }: EmbedJob): Promise<void> {
    if (closed) return
    try {
      send({ type: 'vector', id, vector: await embed(text) })
    } catch (error) {
      send({ type: 'failed', id, message: messageOf(error) })
    }
  }

  parentPort!.on('message', (message: EmbedJob | typeof CLOSE) => {
    if (message === CLOSE) {
      closed = true
      parentPort!.close()
      return
    }
    last = last.then(() => answer(message))
  })
  send({ type: 'ready', ready: { dim: warm.length, sha256 } })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

try {
  await serve(workerData)
} catch (error) {
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  const why = missing ? 'a package is not installed; run npm install @huggingface/transformers' : messageOf(error)
  const message = `model '${workerData.model}' cannot be loaded: ${why}`
  parentPort!.postMessage({ type: 'unusable', message } satisfies WorkerMessage<TransformersReady>)
}
