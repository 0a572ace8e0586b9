import { expect, it } from 'vitest'
import type { Encoder } from '../spec.ts'
import { createEmbedding } from './embedding.ts'

const settings = { driver: 'onnx', provider: 'auto', timeoutMs: 50, maxPending: 4, cacheEntries: 4 } as const
const encoder: Encoder = {
  info: { id: 'use-lite', precision: 'int8', dim: 2, sha256: 'a'.repeat(64) },
  embed: async (texts) => texts.map(() => Float32Array.of(1, 0)),
  close: async () => {},
}

it('says what embeds, and why nothing better does, without telling where anything lies', () => {
  const reasons = [
    'Failed to load library /srv/app/node_modules/x/libonnxruntime_providers_cuda.so: libcublas.so.13: no such file',
    'C:\\apps\\x\\model.onnx cannot be opened',
    'works, but is slower here: 2.00 ms a text, the CPU 1.00 ms',
  ]
  const skipped = reasons.map((reason) => ({ provider: 'cuda', reason }))
  const report = { provider: 'cpu', device: null, skipped }
  expect(createEmbedding({ ...encoder, provider: report }, settings).describe()).toEqual({
    id: 'use-lite',
    precision: 'int8',
    provider: 'cpu',
    device: null,
    skipped: [
      {
        provider: 'cuda',
        reason: 'Failed to load library libonnxruntime_providers_cuda.so: libcublas.so.13: no such file',
      },
      { provider: 'cuda', reason: 'model.onnx cannot be opened' },
      { provider: 'cuda', reason: 'works, but is slower here: 2.00 ms a text, the CPU 1.00 ms' },
    ],
  })
  expect(createEmbedding(encoder, settings).describe()).toEqual({ id: 'use-lite', precision: 'int8' })
})

it('follows an encoder that has changed its provider', () => {
  let provider = 'cuda'
  const changing = Object.defineProperty({ ...encoder }, 'provider', {
    get: () => ({ provider, device: null, skipped: [] }),
  })
  const embedding = createEmbedding(changing, settings)
  expect(embedding.describe()).toMatchObject({ provider: 'cuda' })
  provider = 'cpu'
  expect(embedding.describe()).toMatchObject({ provider: 'cpu' })
})
