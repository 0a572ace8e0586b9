/** The encoder that the configuration asks for, where there are no files and no threads. */
import { createFetchTransport } from '../call/fetch.ts'
import type { Config } from '../config/config.ts'
import { createWebEncoder } from '../embed/onnx.web.ts'
import { createRemoteEncoder } from '../embed/remote.ts'
import { createWorkersAiEncoder, isWorkersAi } from '../embed/workersAi.ts'
import { SwitchyardError } from '../errors.ts'
import type { Encoder, EncoderInfo } from '../spec.ts'
import { type OnceOptions, once } from './once.ts'

export interface WebEncoderParts {
  /** Reads a file of the folder `models`. Rejects when it is not deployed. */
  readonly asset: (path: string) => Promise<Response>
  readonly wasm: WebAssembly.Module
  /** The binding to Workers AI, if there is one. */
  readonly ai: unknown
  readonly fetch: typeof globalThis.fetch
}

/**
 * `null` where the configuration says `none`. Throws `unsupported` for a driver that cannot be served here, saying what to do.
 * No model is loaded before the first text.
 */
export async function openWebEncoder(
  settings: Config['encoder'],
  parts: WebEncoderParts,
  options: OnceOptions,
): Promise<Encoder | null> {
  const encoder = await openDriver(settings, parts, options)
  return encoder && keptAlive(encoder, options)
}

async function openDriver(
  settings: Config['encoder'],
  { asset, wasm, ai, fetch }: WebEncoderParts,
  options: OnceOptions,
): Promise<Encoder | null> {
  switch (settings.driver) {
    case 'none':
      return null
    case 'onnx':
      return createAssetEncoder(
        {
          info: await (await asset('use-lite/encoder.json')).json(),
          wasm,
          model: async () => new Uint8Array(await (await asset('use-lite/model.int8.onnx')).arrayBuffer()),
          tokenizer: async () => (await asset('use-lite/tokenizer.json')).json(),
        },
        options,
      )
    case 'remote':
      return createRemoteEncoder({ ...settings, transport: createFetchTransport(fetch) })
    case 'workers-ai':
      if (isWorkersAi(ai)) return createWorkersAiEncoder(ai, settings)
      throw new SwitchyardError(
        'unsupported',
        'encoder.driver: "workers-ai" needs the binding AI, which this Worker does not have. Add `[ai]` with `binding = "AI"` to wrangler.toml and deploy again.',
      )
    case 'transformers':
      throw new SwitchyardError(
        'unsupported',
        'encoder.driver: "transformers" is served on Node only. In a Worker take "onnx" (the embedded encoder), "remote", "workers-ai" or "none".',
      )
  }
}

interface EncoderAssets {
  /** What the model file must be. */
  readonly info: EncoderInfo
  readonly model: () => Promise<Uint8Array>
  readonly tokenizer: () => Promise<unknown>
  readonly wasm: WebAssembly.Module
}

/** The embedded encoder, from the assets at the first text, so that no request waits for it at the start. */
function createAssetEncoder({ info, model, tokenizer, wasm }: EncoderAssets, options: OnceOptions): Encoder {
  const opened = once(async () => {
    const [bytes, words] = await Promise.all([model(), tokenizer()])
    const encoder = await createWebEncoder({ id: info.id, wasm, model: bytes, tokenizer: words })
    if (encoder.info.sha256 !== info.sha256) {
      throw new SwitchyardError('internal', `The model file of "${info.id}" is not the one that was deployed with it.`)
    }
    return encoder
  }, options)
  return {
    info,
    embed: async (texts) => (await opened()).embed(texts),
    close: async () => (await opened()).close(),
  }
}

/**
 * A request that gave up on its vector may end before it is there. The work goes on, because other requests may wait for
 * the same text, and because nobody would count it as ended otherwise.
 */
function keptAlive(encoder: Encoder, { keepAlive }: OnceOptions): Encoder {
  return {
    ...encoder,
    embed(texts) {
      const work = encoder.embed(texts)
      keepAlive(work.catch(() => undefined))
      return work
    },
  }
}
