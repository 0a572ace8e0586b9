/** A thread that tokenizes for the session of a GPU: one text takes about as long as its share of a run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { TextJob, TokenizerData, TokenJob } from './gpu.node.ts'
import { CLOSE } from './pool.node.ts'
import { tokenize } from './session.ts'
import { createUnigramTokenizer } from './unigram.ts'

const { dir, window, session }: TokenizerData & { readonly session: MessagePort } = workerData
const tokenizer = createUnigramTokenizer(JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')))

parentPort!.on('message', (message: TextJob | typeof CLOSE) => {
  if (message === CLOSE) {
    session.close()
    parentPort!.close()
    return
  }
  const { id, texts } = message
  const tokens = texts.map((text) => tokenize(tokenizer, text, window))
  const lengths = Int32Array.from(tokens, ({ length }) => length)
  const ids = new Int32Array(lengths.reduce((sum, length) => sum + length, 0))
  let start = 0
  for (const one of tokens) {
    ids.set(one, start)
    start += one.length
  }
  session.postMessage({ id, ids, lengths } satisfies TokenJob, [ids.buffer, lengths.buffer])
})
