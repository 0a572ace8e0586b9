/**
 * One ONNX session with its tokenizer, in a thread of its own: `run` holds the thread that calls it while it computes.
 * Text in, unit vector out. On the CPU one text per run; on a GPU whatever waits goes in one run.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import type { OnnxWorkerData, OnnxWorkerReady, Provider, Skipped } from './onnx.node.ts'
import type { EmbedJob, WorkerMessage } from './pool.node.ts'
import { createUnigramTokenizer, type Tokenizer } from './unigram.ts'
import { cutTokens } from './window.ts'

/** Texts in one run on a GPU. */
const GPU_BATCH = 32

/** Tokens of a text as long as a usual question; for warming up and for comparing providers. */
const PROBE_TOKENS = 32

type Run = (texts: readonly Int32Array[]) => Promise<Float32Array[]>

async function serve(data: OnnxWorkerData): Promise<void> {
  const send = (message: WorkerMessage<OnnxWorkerReady>) => parentPort!.postMessage(message)
  const tokenizer = createUnigramTokenizer(JSON.parse(readFileSync(join(data.dir, 'tokenizer.json'), 'utf8')))
  const { provider, skipped, run } = await openBest(data)
  const maxBatch = provider === 'cpu' ? 1 : GPU_BATCH
  const waiting: EmbedJob[] = []
  let running = false

  async function drain(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      // Lets the texts that are on their way join this run.
      await new Promise((resolve) => setImmediate(resolve))
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

  parentPort!.on('message', (job: EmbedJob) => {
    waiting.push(job)
    if (!running) void drain()
  })
  const [probe] = await run([tokenize(tokenizer, 'warm up', data.window)])
  send({ type: 'ready', ready: { provider, skipped, dim: probe!.length } })
}

/** An empty text is one unknown token, so that every text has a vector. */
function tokenize(tokenizer: Tokenizer, text: string, window: number): Int32Array {
  const ids = cutTokens(tokenizer.encode(text), window)
  return ids.length > 0 ? ids : Int32Array.of(0)
}

/** The first provider of the list that works and, where asked for, is faster than the CPU. The CPU comes last and always works. */
async function openBest(data: OnnxWorkerData): Promise<{ provider: Provider; skipped: Skipped[]; run: Run }> {
  const skipped: Skipped[] = []
  const cpu = () => open(data, 'cpu', 'model.int8.onnx')
  for (const provider of data.providers) {
    if (provider === 'cpu') break
    const missing = whyMissing(provider)
    if (missing !== null) {
      skipped.push({ provider, reason: missing })
      continue
    }
    try {
      const run = await open(data, provider, 'model.half.onnx')
      const slow = data.compare ? await whySlow(run, await cpu(), data.threads) : null
      if (slow === null) return { provider, skipped, run }
      skipped.push({ provider, reason: slow })
    } catch (error) {
      skipped.push({ provider, reason: messageOf(error) })
    }
  }
  return { provider: 'cpu', skipped, run: await cpu() }
}

/** Known without asking the runtime, which is slow to fail and writes its own lines to stderr. */
function whyMissing(provider: Provider): string | null {
  const backends = ort.listSupportedBackends()
  const backend = backends.find(({ name }) => name === provider)
  if (backend === undefined)
    return `onnxruntime-node has no ${provider} provider on ${process.platform}-${process.arch}`
  if (provider === 'cuda' && !backend.bundled && !existsSync(join(bindingDir(), 'libonnxruntime_providers_cuda.so'))) {
    return `libonnxruntime_providers_cuda.so is not in ${bindingDir()}: install onnxruntime-node with its CUDA libraries`
  }
  if (process.platform === 'linux' && !hasGpuDevice()) return 'no GPU device in /dev (dri, nvidia*, kfd, dxg)'
  return null
}

function bindingDir(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node')
  return join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch)
}

function hasGpuDevice(): boolean {
  return readdirSync('/dev').some((name) => /^(dri|nvidia\d+|kfd|dxg)$/.test(name))
}

async function open(data: OnnxWorkerData, provider: Provider, file: string): Promise<Run> {
  const session = await ort.InferenceSession.create(join(data.dir, file), {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  const run: Run = async (texts) => {
    const width = Math.max(...texts.map((ids) => ids.length))
    const shape = [texts.length, width]
    const ids = new BigInt64Array(texts.length * width)
    const mask = new BigInt64Array(texts.length * width)
    for (const [row, text] of texts.entries()) {
      for (const [column, id] of text.entries()) ids[row * width + column] = BigInt(id)
      mask.fill(1n, row * width, row * width + text.length)
    }
    const feeds = {
      input_ids: new ort.Tensor('int64', ids, shape),
      attention_mask: new ort.Tensor('int64', mask, shape),
    }
    const { sentence_embedding: output } = await session.run(feeds, ['sentence_embedding'])
    if (!(output?.data instanceof Float32Array)) throw new Error(`${file} has no float32 output sentence_embedding`)
    const flat = output.data
    const dim = flat.length / texts.length
    return texts.map((_, row) => flat.slice(row * dim, (row + 1) * dim))
  }
  await run([probe(0)])
  return run
}

/** A GPU must carry a batch in less time than all CPU sessions together need for it: a software or busy one does not. */
async function whySlow(gpu: Run, cpu: Run, threads: number): Promise<string | null> {
  const batch = Array.from({ length: GPU_BATCH }, (_, i) => probe(i))
  await gpu(batch)
  const gpuMs = (await fastest(() => gpu(batch))) / GPU_BATCH
  const cpuMs = (await fastest(() => cpu([probe(0)]))) / threads
  if (gpuMs < cpuMs) return null
  return `works, but slower: ${gpuMs.toFixed(2)} ms a text in batches of ${GPU_BATCH}, the CPU ${cpuMs.toFixed(2)} ms with ${threads} sessions`
}

/** Milliseconds of the fastest of five. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    await work()
    best = Math.min(best, performance.now() - start)
  }
  return best
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
