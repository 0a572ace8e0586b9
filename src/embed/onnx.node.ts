/**
 * The embedded encoder on Node: onnxruntime in worker threads. On the CPU one int8 session per core, each on one thread;
 * on a GPU one half-precision session fed in micro-batches, with the CPU standing by.
 *
 * A model folder holds `model.int8.onnx`, `model.half.onnx` and `tokenizer.json`: graphs from `input_ids` and `attention_mask`
 * [batch, tokens] int64 to `sentence_embedding` [batch, dim] float32 of unit norm.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Encoder } from '../spec.ts'
import { chooseProvider, type Opened, type Skipped } from './chooseProvider.ts'
import { openGpu } from './gpu.node.ts'
import { messageOf } from './message.ts'
import { createPool, startWorker, workerFile } from './pool.node.ts'
import type { Measured } from './probe.ts'
import { deviceOf, PROVIDERS, type Provider, providerOf, whyHopeless, whyMissing } from './providers.node.ts'
import { type Embeds, withStandby } from './standby.ts'
import { WINDOW_TOKENS } from './window.ts'

export interface ProviderReport {
  /** In use now: a GPU that fails is replaced by the CPU. */
  readonly provider: Provider
  /** Its name, where that can be told. */
  readonly device: string | null
  /** Threads that the encoder works on. */
  readonly threads: number
  /** Better ones that are not in use, and why. */
  readonly skipped: readonly Skipped<Provider>[]
}

export interface OnnxEncoder extends Encoder {
  readonly provider: ProviderReport
}

export interface OnnxOptions {
  /** The model's folder; its last name is the encoder's id. */
  readonly dir: string
  /** CPU sessions. Default: one per core, at most 8 (about 25 MB each). */
  readonly threads?: number
  /** Tried alone, and kept if it works; without it, the best that works and is faster than the CPU. */
  readonly provider?: string
  /** Tokens; what is longer loses its middle. */
  readonly window?: number
  /** Told when a GPU has failed and the CPU has taken over. */
  readonly onSwitch?: (error: unknown) => void
}

/** Of the weights: `half` keeps more of them than `int8`, and GPUs have no kernels for integer products. */
export type Precision = 'int8' | 'half'

export interface OnnxWorkerData {
  readonly dir: string
  readonly file: string
  readonly window: number
}

/** What looking for a better provider than the CPU may add to the start; one that was asked for gets longer. */
const SEARCH_MS = 1_500
const ASKED_START_MS = 60_000

/** Threads that tokenize for a GPU. */
const MAX_TOKENIZERS = 4

/**
 * Opens the encoder, warmed up. A provider that cannot be used never fails the start: the next one is tried, the CPU last.
 *
 * @throws `unsupported` for an unknown provider name, `internal` when the model folder cannot be used
 */
export async function createOnnxEncoder(options: OnnxOptions): Promise<OnnxEncoder> {
  const dir = resolve(options.dir)
  const window = options.window ?? WINDOW_TOKENS
  const threads = options.threads ?? Math.min(availableParallelism(), 8)
  const tokenizers = Math.min(MAX_TOKENIZERS, availableParallelism())
  const asked = options.provider === undefined ? null : providerOf(options.provider)
  const fileOf = (precision: Precision) => `model.${precision}.onnx`

  async function openCpu(precision: Precision): Promise<Opened> {
    const workerData: OnnxWorkerData = { dir, file: fileOf(precision), window }
    const spawn = () => new Worker(workerFile('./onnx.thread.node', import.meta.url), { workerData, name: 'encoder' })
    const started = await Promise.all(Array.from({ length: threads }, () => startWorker<Measured>(spawn)))
    const pool = createPool(
      started.map(({ worker }) => worker),
      spawn,
    )
    const { dim, textMs } = started[0]!.ready
    return { ...pool, ready: { dim, textMs: textMs / threads } }
  }

  const { provider, opened, skipped } = await chooseProvider<Provider>({
    gpus: PROVIDERS.filter((provider) => provider !== 'cpu' && (asked === null || provider === asked)),
    asked: asked !== null,
    budgetMs: asked === null ? SEARCH_MS : ASKED_START_MS,
    now: () => performance.now(),
    whyNot: (provider) => whyMissing(provider) ?? (asked === null ? whyHopeless() : null),
    openGpu: (provider, startMs) => openGpu({ dir, window, file: fileOf('half'), provider, tokenizers, startMs }),
    openCpu: () => openCpu('int8'),
  })
  const precision = provider === null ? 'int8' : 'half'
  let report: ProviderReport =
    provider === null
      ? { provider: 'cpu', device: null, threads, skipped }
      : { provider, device: deviceOf(provider), threads: 1 + tokenizers, skipped }
  // The same weights on the CPU give the same vectors, which int8 ones would not.
  const serving: Embeds = provider === null ? opened : withStandby(opened, () => openCpu('half'), switchToCpu)

  function switchToCpu(error: unknown): void {
    const reason = `failed while serving: ${messageOf(error)}`
    report = {
      provider: 'cpu',
      device: null,
      threads,
      skipped: [...report.skipped, { provider: report.provider, reason }],
    }
    options.onSwitch?.(error)
  }

  return {
    info: { id: basename(dir), precision, dim: opened.ready.dim, sha256: await sha256Of(join(dir, fileOf(precision))) },
    get provider() {
      return report
    },
    embed: serving.embed,
    close: serving.close,
  }
}

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
