/** What an ONNX sentence encoder does with tokens, whatever runs the graph: onnxruntime's native and WASM builds have one API. */
import type { InferenceSession, TypedTensor } from 'onnxruntime-common'
import type { Tokenizer } from './unigram.ts'
import { cutTokens } from './window.ts'

/** Tokens of some texts to their vectors, in one run. Texts are padded to `width` tokens, or to the longest of them. */
export type Run = (texts: readonly Int32Array[], width?: number) => Promise<Float32Array[]>

type Int64Tensor = new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => TypedTensor<'int64'>

/**
 * Runs graphs from `input_ids` and `attention_mask` [batch, tokens] int64 to `sentence_embedding` [batch, dim] float32 of
 * unit norm. Shorter texts are padded and masked.
 */
export function createRun(session: Pick<InferenceSession, 'run'>, Tensor: Int64Tensor): Run {
  return async (texts, width = Math.max(...texts.map((ids) => ids.length))) => {
    const shape = [texts.length, width]
    const ids = new BigInt64Array(texts.length * width)
    const mask = new BigInt64Array(texts.length * width)
    for (const [row, text] of texts.entries()) {
      for (const [column, id] of text.entries()) ids[row * width + column] = BigInt(id)
      mask.fill(1n, row * width, row * width + text.length)
    }
    const feeds = { input_ids: new Tensor('int64', ids, shape), attention_mask: new Tensor('int64', mask, shape) }
    const { sentence_embedding: output } = await session.run(feeds, ['sentence_embedding'])
    if (!(output?.data instanceof Float32Array)) throw new Error('the model has no float32 output sentence_embedding')
    const flat = output.data
    const dim = flat.length / texts.length
    return texts.map((_, row) => flat.slice(row * dim, (row + 1) * dim))
  }
}

/** At most `window` tokens, head and tail kept. An empty text is one unknown token, so that every text has a vector. */
export function tokenize(tokenizer: Tokenizer, text: string, window: number): Int32Array {
  const ids = cutTokens(tokenizer.encode(text), window)
  return ids.length > 0 ? ids : Int32Array.of(0)
}
