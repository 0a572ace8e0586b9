/** The threads and batches of a GPU, tried on the CPU: onnxruntime runs the same graph there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gpu, openGpu } from './gpu.node.ts'
import { createOnnxEncoder } from './onnx.node.ts'
import { withStandby } from './standby.ts'

const options = {
  dir: 'models/use-lite',
  file: 'model.half.onnx',
  provider: 'cpu',
  window: 128,
  tokenizers: 2,
  startMs: 60_000,
  hangMs: 60_000,
}
const TEXTS = Array.from({ length: 70 }, (_, i) => `${'word '.repeat(1 + ((i * 7) % 40))}${i}`)

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

describe('a session that takes many texts at once', () => {
  let gpu: Gpu
  beforeAll(async () => {
    gpu = await openGpu(options)
  })
  afterAll(() => gpu.close())

  it('gives each text its own vector, whatever came beside it', async () => {
    const together = await gpu.embed(TEXTS)
    expect(together).toHaveLength(TEXTS.length)
    const [alone] = await gpu.embed([TEXTS[67]!])
    expect(cosine(together[67]!, alone!)).toBeGreaterThan(0.999_99)
    expect(together.every((vector) => vector.length === 512 && vector.buffer.byteLength === 2048)).toBe(true)
  })

  it('gives nearly the vectors of int8', async () => {
    const int8 = await createOnnxEncoder({ dir: options.dir, threads: 1, provider: 'cpu' })
    const some = TEXTS.slice(0, 20)
    const [half, whole] = await Promise.all([gpu.embed(some), int8.embed(some)])
    expect(Math.min(...half.map((vector, i) => cosine(vector, whole[i]!)))).toBeGreaterThan(0.99)
    await int8.close()
  })

  it('answers calls that come at once, each its own', async () => {
    const answers = await Promise.all(TEXTS.slice(0, 40).map((text) => gpu.embed([text])))
    const together = await gpu.embed(TEXTS.slice(0, 40))
    for (const [i, [vector]] of answers.entries()) expect(cosine(vector!, together[i]!)).toBeGreaterThan(0.999_99)
    expect(await gpu.embed([])).toEqual([])
  })
})

it('a model that cannot be opened rejects with the reason', async () => {
  await expect(openGpu({ ...options, file: 'nothing.onnx' })).rejects.toThrow('cannot be opened')
})

it('what is under way when the session hangs is embedded by the one that stands by', async () => {
  const gpu = await openGpu({ ...options, hangMs: 1 })
  const cpu = await createOnnxEncoder({ dir: options.dir, threads: 1, provider: 'cpu' })
  const reasons: unknown[] = []
  const encoder = withStandby(
    gpu,
    async () => cpu,
    (error) => reasons.push(error),
  )
  // Longer than the millisecond that is waited for.
  const vectors = await encoder.embed(TEXTS)
  expect(vectors).toHaveLength(TEXTS.length)
  expect(vectors[3]).toEqual((await cpu.embed([TEXTS[3]!]))[0])
  expect(String(reasons[0])).toContain('it gave no answer for 1 ms')
  await expect(gpu.embed(['more'])).rejects.toThrow('it gave no answer')
  await encoder.close()
})

it('rejects what is under way when it is closed', async () => {
  const gpu = await openGpu(options)
  const rejected = expect(gpu.embed(TEXTS)).rejects.toThrow('it was closed')
  await gpu.close()
  await rejected
})
