/** HTTP itself, in whatever runtime: bodies that are too large or none, headers that stay, redirects, compressed answers. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventsOf, replyOf } from '../../benchmarks/faults/wire.ts'
import { candidateAt, NO_ENCODER, providersAt } from '../config.ts'
import { newest, settled } from '../decisions.ts'
import type { Serving, Start } from './start.ts'

const MAX_BODY_BYTES = 10_000

/** Headers that an upstream may see. `cf-worker` is the runtime's own: the zone of the Worker that asks. */
const SENT = /^(accept|accept-encoding|connection|content-length|content-type|host|user-agent|cf-worker)$/u

/** @param decodes whether the runtime's `fetch` decodes what an upstream has compressed although it was asked not to */
export function describeHttp(name: string, start: Start, { decodes }: { readonly decodes: boolean }): void {
  describe(name, () => {
    const received: { url: string; headers: IncomingHttpHeaders }[] = []
    let upstream: Server
    let gateway: Serving
    beforeAll(async () => {
      upstream = createServer(async (request, response) => {
        const { url = '', headers } = request
        received.push({ url, headers })
        const { model, stream } = JSON.parse((await request.toArray()).join('') || '{}')
        if (model === 'moved') return response.writeHead(307, { location: `${url}/elsewhere` }).end()
        const body = stream ? eventsOf('openai', model).join('') : JSON.stringify(replyOf('openai', model))
        const head = {
          'content-type': stream ? 'text/event-stream' : 'application/json',
          'set-cookie': 'a=b',
          server: 'upstream',
          'x-request-id': 'req_upstream',
        }
        if (model !== 'gzip') return response.writeHead(200, head).end(body)
        return response.writeHead(200, { ...head, 'content-encoding': 'gzip' }).end(gzipSync(body))
      })
      upstream.listen(0, '127.0.0.1')
      await once(upstream, 'listening')
      const { openai } = providersAt(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`)
      gateway = await start({
        config: {
          providers: { openai },
          candidates: ['ok', 'moved', 'gzip'].map((id) => candidateAt('openai', id)),
          server: { maxBodyBytes: MAX_BODY_BYTES },
          encoder: NO_ENCODER,
        },
      })
    })
    beforeEach(() => {
      received.length = 0
    })
    afterAll(async () => {
      await gateway.discard()
      upstream.closeAllConnections()
      upstream.close()
    })

    const PATHS = ['/v1/chat/completions', '/v1/messages'] as const
    const ask = (model: string, more: object = {}) =>
      JSON.stringify({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }], ...more })
    const post = (path: string, body: string | ReadableStream | null, headers: Record<string, string> = {}) =>
      fetch(gateway.url + path, {
        method: 'POST',
        body,
        headers,
        ...(body instanceof ReadableStream && { duplex: 'half' }),
      })

    describe.each(PATHS)('%s', (path) => {
      const errorOf = async (response: Response) => ((await response.json()) as { error: object }).error

      it('refuses a body that is too large, announced or not, and asks nobody', async () => {
        const large = ask('ok', { padding: 'x'.repeat(MAX_BODY_BYTES) })
        for (const body of [large, new Blob([large]).stream()]) {
          const response = await post(path, body)
          expect(response.status).toBe(413)
          expect(await errorOf(response)).toMatchObject({ message: expect.stringContaining('maxBodyBytes') })
        }
        expect(received).toEqual([])
      })

      it('takes a body of unknown length', async () => {
        expect((await post(path, new Blob([ask('ok')]).stream())).status).toBe(200)
      })

      it.each([
        ['no body', null, 400],
        ['an empty one', '', 400],
        ['what is no JSON', '{"model": "ok"', 400],
        ['a JSON that is no object', '[]', 400],
        ['a model that nobody has', ask('nobody'), 404],
      ])('answers %s in its own envelope', async (_, body, status) => {
        const response = await post(path, body)
        expect(response.status).toBe(status)
        const text = await response.text()
        expect(JSON.parse(text)).toMatchObject(
          path === '/v1/messages'
            ? { type: 'error', error: { type: expect.any(String), message: expect.stringMatching(/./) } }
            : { error: { type: expect.any(String), message: expect.stringMatching(/./), code: expect.any(String) } },
        )
        expect(received).toEqual([])
      })
    })

    it.each([false, true])("neither side's other headers pass (stream: %s)", async (stream) => {
      const response = await post('/v1/chat/completions', ask('ok', { stream }), {
        authorization: 'Bearer mine',
        'x-api-key': 'mine',
        cookie: 'mine=1',
        'x-forwarded-for': '10.0.0.1',
        'cf-connecting-ip': '10.0.0.1',
        'x-mine': 'mine',
        'accept-encoding': 'gzip',
      })
      expect(response.status).toBe(200)
      await response.text()
      const [{ headers }] = received as [(typeof received)[number]]
      expect(Object.keys(headers).filter((header) => !SENT.test(header))).toEqual([])
      expect(headers['accept-encoding']).toBe('identity')
      expect(JSON.stringify(headers)).not.toContain('mine')
      expect(response.headers.get('x-request-id')).toBe('req_upstream')
      expect(response.headers.get('set-cookie')).toBeNull()
      expect(response.headers.get('server')).toBeNull()
    })

    it('follows no redirect: the key would go with it', async () => {
      const response = await post('/v1/chat/completions', ask('moved'), {})
      expect(response.ok).toBe(false)
      expect(response.headers.get('location')).toBeNull()
      expect(received.map(({ url }) => url)).toEqual(['/v1/chat/completions'])
    })

    it.each([false, true])('a compressed answer is never passed on as a plain one (stream: %s)', async (stream) => {
      const response = await post('/v1/chat/completions', ask('gzip', { stream }))
      const text = await response.text()
      // On Node the gateway reads the upstream's own bytes and refuses what it asked not to get; a Worker's `fetch` has
      // decoded them before the gateway sees them.
      expect(response.status).toBe(decodes ? 200 : 502)
      expect(text).toContain(decodes ? 'word20' : 'compressed')
      const { id } = await newest(gateway.url, 'gzip')
      expect((await settled(gateway.url, id)).outcome.status).toBe(decodes ? 'ok' : 'upstream_error')
    })
  })
}
