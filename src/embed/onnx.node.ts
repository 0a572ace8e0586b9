/**
 * The embedded encoder on Node: onnxruntime in worker threads. On the CPU one int8 session per core, each on one thread;
 * on a GPU one half-precision session fed in micro-batches.
 *
 * A model folder holds `model.int8.onnx`, `model.half.onnx` and `tokenizer.json`: graphs from `input_ids` and `attention_mask`
 * [batch, tokens] int64 to `sentence_embedding` [batch, dim] float32 of unit norm.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { listSupportedBackends } from 'onnxruntime-node'
import { SwitchyardError } from '../errors.ts'
import type { Encoder } from '../spec.ts'
import { closeWorker, createPool, type Spawn, startWorker, workerFile } from './pool.node.ts'
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
  readonly file: string
  readonly provider: Provider
  readonly window: number
}

export interface OnnxWorkerReady {
  readonly dim: number
  /** Milliseconds that a question of 32 tokens takes, on a GPU in a full batch. */
  readonly textMs: number
}

/** What looking for a better provider than the CPU may add to the start; one that was asked for gets longer. */
const SEARCH_MS = 1_500
const ASKED_START_MS = 60_000

/**
 * Opens the encoder, warmed up. A provider that cannot be used never fails the start: the next one is tried, the CPU last.
 *
 * @throws `unsupported` for an unknown provider name, `internal` when the model folder cannot be used
 */
export async function createOnnxEncoder(options: OnnxOptions): Promise<OnnxEncoder> {
  const dir = resolve(options.dir)
  const threads = options.threads ?? Math.min(availableParallelism(), 8)
  const asked = options.provider === undefined ? null : providerOf(options.provider)
  const skipped: Skipped[] = []

  function spawn(provider: Provider): Spawn {
    const window = options.window ?? WINDOW_TOKENS
    const workerData: OnnxWorkerData = { dir, file: `model.${precisionOf(provider)}.onnx`, provider, window }
    return () => new Worker(workerFile('./onnx.thread.node', import.meta.url), { workerData, name: 'encoder' })
  }

  async function startGpu(): Promise<{ provider: Provider; worker: Worker; ready: OnnxWorkerReady } | null> {
    const deadline = performance.now() + (asked === null ? SEARCH_MS : ASKED_START_MS)
    for (const provider of asked === null ? PROVIDERS : [asked]) {
      if (provider === 'cpu') continue
      const missing = whyMissing(provider) ?? (asked === null ? whyHopeless() : null)
      try {
        if (missing === null) {
          return { provider, ...(await startWorker<OnnxWorkerReady>(spawn(provider), deadline - performance.now())) }
        }
        skipped.push({ provider, reason: missing })
      } catch (error) {
        skipped.push({ provider, reason: error instanceof Error ? error.message : String(error) })
      }
    }
    return null
  }

  const startCpu = () => Promise.all(Array.from({ length: threads }, () => startWorker<OnnxWorkerReady>(spawn('cpu'))))

  async function open(
    provider: Provider,
    started: readonly { worker: Worker; ready: OnnxWorkerReady }[],
  ): Promise<OnnxEncoder> {
    const precision = precisionOf(provider)
    const sha256 = await sha256Of(join(dir, `model.${precision}.onnx`))
    const workers = started.map(({ worker }) => worker)
    return {
      info: { id: basename(dir), precision, dim: started[0]!.ready.dim, sha256 },
      provider: { provider, threads: started.length, skipped },
      ...createPool(workers, spawn(provider)),
    }
  }

  const gpu = await startGpu()
  if (gpu !== null && asked !== null) return open(gpu.provider, [gpu])
  const cpu = await startCpu()
  if (gpu === null) return open('cpu', cpu)

  // A software renderer or a small GPU works too, but all CPU sessions together carry more.
  const cpuMs = cpu[0]!.ready.textMs / threads
  const gpuWins = gpu.ready.textMs < cpuMs
  for (const { worker } of gpuWins ? cpu : [gpu]) void closeWorker(worker)
  if (gpuWins) return open(gpu.provider, [gpu])
  const figures = `${gpu.ready.textMs.toFixed(2)} ms a text, the CPU ${cpuMs.toFixed(2)} ms with ${threads} sessions`
  skipped.push({ provider: gpu.provider, reason: `works, but is slower here: ${figures}` })
  return open('cpu', cpu)
}

/** Integer products have no GPU kernels. */
function precisionOf(provider: Provider): 'int8' | 'half' {
  return provider === 'cpu' ? 'int8' : 'half'
}

/** Known without opening a session, which is slow to fail and writes lines of its own to stderr. */
function whyMissing(provider: Provider): string | null {
  const backend = listSupportedBackends().find(({ name }) => name === provider)
  if (backend === undefined)
    return `onnxruntime-node has no ${provider} provider on ${process.platform}-${process.arch}`
  const main = createRequire(import.meta.url).resolve('onnxruntime-node')
  const binaries = join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch)
  if (provider === 'cuda' && !backend.bundled && !existsSync(join(binaries, 'libonnxruntime_providers_cuda.so'))) {
    return `libonnxruntime_providers_cuda.so is not in ${binaries}: install onnxruntime-node with its CUDA libraries`
  }
  return null
}

/** Why no GPU need be looked for. */
function whyHopeless(): string | null {
  if (process.platform !== 'linux' || readdirSync('/dev').some((name) => /^(dri|nvidia\d+|kfd|dxg)$/.test(name)))
    return null
  return 'there is no GPU device in /dev (dri, nvidia*, kfd, dxg)'
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
