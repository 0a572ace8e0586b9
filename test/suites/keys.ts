/** Nobody without a key comes in, and no secret comes out, in whatever runtime. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anthropicAt, openaiAt } from '../clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from '../config.ts'
import { decisions, settled } from '../decisions.ts'
import { root } from '../gateway.ts'
import { startUpstream, type Upstream } from '../upstream.ts'
import type { Serving, Start } from './start.ts'

const PROVIDER_KEY = 'sk-provider-CANARY-4f1d9a7c3b'
const HEADER_SECRET = 'hdr-CANARY-77c0ffee21'
const WEB_KEY = 'web-CANARY-0a9b8c7d6e'
const BATCH_KEY = 'batch-CANARY-1b2c3d4e5f'

interface Sent {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Every route as `app.ts` declares it, `method path`. */
const ROUTES = [...readFileSync(join(root, 'src/app.ts'), 'utf8').matchAll(/app\.(get|post)\('([^']+)'/gu)].map(
  ([, method, path]) => ({ method: method!.toUpperCase(), path: path!.replace(/:id.*$/u, 'x') }),
)
const GUARDED = ROUTES.filter(({ path }) => path.startsWith('/v1/'))

const BAD_KEYS: Record<string, Record<string, string>> = {
  none: {},
  empty: { authorization: 'Bearer ' },
  wrong: { authorization: 'Bearer wrong' },
  'of another case': { authorization: `Bearer ${WEB_KEY.toLowerCase()}` },
  'cut short': { 'x-api-key': WEB_KEY.slice(0, -1) },
  'too long': { 'x-api-key': `${WEB_KEY}${'x'.repeat(10_000)}` },
  'of another scheme': { authorization: `Basic ${WEB_KEY}` },
  'a digest': { 'x-api-key': createHash('sha256').update(WEB_KEY).digest('hex') },
  'in a cookie': { cookie: `key=${WEB_KEY}` },
  "the provider's": { authorization: `Bearer ${PROVIDER_KEY}` },
}

export function describeKeys(name: string, start: Start): void {
  describe(name, () => {
    /** Every byte that clients have received, headers included. */
    let received = ''
    let upstream: Upstream
    let gateway: Serving

    beforeAll(async () => {
      // Tells back, in every way there is, what it was sent; a number in the model's name is the status.
      upstream = await startUpstream(({ wire, model, headers }) => {
        const secrets = JSON.stringify([headers.authorization, headers['x-api-key'], headers['x-tenant']])
        const status = Number(/\d{3}$/.exec(model)?.[0] ?? 200)
        const message = `You sent ${secrets.replaceAll('"', "'")}.`
        const error = wire === 'openai' ? { message, type: 'x', param: null, code: null } : { type: 'x', message }
        const body = JSON.stringify({ type: 'error', error, secrets })
        if (model.startsWith('event'))
          return { status: 200, type: 'text/event-stream', body: `event: error\ndata: ${body}\n\n` }
        if (model.startsWith('text')) return { status, type: 'text/plain', body: message }
        return { status, body }
      })
      const { openai, anthropic } = providersAt(upstream.origin, {
        apiKey: { env: 'PROVIDER_KEY' },
        headers: { 'x-tenant': { env: 'HEADER_SECRET' } },
        retry: { maxAttempts: 1 },
      })
      gateway = await start({
        env: { PROVIDER_KEY, HEADER_SECRET, WEB_KEY },
        config: {
          providers: {
            openai: { ...openai, models: ['*-openai-*'] },
            anthropic: { ...anthropic, models: ['*-anthropic-*'] },
          },
          candidates: [candidateAt('openai', 'one', { model: 'ok' })],
          routes: { auto: {}, other: {} },
          keys: [
            { name: 'web', key: { env: 'WEB_KEY' } },
            {
              name: 'batch',
              sha256: createHash('sha256').update(BATCH_KEY).digest('hex'),
              routes: ['auto'],
              models: false,
            },
          ],
          encoder: NO_ENCODER,
        },
      })
    })
    afterAll(async () => {
      await gateway.discard()
      await upstream.close()
    })

    /** Sends the path exactly as it is spelled, which `fetch` would not. */
    function send(path: string, { method = 'POST', headers = {}, body = '{}' }: Sent = {}) {
      return new Promise<{ status: number; text: string }>((resolve, reject) => {
        const { hostname, port } = new URL(gateway.url)
        const sent = request({ hostname, port, path, method, headers }, async (response) => {
          const text = (await response.toArray()).join('')
          received += JSON.stringify(response.rawHeaders) + text
          resolve({ status: response.statusCode ?? 0, text })
        })
        sent.on('error', reject).end(method === 'GET' ? undefined : body)
      })
    }

    describe('without a good key', () => {
      it('only what says that the gateway is there can be reached', () => {
        expect(ROUTES.filter(({ path }) => !path.startsWith('/v1/')).map(({ path }) => path)).toEqual([
          '/',
          '/healthz',
          '/readyz',
        ])
        expect(GUARDED.length).toBeGreaterThanOrEqual(8)
      })

      it.each(GUARDED)('$method $path is 401 in the envelope of the dialect', async ({ method, path }) => {
        for (const headers of Object.values(BAD_KEYS)) {
          for (const version of [{}, { 'anthropic-version': '2023-06-01' }]) {
            const { status, text } = await send(path, { method, headers: { ...headers, ...version } })
            expect(status).toBe(401)
            const anthropic = path.startsWith('/v1/messages') || 'anthropic-version' in version
            expect(JSON.parse(text)).toMatchObject(
              anthropic
                ? { type: 'error', error: { type: 'authentication_error' } }
                : { error: { type: 'invalid_request_error', code: 'invalid_api_key' } },
            )
          }
        }
      })

      it.each(GUARDED)('no spelling of $method $path leads past it', async ({ method, path }) => {
        const [, , rest] = path.split('/')
        const spellings = [
          `/${path}`,
          `${path}/`,
          `${path}//`,
          path.replace('/v1/', '/v1//'),
          path.replace('/v1/', '/v1/./'),
          path.replace('/v1/', '/v1/x/../'),
          path.replace('/v1/', '/x/../v1/'),
          path.replace('/v1/', '/healthz/../v1/'),
          path.replace('/v1/', '/%76%31/'),
          path.replace('/v1/', '/v1%2f'),
          path.replace('/v1/', '/v1%5c'),
          path.replace('/v1/', '/v1\\'),
          path.replace('/v1/', '/v1/%2e/'),
          path.replace('/v1/', '/v1;a=b/'),
          path.replace('/v1/', '/v1/;a=b/'),
          path.replace('/v1/', '/V1/'),
          path.toUpperCase(),
          `${path}.`,
          `${path};a=b`,
          `${path}?key=${WEB_KEY}`,
          `${path}%00`,
          `${path}%20`,
          path.replace(rest!, `%${rest!.charCodeAt(0).toString(16)}${rest!.slice(1)}`),
          `http://127.0.0.1${path}`,
          `http://healthz${path}`,
          `http://127.0.0.1/healthz/..${path}`,
          `/healthz${path}`,
          `/?/..${path}`,
          `/healthz?${path}`,
        ]
        for (const spelled of spellings) {
          for (const host of ['localhost', 'x/healthz?', 'localhost/healthz#@y']) {
            const { status, text } = await send(spelled, { method, headers: { host } })
            // The two that are open answer for themselves; everything else is unknown or guarded, or no HTTP at all.
            if (status === 200) expect(text).toMatch(/^(Switchyard is listening|\{"status":"ok","encoder":null\})/)
            else expect([400, 401, 404]).toContain(status)
          }
        }
        expect(upstream.received).toEqual([])
      })
    })

    describe('with a key', () => {
      const messages = [{ role: 'user' as const, content: 'Hi' }]

      it('both clients get in, each tenant sees its own decisions, and a key may do what it may', async () => {
        const asked = await openaiAt(gateway.url, WEB_KEY)
          .chat.completions.create({ model: 'auto', messages })
          .asResponse()
          .catch((error: unknown) => error)
        expect(asked).toMatchObject({ status: 502 })
        expect((await anthropicAt(gateway.url, WEB_KEY).models.list()).data.map(({ id }) => id)).toContain('one')
        expect((await openaiAt(gateway.url, BATCH_KEY).models.list()).data.map(({ id }) => id)).toEqual([
          'auto',
          'auto:best',
          'auto:cheap',
        ])
        for (const model of ['one', 'other', 'any-openai-200']) {
          const refused = openaiAt(gateway.url, BATCH_KEY).chat.completions.create({ model, messages })
          await expect(refused).rejects.toMatchObject({ status: 403 })
        }
        const mine = { authorization: `Bearer ${WEB_KEY}` }
        const { id } = (await decisions(gateway.url, mine))[0]!
        expect(await settled(gateway.url, id, mine)).toMatchObject({ id, decision: { tenant: 'web' } })
        const theirs = { 'x-api-key': BATCH_KEY }
        const unknown = await send(`/v1/decisions/${'0'.repeat(26)}`, { method: 'GET', headers: theirs })
        const foreign = await send(`/v1/decisions/${id}`, { method: 'GET', headers: theirs })
        expect(foreign.status).toBe(404)
        expect(foreign.text.replace(id, '')).toBe(unknown.text.replace('0'.repeat(26), ''))
        const body = JSON.stringify({ decision: id, value: 0 })
        expect((await send('/v1/feedback', { headers: theirs, body })).status).toBe(404)
        expect((await settled(gateway.url, id, mine)).feedback).toEqual([])
      })
    })

    describe("the provider's secrets", () => {
      it.each(['/v1/chat/completions', '/v1/messages'])(
        'stay inside, whatever the upstream tells back to %s',
        async (path) => {
          const before = upstream.received.length
          const kinds = ['json', 'text', 'event'].flatMap((kind) =>
            ['openai', 'anthropic'].map((wire) => `${kind}-${wire}`),
          )
          for (const kind of kinds) {
            for (const status of kind.startsWith('event')
              ? [200]
              : [200, 400, 401, 403, 404, 413, 422, 429, 500, 503]) {
              const stream = kind.startsWith('event')
              const body = JSON.stringify({
                model: `${kind}-${status}`,
                stream,
                max_tokens: 5,
                messages: [{ role: 'user', content: 'Hi' }],
              })
              const { text } = await send(path, { headers: { authorization: `Bearer ${WEB_KEY}` }, body })
              expect(text).toMatch(/error|You sent/)
            }
          }
          expect(upstream.received.length - before).toBe(2 * (10 + 10 + 1))
          for (const { headers, wire } of upstream.received.slice(before)) {
            expect(wire === 'openai' ? headers.authorization : headers['x-api-key']).toContain(PROVIDER_KEY)
            expect(headers['x-tenant']).toBe(HEADER_SECRET)
            expect(JSON.stringify(headers)).not.toContain(WEB_KEY)
          }
        },
      )

      it('are in no answer, no output and no file', async () => {
        await gateway.stop()
        const files = readdirSync(gateway.data, { recursive: true, withFileTypes: true }).filter((entry) =>
          entry.isFile(),
        )
        expect(files.map(({ name }) => name)).toContainEqual(expect.stringMatching(/\.sqlite$/u))
        const places: Record<string, string> = { answers: received, output: gateway.output() }
        for (const { parentPath, name } of files) places[name] = readFileSync(join(parentPath, name), 'latin1')
        for (const [place, text] of Object.entries(places)) {
          for (const secret of [PROVIDER_KEY, HEADER_SECRET, WEB_KEY, BATCH_KEY]) {
            const bytes = Buffer.from(secret)
            const forms = [
              secret,
              secret.slice(4, 16),
              bytes.toString('base64'),
              bytes.toString('hex'),
              encodeURIComponent(secret),
            ]
            expect({ place, found: forms.filter((form) => text.includes(form)) }).toEqual({ place, found: [] })
          }
        }
      })
    })
  })
}
