import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { createPool, type Pool, startWorker } from './pool.node.ts'

/** A worker that answers with the length of the text, dies of 'crash', fails on 'fail' and is silent on 'hang'. */
const WORKER = `
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', (message) => {
    if (message === 'close') return parentPort.close()
    const { id, text } = message
    if (text === 'crash') throw new Error('out of memory')
    if (text === 'hang') return
    if (text === 'fail') return parentPort.postMessage({ type: 'failed', id, message: 'bad text' })
    setTimeout(() => parentPort.postMessage({ type: 'vector', id, vector: Float32Array.of(text.length) }), 5)
  })
  parentPort.postMessage({ type: 'ready', ready: null })
`

async function poolOf(size: number): Promise<{ pool: Pool; started: Worker[]; code: { of: string } }> {
  const started: Worker[] = []
  const code = { of: WORKER }
  const spawn = () => {
    started.push(new Worker(code.of, { eval: true }))
    return started.at(-1)!
  }
  const first = await Promise.all(Array.from({ length: size }, () => startWorker(spawn)))
  return {
    pool: createPool(
      first.map(({ worker }) => worker),
      spawn,
    ),
    started,
    code,
  }
}

it('answers in the order of the texts, whichever worker had them', async () => {
  const { pool } = await poolOf(3)
  const texts = Array.from({ length: 40 }, (_, i) => 'x'.repeat(i))
  expect((await pool.embed(texts)).map((vector) => vector[0])).toEqual(texts.map((text) => text.length))
  await pool.close()
})

it('rejects only what was on the worker that crashed, and replaces it', async () => {
  const { pool, started } = await poolOf(2)
  const answers = await Promise.allSettled(['crash', 'fine', 'lost', 'fine too'].map((text) => pool.embed([text])))
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
  expect(answers[0]).toMatchObject({ reason: { code: 'internal', message: expect.stringContaining('out of memory') } })
  expect(await pool.embed(['a', 'bb', 'ccc'])).toEqual([1, 2, 3].map((n) => Float32Array.of(n)))
  expect(started).toHaveLength(3)
  await pool.close()
})

it('rejects a text that a worker could not embed, and keeps the worker', async () => {
  const { pool, started } = await poolOf(1)
  await expect(pool.embed(['fail'])).rejects.toThrow('bad text')
  expect(await pool.embed(['ok'])).toEqual([Float32Array.of(2)])
  expect(started).toHaveLength(1)
  await pool.close()
})

it('does not start workers over and over when they cannot start, but tries again for the next text', async () => {
  const { pool, started, code } = await poolOf(1)
  code.of = 'throw new Error("no memory")'
  await expect(pool.embed(['crash'])).rejects.toThrow('out of memory')
  await new Promise((resolve) => started[1]!.once('exit', resolve))
  await expect(pool.embed(['a'])).rejects.toThrow('no memory')
  expect(started).toHaveLength(3)
  code.of = WORKER
  expect(await pool.embed(['a'])).toEqual([Float32Array.of(1)])
  expect(started).toHaveLength(4)
  await pool.close()
})

it('rejects what is under way when it is closed, ends its workers, and takes nothing more', async () => {
  const { pool, started } = await poolOf(2)
  const rejected = expect(pool.embed(['hang', 'hang'])).rejects.toThrow('closed')
  await pool.close()
  await rejected
  await expect(pool.embed(['a'])).rejects.toThrow('closed')
  expect(started.map(({ threadId }) => threadId)).toEqual([-1, -1])
})

it('does not wait for a worker longer than asked', async () => {
  const hung = () => new Worker("require('node:worker_threads').parentPort.once('message', () => {})", { eval: true })
  await expect(startWorker(hung, 50)).rejects.toThrow('did not start within 50 ms')
})

it('lets the process end without being closed, but not before its texts are answered', () => {
  const script = join(mkdtempSync(join(tmpdir(), 'encoder-')), 'script.mjs')
  const module = new URL('./onnx.node.ts', import.meta.url)
  writeFileSync(
    script,
    `import { createOnnxEncoder } from '${module}'
    const encoder = await createOnnxEncoder({ dir: 'models/use-lite', threads: 2, provider: 'cpu' })
    const [vector] = await encoder.embed(['hello'])
    console.log(vector.length)`,
  )
  const output = execFileSync(process.execPath, [script], { timeout: 20_000, encoding: 'utf8' })
  expect(output.trim()).toBe('512')
})
