/** What the Worker makes of every encoder driver. */
import { env } from 'cloudflare:workers'
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
import { describe, expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { openWebEncoder, type WebEncoderParts } from './encoder.web.ts'

const limits = { timeoutMs: 50, maxPending: 8, cacheEntries: 8 }

function open(settings: Config['encoder'], parts: Partial<WebEncoderParts> = {}, kept: Promise<unknown>[] = []) {
  const asset = (path: string) => env.ASSETS.fetch(`https://assets.local/${path}`)
  return openWebEncoder(
    settings,
    { asset, wasm, ai: null, fetch, ...parts },
    { keepAlive: (work) => kept.push(work), patienceMs: 10_000 },
  )
}

/** One vector of three numbers for each text, in the form of the OpenAI API. */
const server: typeof fetch = async (_, init) => {
  const { input } = await new Response(init?.body).json<{ input: string[] }>()
  return Response.json({ data: input.map((_, index) => ({ index, embedding: [0, 3, 4] })) })
}

describe('openWebEncoder', () => {
  it('opens none, and reads no model before the first text', async () => {
    expect(await open({ ...limits, driver: 'none' })).toBeNull()
    const read: string[] = []
    const asset = async (path: string) => {
      read.push(path)
      return env.ASSETS.fetch(`https://assets.local/${path}`)
    }
    const encoder = await open({ ...limits, driver: 'onnx', provider: 'auto' }, { asset })
    expect(encoder?.info).toMatchObject({ id: 'use-lite', precision: 'int8', dim: 512 })
    expect(read).toEqual(['use-lite/encoder.json'])
    await encoder!.embed(['a text'])
    expect(read).toContain('use-lite/model.int8.onnx')
  })

  it('refuses a model file that is not the one it was told of', async () => {
    const info = { id: 'use-lite', precision: 'int8', dim: 512, sha256: '0'.repeat(64) }
    const asset = async (path: string) =>
      path.endsWith('encoder.json') ? Response.json(info) : env.ASSETS.fetch(`https://assets.local/${path}`)
    const encoder = await open({ ...limits, driver: 'onnx', provider: 'auto' }, { asset })
    await expect(encoder!.embed(['a text'])).rejects.toThrow('is not the one that was deployed with it')
  })

  it('asks a remote encoder through fetch, and keeps the call alive for those who come for the same text', async () => {
    const kept: Promise<unknown>[] = []
    const remote = { driver: 'remote', model: 'm', dim: 3, shorten: false, apiKey: null } as const
    const encoder = await open({ ...limits, ...remote, baseUrl: 'https://embed.test/v1' }, { fetch: server }, kept)
    expect(await encoder!.embed(['a'])).toEqual([Float32Array.of(0, 0.6, 0.8)])
    expect(kept).toHaveLength(1)
  })

  it('asks Workers AI through its binding, and says how to get one', async () => {
    const settings = { ...limits, driver: 'workers-ai', model: '@cf/m', dim: 3 } as const
    const ai = { run: async () => ({ data: [[0, 3, 4]] }) }
    const encoder = await open(settings, { ai })
    expect(await encoder!.embed(['a'])).toEqual([Float32Array.of(0, 0.6, 0.8)])
    await expect(open(settings)).rejects.toThrow('Add `[ai]` with `binding = "AI"` to wrangler.toml')
  })

  it('says that transformers need Node, and names what serves here', async () => {
    await expect(open({ ...limits, driver: 'transformers', model: 'm' })).rejects.toThrow(
      'Node only. In a Worker take "onnx"',
    )
  })
})
