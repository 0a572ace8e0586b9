import { expect, it } from 'vitest'
import { openEncoder } from './encoder.node.ts'

const limits = { timeoutMs: 50, maxPending: 8, cacheEntries: 8 }

it('says that Workers AI needs a Worker, and names what serves here', async () => {
  const opening = openEncoder({ ...limits, driver: 'workers-ai', model: '@cf/m', dim: 3 })
  await expect(opening).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/Worker only.*"onnx".*"remote"/),
  })
})

it('opens a remote encoder without asking it anything', async () => {
  const remote = { driver: 'remote', model: 'm', dim: 3, shorten: false, apiKey: null } as const
  const encoder = await openEncoder({ ...limits, ...remote, baseUrl: 'http://127.0.0.1:1/v1' })
  expect(encoder?.info).toMatchObject({ id: 'm', precision: 'remote', dim: 3 })
  await encoder?.close()
})
