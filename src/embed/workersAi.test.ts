import { describe, expect, it } from 'vitest'
import { createHashEncoder } from './hash.ts'
import { createRemoteEncoder } from './remote.ts'
import { createWorkersAiEncoder, type WorkersAi } from './workersAi.ts'

const MODEL = '@cf/baai/bge-small-en-v1.5'
const hash = createHashEncoder({ dim: 384 })

/** Workers AI runs on Cloudflare's machines alone; this answers as its page says: `{ shape, data }`, here not of unit norm. */
const ai: WorkersAi = {
  async run(model, { text }) {
    if (model !== MODEL) throw new Error(`no such model, asked with ${text.join()}`)
    const vectors = await hash.embed(text)
    return { shape: [text.length, 384], data: vectors.map((vector) => Array.from(vector, (value) => value * 3)) }
  },
}

describe('createWorkersAiEncoder', () => {
  it('gives unit vectors in the order of the texts, of any number', async () => {
    const encoder = await createWorkersAiEncoder(ai, { model: MODEL, dim: 384 })
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`)
    const [vectors, expected] = await Promise.all([encoder.embed(texts), hash.embed(texts)])
    for (const [i, vector] of vectors.entries()) {
      expect(vector.reduce((sum, value, k) => sum + value * expected[i]![k]!, 0)).toBeCloseTo(1, 5)
    }
  })

  it('is the encoder that Node reaches over HTTP: one policy serves both', async () => {
    const transport = () => Promise.reject(new Error('never asked'))
    const options = { model: MODEL, dim: 384, baseUrl: 'http://127.0.0.1:1', apiKey: null, shorten: false, transport }
    const [here, there] = [await createWorkersAiEncoder(ai, options), await createRemoteEncoder(options)]
    expect(here.info).toEqual(there.info)
  })

  it.each([
    ['upstream_error', { ...ai, model: '@cf/none' }],
    ['upstream_malformed', { run: async () => ({ request_id: 'queued' }), model: MODEL }],
    ['upstream_malformed', { run: async () => null, model: MODEL }],
  ])('rejects with %s, and says nothing of the text', async (code, { run, model }) => {
    const encoder = await createWorkersAiEncoder({ run }, { model, dim: 384 })
    const thrown = await encoder.embed(['a private text']).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code })
    expect(String(thrown)).not.toContain('private')
  })
})
