import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFetchTransport } from '../call/fetch.ts'
import { createUndiciTransport } from '../call/undici.node.ts'
import { createHashEncoder } from './hash.ts'
import { createRemoteEncoder, type RemoteOptions } from './remote.ts'

const KEY = 'sk-test-embedding'
const DIM = 64

interface Asked {
  readonly input: readonly string[]
  readonly model: string
  readonly encoding_format?: 'float' | 'base64'
  readonly dimensions?: number
}

/** What the server is to do wrong, by the text that asks for it. */
const FAULTS: Readonly<Record<string, { readonly status: number; readonly body: string } | 'hang'>> = {
  limited: { status: 429, body: '{"error":{"message":"slow down"}}' },
  broken: { status: 503, body: 'limited broken secret' },
  odd: { status: 404, body: '{"error":{"message":"no such model: odd"}}' },
  html: { status: 200, body: '<html>' },
  empty: { status: 200, body: '{"data":[]}' },
  short: { status: 200, body: '{"data":[{"index":0,"embedding":[1,2,3]}]}' },
  zero: { status: 200, body: JSON.stringify({ data: [{ index: 0, embedding: Array(DIM).fill(0) }] }) },
  hole: { status: 200, body: JSON.stringify({ data: [{ index: 4e9, embedding: [1] }] }) },
  hang: 'hang',
}

/** A server of the OpenAI embeddings API: vectors that are not of unit norm, in any order, as numbers or base64. */
describe('createRemoteEncoder', () => {
  const hash = createHashEncoder({ dim: DIM })
  const asked: Asked[] = []
  const undici = createUndiciTransport()
  let server: Server
  let baseUrl: string

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const send = (status: number, body: string) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      if (request.url !== '/v1/embeddings' || request.method !== 'POST') return send(404, '{}')
      if (request.headers.authorization !== `Bearer ${KEY}`) return send(401, '{"error":{"message":"bad key"}}')
      const body: Asked = JSON.parse(await textOf(request))
      asked.push(body)
      const fault = FAULTS[body.input[0] ?? '']
      if (fault === 'hang') return
      if (fault) return send(fault.status, fault.body)
      const vectors = await hash.embed(body.input)
      const data = vectors.map((unit, index) => {
        const vector = unit.slice(0, body.dimensions ?? DIM).map((value) => value * (index + 2))
        const base64 = Buffer.from(vector.buffer).toString('base64')
        return { object: 'embedding', index, embedding: body.encoding_format === 'base64' ? base64 : [...vector] }
      })
      send(200, JSON.stringify({ object: 'list', data: data.reverse(), model: body.model, usage: {} }))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  })
  afterAll(async () => {
    await undici.close()
    server.closeAllConnections()
    server.close()
  })

  const open = (options: Partial<RemoteOptions> = {}) =>
    createRemoteEncoder({
      model: 'hash',
      dim: DIM,
      baseUrl,
      apiKey: KEY,
      shorten: false,
      transport: undici.transport,
      ...options,
    })

  it('gives unit vectors in the order of the texts, over both transports', async () => {
    const texts = ['one', 'two', '', '三']
    const expected = await hash.embed(texts)
    for (const transport of [undici.transport, createFetchTransport(fetch)]) {
      const vectors = await (await open({ transport })).embed(texts)
      for (const [i, vector] of vectors.entries()) {
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
        expect(vector.reduce((sum, value, k) => sum + value * expected[i]![k]!, 0)).toBeCloseTo(1, 5)
      }
    }
  })

  it('asks a server that the official client understands, which takes base64', async () => {
    const client = new OpenAI({ baseURL: baseUrl, apiKey: KEY, maxRetries: 0 })
    const { data } = await client.embeddings.create({ model: 'hash', input: ['one', 'two'] })
    expect(asked.at(-1)).toMatchObject({ encoding_format: 'base64' })
    const ours = await (await open()).embed(['one', 'two'])
    expect(asked.at(-1)).toEqual({ model: 'hash', input: ['one', 'two'], encoding_format: 'float' })
    for (const { index, embedding } of data) {
      expect(
        embedding.reduce((sum, value, k) => sum + value * ours[index]![k]!, 0) / Math.hypot(...embedding),
      ).toBeCloseTo(1, 5)
    }
  })

  it('asks for 32 texts at a time, and for fewer numbers only where that is meant', async () => {
    const before = asked.length
    const texts = Array.from({ length: 70 }, (_, i) => `text ${i}`)
    expect(await (await open()).embed(texts)).toHaveLength(70)
    expect(asked.slice(before).map(({ input }) => input.length)).toEqual([32, 32, 6])
    const [short] = await (await open({ dim: 16, shorten: true })).embed(['one'])
    expect(asked.at(-1)).toMatchObject({ dimensions: 16 })
    expect(short).toHaveLength(16)
    expect(Math.hypot(...short!)).toBeCloseTo(1, 5)
  })

  it('is one encoder by the name of its model, wherever it is served, and another by any other name', async () => {
    const [here, elsewhere, other, shorter] = await Promise.all([
      open(),
      open({ baseUrl: 'http://127.0.0.1:1/v1', apiKey: null }),
      open({ model: 'other' }),
      open({ dim: 16 }),
    ])
    expect(here.info).toMatchObject({ id: 'hash', precision: 'remote', dim: DIM })
    expect(elsewhere.info).toEqual(here.info)
    expect(new Set([here, other, shorter].map(({ info }) => info.sha256)).size).toBe(3)
    expect(other.info.id).toBe('other')
  })

  it.each([
    ['limited', 'upstream_rate_limited', 'is rate limited (429)'],
    ['broken', 'upstream_error', 'failed (503)'],
    ['odd', 'upstream_rejected', 'refused the request (404)'],
    ['html', 'upstream_malformed', 'something else than JSON'],
    ['empty', 'upstream_malformed', '0 vectors for 1 texts'],
    ['short', 'upstream_malformed', 'a vector of 3 numbers, and `encoder.dim` is 64'],
    ['zero', 'upstream_malformed', 'no direction'],
    ['hole', 'upstream_malformed', 'vectors for 1 texts'],
    ['hang', 'upstream_timeout', 'did not answer within 200 ms'],
  ])('says what is wrong, and nothing of the text: %s', async (text, code, message) => {
    const encoder = await open({ callTimeoutMs: 200 })
    const thrown = await encoder.embed([text]).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(String(thrown)).not.toMatch(/secret|slow down|no such model|sk-test/)
  })

  it('says that the key is refused or the server out of reach, and shows no key', async () => {
    const wrong = await (await open({ apiKey: 'sk-wrong' })).embed(['one']).catch((error: unknown) => error)
    expect(wrong).toMatchObject({ code: 'upstream_rejected', message: expect.stringContaining('encoder.apiKey') })
    expect(String(wrong)).not.toContain('sk-wrong')
    const away = await open({ baseUrl: 'http://127.0.0.1:1/v1' })
    await expect(away.embed(['one'])).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
})

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
