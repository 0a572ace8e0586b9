/** The embedded encoder inside an isolate: from its assets at the first text, so that no request waits for it at the start. */

import { createWebEncoder } from '../embed/onnx.web.ts'
import { SwitchyardError } from '../errors.ts'
import type { Encoder, EncoderInfo } from '../spec.ts'
import { type OnceOptions, once } from './once.ts'

export interface EncoderAssets {
  /** What the model file must be. */
  readonly info: EncoderInfo
  readonly model: () => Promise<Uint8Array>
  readonly tokenizer: () => Promise<unknown>
  readonly wasm: WebAssembly.Module
}

export function createAssetEncoder({ info, model, tokenizer, wasm }: EncoderAssets, options: OnceOptions): Encoder {
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
