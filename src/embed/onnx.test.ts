import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeEncoder } from './doctor.node.ts'
import { createOnnxEncoder, type OnnxEncoder, type OnnxWorkerData } from './onnx.node.ts'
import { createPool, startWorker, workerFile } from './pool.node.ts'
import type { Measured } from './probe.ts'

const DIR = 'models/use-lite'
const TEXTS = [
  'What is 2 + 2?',
  '',
  '你好',
  'x '.repeat(5000),
  'How do I cook rice?',
  'What is the best way of cooking rice?',
]

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

describe('createOnnxEncoder', () => {
  let encoder: OnnxEncoder
  beforeAll(async () => {
    encoder = await createOnnxEncoder({ dir: DIR, threads: 2 })
  })
  afterAll(() => encoder.close())

  it('says which model it is, by the hash of the file in use', () => {
    const file = readFileSync(join(DIR, `model.${encoder.info.precision}.onnx`))
    expect(encoder.info).toMatchObject({
      id: 'use-lite',
      dim: 512,
      sha256: createHash('sha256').update(file).digest('hex'),
    })
  })

  it('is what the Worker is told of it, which cannot ask for the hash of a file it has not read yet', async () => {
    const onCpu = await createOnnxEncoder({ dir: DIR, threads: 1, provider: 'cpu' })
    await onCpu.close()
    expect(JSON.parse(readFileSync(join(DIR, 'encoder.json'), 'utf8'))).toEqual(onCpu.info)
  })

  it('gives a text one unit vector, alone or beside others', async () => {
    const together = await encoder.embed(TEXTS)
    const repeated = await Promise.all([...TEXTS, ...TEXTS].map((text) => encoder.embed([text])))
    for (const [i, vector] of together.entries()) {
      expect(vector).toHaveLength(512)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
      expect(repeated[i]![0]).toEqual(vector)
      expect(repeated[i + TEXTS.length]![0]).toEqual(vector)
    }
  })

  it('puts texts that mean the same near each other', async () => {
    const [sum, , , , rice, alsoRice] = await encoder.embed(TEXTS)
    expect(dot(rice!, alsoRice!)).toBeGreaterThan(dot(rice!, sum!) + 0.3)
  })

  it('reports the provider in use and a reason for every better one', async () => {
    const report = await describeEncoder(encoder)
    expect(report.medianMs).toBeGreaterThan(0)
    if (report.provider === 'cpu') {
      expect(report.threads).toBe(2)
      expect(report.skipped.map(({ provider }) => provider)).toEqual(['cuda', 'coreml', 'webgpu', 'dml'])
    }
    for (const { reason } of report.skipped) expect(reason.length).toBeGreaterThan(10)
  })

  it('falls back to the CPU when the asked provider cannot be used, and says why', async () => {
    const impossible = process.platform === 'win32' ? 'coreml' : 'dml'
    const fallen = await createOnnxEncoder({ dir: DIR, threads: 1, provider: impossible })
    expect(fallen.provider).toMatchObject({ provider: 'cpu', skipped: [{ provider: impossible }] })
    expect(await fallen.embed(['hello'])).toEqual(await encoder.embed(['hello']))
    await fallen.close()
  })

  it('refuses an unknown provider and a folder without a model', async () => {
    await expect(createOnnxEncoder({ dir: DIR, provider: 'cudaa' })).rejects.toThrow(
      "Execution provider 'cudaa' is not known",
    )
    const empty = mkdtempSync(join(tmpdir(), 'encoder-'))
    await expect(createOnnxEncoder({ dir: empty })).rejects.toThrow(`the model in ${empty} cannot be opened`)
  })

  it('rejects what is under way when it is closed, and what comes after', async () => {
    const closing = await createOnnxEncoder({ dir: DIR, threads: 1 })
    const rejected = expect(closing.embed(['a', 'b'])).rejects.toThrow('closed')
    await closing.close()
    await rejected
    await expect(closing.embed(['c'])).rejects.toThrow('closed')
  })
})

describe('an idle session that dies', () => {
  it('is replaced, and the next text gets the same vector', async () => {
    const workerData: OnnxWorkerData = { dir: DIR, file: 'model.int8.onnx', window: 128 }
    const started: Worker[] = []
    const spawn = () => {
      started.push(new Worker(workerFile('./onnx.thread.node', import.meta.url), { workerData }))
      return started.at(-1)!
    }
    const { worker } = await startWorker<Measured>(spawn)
    const pool = createPool([worker], spawn)
    const before = await pool.embed(['the same text'])
    await worker.terminate()
    expect(await pool.embed(['the same text'])).toEqual(before)
    expect(started).toHaveLength(2)
    await pool.close()
  })
})
