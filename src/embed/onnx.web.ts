/**
 * The embedded encoder in WebAssembly: onnxruntime-web, SIMD, one thread, the same int8 file as on Node. For runtimes
 * that compile no WebAssembly at run time: the module is compiled at deployment and given here.
 */
import * as ort from 'onnxruntime-web/wasm'
import { sha256Hex } from '../bytes.ts'
import type { Encoder } from '../spec.ts'
import { createRun, tokenize } from './session.ts'
import { createUnigramTokenizer } from './unigram.ts'
import { WINDOW_TOKENS } from './window.ts'

export interface WebEncoderOptions {
  /** The encoder's id, which policies name. */
  readonly id: string
  /** `ort-wasm-simd-threaded.wasm` of the installed onnxruntime-web. */
  readonly wasm: WebAssembly.Module
  /** `model.int8.onnx`. */
  readonly model: Uint8Array
  /** `tokenizer.json`, parsed. */
  readonly tokenizer: unknown
}

/** Opens the encoder and runs it once, so that the first request does not pay for it. Rejects when the model cannot be used. */
export async function createWebEncoder({ id, wasm, model, tokenizer }: WebEncoderOptions): Promise<Encoder> {
  const sha256 = await sha256Hex(model)
  const session = await openSession(wasm, model)
  const run = createRun(session, ort.Tensor)
  const words = createUnigramTokenizer(tokenizer)
  const embedOne = async (text: string) => (await run([tokenize(words, text, WINDOW_TOKENS)]))[0]!
  const { length: dim } = await embedOne('')
  return {
    info: { id, precision: 'int8', dim, sha256 },
    async embed(texts) {
      const vectors: Float32Array[] = []
      // One after the other: a run holds the thread anyway, and a vector must not depend on what it was batched with.
      for (const text of texts) vectors.push(await embedOne(text))
      return vectors
    },
    close: () => session.release(),
  }
}

/**
 * onnxruntime-web brings its glue code along but compiles the WebAssembly from bytes, which these runtimes forbid: it is
 * given a byte that it does not look at, and gets the compiled module when it asks for an instance of it.
 */
async function openSession(wasm: WebAssembly.Module, model: Uint8Array): Promise<ort.InferenceSession> {
  const { instantiate } = WebAssembly
  Object.assign(WebAssembly, {
    instantiate: async (source: unknown, imports: WebAssembly.Imports) =>
      source instanceof WebAssembly.Module
        ? instantiate(source, imports)
        : { module: wasm, instance: await instantiate(wasm, imports) },
  })
  try {
    Object.assign(ort.env.wasm, { numThreads: 1, proxy: false, wasmBinary: new ArrayBuffer(1) })
    ort.env.logLevel = 'error'
    // The graph was optimised when it was quantised: doing it again changes no vector, speeds no run up and takes a third of the opening.
    return await ort.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'disabled',
    })
  } finally {
    Object.assign(WebAssembly, { instantiate })
  }
}
