/**
 * Any sentence encoder of the Hugging Face hub, or of a folder in its layout, through transformers.js: mean-pooled unit
 * vectors. `@huggingface/transformers` is an optional peer dependency and is loaded in the worker threads only.
 */
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Encoder } from '../spec.ts'
import { createPool, startWorker, workerFile } from './pool.node.ts'
import { WINDOW_TOKENS } from './window.ts'

/** Precision of the weights, in the words of transformers.js. */
export type Dtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16'

export interface TransformersOptions {
  /** A name of the hub (`owner/name`), downloaded once, or a folder with `config.json`, `tokenizer.json`, `onnx/`. */
  readonly model: string
  /** Default: `q8`. */
  readonly dtype?: Dtype
  /** Tokens; what is longer loses its end. */
  readonly window?: number
  /** Sessions, each in a thread of its own. Default: 1. */
  readonly threads?: number
}

export interface TransformersWorkerData {
  /** The folder's absolute path, or the hub's name. */
  readonly model: string
  readonly local: boolean
  readonly dtype: Dtype
  readonly window: number
}

export interface TransformersReady {
  readonly dim: number
  readonly sha256: string
}

/**
 * Opens the encoder, warmed up. Its id is the hub's name, or the folder's.
 *
 * @throws `internal` when the package is not installed or the model cannot be used, saying which
 */
export async function createTransformersEncoder(options: TransformersOptions): Promise<Encoder> {
  const local = existsSync(join(options.model, 'config.json'))
  const workerData: TransformersWorkerData = {
    model: local ? resolve(options.model) : options.model,
    local,
    dtype: options.dtype ?? 'q8',
    window: options.window ?? WINDOW_TOKENS,
  }
  const file = workerFile('./transformers.thread.node', import.meta.url)
  const spawn = () => new Worker(file, { workerData, name: 'encoder' })
  const { worker, ready } = await startWorker<TransformersReady>(spawn)
  // One after the other at first: a model of the hub is downloaded by the first worker.
  const others = Array.from({ length: (options.threads ?? 1) - 1 }, () => startWorker<TransformersReady>(spawn))
  const workers = [worker, ...(await Promise.all(others)).map((other) => other.worker)]
  return {
    info: {
      id: local ? basename(workerData.model) : options.model,
      precision: workerData.dtype,
      dim: ready.dim,
      sha256: ready.sha256,
    },
    ...createPool(workers, spawn),
  }
}
