/**
 * The Worker of the benchmark: the product's own, and beside it what a benchmark has to ask. Told by the variable ENCODER
 * to keep the encoder in a Durable Object, it gives it to the product as the binding that the driver `workers-ai` calls.
 */
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
import { openWebEncoder } from '../../src/compose/encoder.web.ts'
import { once } from '../../src/compose/once.ts'
import { createUnigramTokenizer } from '../../src/embed/unigram.ts'
import type { Encoder } from '../../src/spec.ts'
import {
  createWorker as createProduct,
  type Env,
  OnlineState as ProductState,
  type WorkerOptions,
} from '../../src/worker.ts'

const memories: WebAssembly.Memory[] = []
observeMemory()

/** Every instance of WebAssembly leaves its memory here. */
function observeMemory(): void {
  const { instantiate } = WebAssembly
  Object.assign(WebAssembly, {
    instantiate: async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
      const instance = await instantiate(module, imports)
      const shared = [instance.exports, ...Object.values(imports)].flatMap((names) => Object.values(names))
      memories.push(...shared.filter((value) => value instanceof WebAssembly.Memory))
      return instance
    },
  })
}

function encoderOf(env: Env): () => Encoder | Promise<Encoder> {
  const settings = { driver: 'onnx', provider: 'auto', timeoutMs: 50, maxPending: 256, cacheEntries: 1 } as const
  const parts = { asset: (path: string) => env.ASSETS.fetch(`https://assets.local/${path}`), wasm, ai: null, fetch }
  const options = { keepAlive: () => {}, patienceMs: 60_000 }
  return once(async () => (await openWebEncoder(settings, parts, options))!, options)
}

/** The product's object, and another encoder behind it. */
export class OnlineState extends ProductState {
  readonly #encoder = encoderOf(this.env)

  async embed(texts: readonly string[]): Promise<{ data: number[][] }> {
    const vectors = await (await this.#encoder()).embed(texts)
    return { data: vectors.map((vector) => Array.from(vector)) }
  }
}

/** A stub belongs to the request that got it, so each call gets its own. */
function objectOf({ STATE }: Env): DurableObjectStub<OnlineState> {
  return STATE.get(STATE.idFromName('encoder')) as DurableObjectStub<OnlineState>
}

export function createWorker(options: WorkerOptions): ExportedHandler<Env> {
  const product = createProduct(options)
  let alone: (() => Encoder | Promise<Encoder>) | null = null
  return {
    async fetch(request, env, context) {
      const { pathname } = new URL(request.url)
      const ai = { run: (_: string, { text }: { text: readonly string[] }) => objectOf(env).embed(text) }
      switch (pathname) {
        case '/bench/nothing':
          await request.text()
          return new Response()
        case '/bench/memory':
          return Response.json(memories.map(({ buffer }) => buffer.byteLength))
        case '/bench/embed': {
          const text = await request.text()
          alone ??= encoderOf(env)
          if (env.ENCODER === 'durable') await ai.run('', { text: [text] })
          else await (await alone()).embed([text])
          return new Response()
        }
        case '/bench/read':
          await (await env.ASSETS.fetch('https://assets.local/use-lite/model.int8.onnx')).arrayBuffer()
          return new Response()
        case '/bench/tokenizer':
          createUnigramTokenizer(await (await env.ASSETS.fetch('https://assets.local/use-lite/tokenizer.json')).json())
          return new Response()
        default:
          return product.fetch!(request, env.ENCODER === 'durable' ? { ...env, AI: ai } : env, context)
      }
    },
  }
}
