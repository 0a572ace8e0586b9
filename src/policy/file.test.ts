import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../bytes.ts'
import type { EstimatorState, PolicyManifest, Tensor } from '../spec.ts'
import { decodePolicy, encodePolicy } from './file.ts'

const manifest: PolicyManifest = {
  format: 1,
  estimator: { name: 'knn', version: 1, params: {} },
  guard: { shrink: 0.5, minSupport: 0.1, quality: [0.5, 0.75], outputTokens: [100, 200], evidence: { gain: 0.01 } },
  planner: { name: 'utility', options: {} },
  encoder: { id: 'use-lite', precision: 'int8', dim: 512, sha256: 'a'.repeat(64) },
  features: ['chars', 'turns'],
  candidates: ['small', 'größer'],
  trainedOn: { source: 'test', rows: 2, sha256: 'b'.repeat(64), createdAt: '2026-01-01T00:00:00.000Z' },
  metrics: {},
}
const state: EstimatorState = {
  params: { k: 20, bandwidth: 0.1 + 0.2 },
  tensors: {
    rows: { dtype: 'I32', shape: [3], data: Int32Array.of(1, -2, 2147483647) },
    vectors: { dtype: 'F32', shape: [1, 3], data: Float32Array.of(0.1, Number.NaN, -0) },
    targets: { dtype: 'F64', shape: [2, 2], data: Float64Array.of(0.1, Number.POSITIVE_INFINITY, 1e-320, Number.NaN) },
    none: { dtype: 'F64', shape: [0, 4], data: new Float64Array(0) },
  },
}
const rawBytes = (tensor: Tensor) => [
  ...new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength),
]
const damage = { name: 'SwitchyardError', code: 'policy_damaged' }

describe('a policy file', () => {
  it('comes back as it went in, bit for bit', async () => {
    const bytes = encodePolicy(manifest, state)
    const policy = await decodePolicy(bytes)
    expect(policy.id).toBe(await sha256Hex(bytes))
    expect(policy.manifest).toEqual({ ...manifest, estimator: { ...manifest.estimator, params: state.params } })
    expect(policy.state.params).toEqual(state.params)
    for (const [name, tensor] of Object.entries(state.tensors)) {
      const back = policy.state.tensors[name]!
      expect([back.dtype, back.shape, rawBytes(back)]).toEqual([tensor.dtype, tensor.shape, rawBytes(tensor)])
    }
    expect(encodePolicy(policy.manifest, policy.state)).toEqual(bytes)
  })

  it('round-trips any tensors', () =>
    fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.stringMatching(/^[a-z.]{1,8}$/),
          fc.oneof(fc.float32Array(), fc.float64Array(), fc.int32Array()),
        ),
        async (arrays) => {
          const tensors = Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, toTensor(data)]))
          const { state: back } = await decodePolicy(encodePolicy(manifest, { params: {}, tensors }))
          expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(tensors).sort())
          for (const [name, tensor] of Object.entries(tensors))
            expect(rawBytes(back.tensors[name]!)).toEqual(rawBytes(tensor))
        },
      ),
      { numRuns: 50 },
    ))

  it('has the same bytes whatever the order of keys', () => {
    const reversed: EstimatorState = {
      params: Object.fromEntries(Object.entries(state.params).reverse()),
      tensors: Object.fromEntries(Object.entries(state.tensors).reverse()),
    }
    const { format, guard, ...rest } = manifest
    const turned: PolicyManifest = { ...rest, guard, format }
    expect(encodePolicy(turned, reversed)).toEqual(encodePolicy(manifest, state))
  })

  it('is laid out as safetensors: wide tensors first, no gaps, data on a multiple of 8', () => {
    const bytes = encodePolicy(manifest, state)
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect((8 + length) % 8).toBe(0)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    expect(header.none.data_offsets).toEqual([0, 0])
    expect(header.targets).toEqual({ dtype: 'F64', shape: [2, 2], data_offsets: [0, 32] })
    expect(header.rows.data_offsets).toEqual([32, 44])
    expect(header.vectors.data_offsets).toEqual([44, 56])
    expect(new DataView(bytes.buffer).getInt32(8 + length + 36, true)).toBe(-2)
  })

  it('is refused when cut anywhere, also without an expected id', async () => {
    const bytes = encodePolicy(manifest, state)
    for (let end = 0; end < bytes.length; end++)
      await expect(decodePolicy(bytes.slice(0, end)), `cut at ${end}`).rejects.toMatchObject(damage)
    await expect(decodePolicy(new Uint8Array([...bytes, 0]))).rejects.toMatchObject(damage)
  })

  it('is refused when any bit is flipped', async () => {
    const bytes = encodePolicy(manifest, state)
    const expectedId = await sha256Hex(bytes)
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice()
      flipped[at]! ^= 1 << (at % 8)
      await expect(decodePolicy(flipped, { expectedId }), `flipped at ${at}`).rejects.toMatchObject(damage)
      // Without an id a flip may go unseen inside values, but never under the undamaged policy's name.
      const other = await decodePolicy(flipped).catch((error: unknown) => error)
      if (other instanceof Error) expect(other).toMatchObject(damage)
      else expect(other).not.toMatchObject({ id: expectedId })
    }
  })

  it.each([
    ['offsets beyond the file', { a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, 4],
    [
      'offsets that overlap',
      { a: { dtype: 'I32', shape: [1], data_offsets: [0, 4] }, b: { dtype: 'I32', shape: [1], data_offsets: [0, 4] } },
      4,
    ],
    ['a gap', { a: { dtype: 'I32', shape: [1], data_offsets: [4, 8] } }, 8],
    ['a shape of another size', { a: { dtype: 'I32', shape: [3], data_offsets: [0, 8] } }, 8],
    ['a shape that overflows', { a: { dtype: 'I32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 8] } }, 8],
    ['an unknown dtype', { a: { dtype: 'F16', shape: [2], data_offsets: [0, 4] } }, 4],
    ['bytes that no tensor claims', {}, 8],
    [
      'a misaligned wide tensor',
      { a: { dtype: 'I32', shape: [1], data_offsets: [0, 4] }, b: { dtype: 'F64', shape: [1], data_offsets: [4, 12] } },
      12,
    ],
  ])('is refused with %s', async (_what, tensors, size) => {
    const header = { __metadata__: { format: 'switchyard-policy', manifest: JSON.stringify(manifest) }, ...tensors }
    await expect(decodePolicy(container(header, size))).rejects.toMatchObject(damage)
  })

  it('is refused when it is another safetensors file or of a later format', async () => {
    await expect(decodePolicy(container({ __metadata__: { format: 'pt' } }, 0))).rejects.toMatchObject(damage)
    await expect(decodePolicy(container({}, 0))).rejects.toMatchObject(damage)
    const later = JSON.stringify({ ...manifest, format: 2 })
    const header = { __metadata__: { format: 'switchyard-policy', manifest: later } }
    await expect(decodePolicy(container(header, 0))).rejects.toThrow(/format/)
  })

  it('is refused when the guard does not match the candidates', async () => {
    const short = encodePolicy({ ...manifest, guard: { ...manifest.guard, quality: [0.5] } }, state)
    await expect(decodePolicy(short)).rejects.toThrow(/one entry per candidate/)
  })

  it('is not written with a tensor that does not fill its shape, nor with NaN among the parameters', () => {
    const bad: Tensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1) }
    expect(() => encodePolicy(manifest, { params: {}, tensors: { bad } })).toThrow(/bad/)
    expect(() => encodePolicy(manifest, { params: { k: Number.NaN }, tensors: {} })).toThrow(/NaN/)
  })
})

function container(header: object, size: number): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header))
  const padded = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + padded + size).fill(0x20, 8, 8 + padded)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(text, 8)
  return bytes
}

function toTensor(data: Tensor['data']): Tensor {
  const dtype = data instanceof Float64Array ? 'F64' : data instanceof Float32Array ? 'F32' : 'I32'
  return { dtype, shape: [data.length], data }
}
