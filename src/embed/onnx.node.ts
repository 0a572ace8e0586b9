/**
 * The embedded encoder on Node: onnxruntime in worker threads. On the CPU one int8 session per core, each on one thread;
 * on a GPU one half-precision session fed in micro-batches.
 *
 * A model folder holds `model.int8.onnx`, `model.half.onnx` and `tokenizer.json`: graphs from `input_ids` and `attention_mask`
 * [batch, tokens] int64 to `sentence_embedding` [batch, dim] float32 of unit norm.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SwitchyardError } from '../errors.ts'
import type { Encoder } from '../spec.ts'
import { createPool, startWorker, workerFile } from './pool.node.ts'
import { WINDOW_TOKENS } from './window.ts'

/** Execution providers, best first. onnxruntime ignores a name that it does not know, so names are checked here. */
export const PROVIDERS = ['cuda', 'coreml', 'webgpu', 'dml', 'cpu'] as const
export type Provider = (typeof PROVIDERS)[number]

/** A better provider that is not in use, and why. */
export interface Skipped {
  readonly provider: Provider
  readonly reason: string
}

export interface ProviderReport {
  readonly provider: Provider
  /** Sessions, each on a thread of its own. */
  readonly threads: number
  readonly skipped: readonly Skipped[]
}

export interface OnnxEncoder extends Encoder {
  readonly provider: ProviderReport
}

export interface OnnxOptions {
  /** The model's folder; its last name is the encoder's id. */
  readonly dir: string
  /** CPU sessions. Default: one per core, at most 8 (about 25 MB each). */
  readonly threads?: number
  /** Tried first and kept if it works; without it, the best that works and is faster than the CPU. */
  readonly provider?: string
  /** Tokens; what is longer loses its middle. */
  readonly window?: number
}

export interface OnnxWorkerData {
  readonly dir: string
  readonly window: number
  readonly providers: readonly Provider[]
  /** Keep a provider only if it is faster than `threads` CPU sessions. */
  readonly compare: boolean
  readonly threads: number
}

export interface OnnxWorkerReady {
  readonly provider: Provider
  readonly skipped: readonly Skipped[]
  readonly dim: number
}

/**
 * Opens the encoder, warmed up. A provider that cannot be used never fails the start: the next one is tried, the CPU last.
 *
 * @throws `unsupported` for an unknown provider name, `internal` when the model folder cannot be used
 */
export async function createOnnxEncoder(options: OnnxOptions): Promise<OnnxEncoder> {
  const dir = resolve(options.dir)
  const threads = options.threads ?? Math.min(availableParallelism(), 8)
  const chosen = options.provider === undefined ? null : providerOf(options.provider)
  const data: OnnxWorkerData = {
    dir,
    window: options.window ?? WINDOW_TOKENS,
    providers: chosen === null ? PROVIDERS : [chosen, 'cpu'],
    compare: chosen === null,
    threads,
  }
  const file = workerFile('./onnx.worker', import.meta.url)
  const spawn = (workerData: OnnxWorkerData) => () => new Worker(file, { workerData, name: 'encoder' })

  const first = await startWorker<OnnxWorkerReady>(spawn(data))
  const { provider, skipped, dim } = first.ready
  const again = spawn({ ...data, providers: [provider], compare: false })
  const sessions = provider === 'cpu' ? threads : 1
  const others = await Promise.all(Array.from({ length: sessions - 1 }, () => startWorker<OnnxWorkerReady>(again)))
  const precision = provider === 'cpu' ? 'int8' : 'half'
  return {
    info: { id: basename(dir), precision, dim, sha256: await sha256Of(join(dir, `model.${precision}.onnx`)) },
    provider: { provider, threads: sessions, skipped },
    ...createPool([first.worker, ...others.map(({ worker }) => worker)], again),
  }
}

function providerOf(name: string): Provider {
  const provider = PROVIDERS.find((known) => known === name)
  if (provider !== undefined) return provider
  throw new SwitchyardError(
    'unsupported',
    `Execution provider '${name}' is not known; choose one of ${PROVIDERS.join(', ')}.`,
  )
}

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
