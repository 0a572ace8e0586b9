/** The official clients of both vendors through a real gateway, in whatever runtime, against upstreams of both vendors' formats. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { replyOf } from '../../benchmarks/faults/wire.ts'
import { demo } from '../../src/simulate/demo.ts'
import { type SimulatedServer, serveSimulated } from '../../src/simulate/server.node.ts'
import { createSimulatedUpstream } from '../../src/simulate/upstream.ts'
import type { JsonObject, Transport, Wire } from '../../src/spec.ts'
import { anthropicAt, ask, openaiAt, user } from '../clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from '../config.ts'
import { settled } from '../decisions.ts'
import { fixture } from '../streams.ts'
import type { Serving, Start } from './start.ts'

const WIRES = ['openai', 'anthropic'] as const
const COMBINATIONS = WIRES.flatMap((client) =>
  WIRES.flatMap((upstream) => [false, true].map((stream) => ({ client, upstream, stream }))),
)

const weather = {
  name: 'get_weather',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const

export function describeSdk(name: string, start: Start): void {
  describe(name, () => {
    /** Answers to the letter, by model name; other models are the demo's. */
    const scripts = new Map<string, { type: string; bytes: Uint8Array }>()
    /** Bodies that reached the upstream, and where. */
    const received: { path: string; body: string }[] = []
    let upstream: SimulatedServer
    let gateway: Serving

    beforeAll(async () => {
      const demoUpstream = createSimulatedUpstream(demo, { sleep: async () => {}, paceMs: 0 })
      const recording: Transport = async (request) => {
        const body = new TextDecoder().decode(request.body)
        const { pathname: path, search } = new URL(request.url)
        received.push({ path: path + search, body })
        const script = scripts.get(path.endsWith('/count_tokens') ? 'count' : JSON.parse(body).model)
        if (!script) return demoUpstream(request)
        return { status: 200, headers: { 'content-type': script.type }, body: pieces(script.bytes) }
      }
      upstream = await serveSimulated(recording)
      const { openai, anthropic } = providersAt(upstream.baseUrl)
      gateway = await start({
        config: {
          providers: { openai: { ...openai, models: '*' }, anthropic: { ...anthropic, models: ['claude-*'] } },
          candidates: WIRES.map((wire) => candidateAt(wire, `sage-${wire}`, { model: 'demo-sage' })),
          routes: { auto: {}, openai: { candidates: ['sage-openai'] }, anthropic: { candidates: ['sage-anthropic'] } },
          encoder: NO_ENCODER,
        },
      })
    })
    beforeEach(() => {
      received.length = 0
    })
    afterAll(async () => {
      await gateway.discard()
      await upstream.close()
    })

    describe.each(COMBINATIONS)(
      'client $client, upstream $upstream, streaming $stream',
      ({ client, upstream, stream }) => {
        it('plays a tool round trip, with usage, and every call is logged, explained and open to feedback', async () => {
          const question = user('Use the weather tool for Paris')
          const schema: JsonObject & { type: 'object' } = JSON.parse(JSON.stringify(weather.schema))
          const common = { model: upstream, stream, tools: [{ name: weather.name, schema }] }
          const first = await ask(client, gateway.url, { ...common, turns: [question] })
          const [call] = first.calls
          expect(first.calls).toEqual([
            { id: expect.stringMatching(/./), name: 'get_weather', input: { city: 'Paris' } },
          ])
          expect(first.finish).toBe(client === 'openai' ? 'tool_calls' : 'tool_use')

          const turns = [
            question,
            { role: 'assistant', call: call! },
            { role: 'tool', call: call!, text: 'sunny' },
          ] as const
          const second = await ask(client, gateway.url, { ...common, turns })
          expect(second.text).toContain('The tool says: sunny')
          expect(second.finish).toBe(client === 'openai' ? 'stop' : 'end_turn')
          expect(received.map(({ path }) => path)).toEqual(
            Array(2).fill(upstream === 'openai' ? '/v1/chat/completions' : '/v1/messages'),
          )

          for (const answer of [first, second]) {
            const { input, output } = answer.usage!
            expect(Math.min(input, output)).toBeGreaterThan(0)
            expect(answer.headers.get('x-switchyard-model')).toBe(`sage-${upstream}`)
            const id = answer.headers.get('x-switchyard-decision')
            const { decision, outcome, attempts } = await settled(gateway.url, id)
            expect(decision).toMatchObject({ id, wire: client, route: upstream, candidate: `sage-${upstream}`, stream })
            expect(outcome).toMatchObject({ status: 'ok', usage: { input, output }, usageSource: 'provider' })
            expect(outcome.costUsd).toBeCloseTo((input + 4 * output) / 1e6, 12)
            expect(attempts).toMatchObject([{ index: 0, status: 200, error: null }])

            const body = JSON.stringify({ decision: id, value: 0.75 })
            expect((await fetch(`${gateway.url}/v1/feedback`, { method: 'POST', body })).status).toBe(201)
            expect((await settled(gateway.url, id)).feedback).toMatchObject([{ value: 0.75, source: 'user' }])
            const flood = await fetch(`${gateway.url}/v1/feedback`, { method: 'POST', body: 'x'.repeat(100_000) })
            expect(flood.status).toBe(413)
          }
        })
      },
    )

    describe('the same dialect on both sides', () => {
      const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='
      const parts = {
        openai: `[{"type":"text","text":"Caf\\u00e9?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,${PNG}"}}]`,
        anthropic: `[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"${PNG}"}},{"type":"text","text":"Caf\\u00e9?"}]`,
      }
      const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages?beta=true' }
      const post = (wire: Wire, body: string) =>
        fetch(gateway.url + paths[wire], { method: 'POST', body, headers: { 'content-type': 'application/json' } })

      it.each(WIRES)('%s: images and what no specification lists reach the upstream to the byte', async (wire) => {
        const body = (model: string) =>
          `{ "future_field" : [1.0, 12345678901234567890, 1e2, {"model":"inner"}],\n\t"model":"${model}","max_tokens":50,  "messages":[{"role":"user","content":${parts[wire]},"x":null}] , "metadata":{"model":"mine"}}\n`
        const response = await post(wire, body(wire))
        expect(response.status).toBe(200)
        expect(received).toEqual([{ path: paths[wire], body: body('demo-sage') }])
      })

      it.each([
        [
          'openai',
          'gpt-bytes',
          '{ "id":"c", "object":"chat.completion","model":"m", "choices":[{"index":0,"message":{"role":"assistant","content":"Hi","mood":"\\u263a"},"finish_reason":"stop"}],\n"novel":[1.0] }',
        ],
        [
          'anthropic',
          'claude-bytes',
          '{ "id":"m","type":"message","role":"assistant", "model":"m","content":[{"type":"text","text":"Hi","mood":"\\u263a"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1,"novel":2.0} }',
        ],
      ] as const)('%s: whole answers reach the client to the byte', async (wire, model, text) => {
        scripts.set(model, { type: 'application/json', bytes: new TextEncoder().encode(text) })
        const response = await post(
          wire,
          JSON.stringify({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }),
        )
        expect(await response.text()).toBe(text)
      })

      it.each(WIRES)('%s: streams reach the client to the byte', async (wire) => {
        const model = wire === 'openai' ? 'gpt-stream' : 'claude-stream'
        const text = `: a comment\n\n${new TextDecoder().decode(fixture(`${wire}.tools`))}`.replace(
          '"index":0',
          '"novel" : 1.0, "index":0',
        )
        scripts.set(model, { type: 'text/event-stream', bytes: new TextEncoder().encode(text) })
        const body = { model, max_tokens: 5, stream: true, messages: [{ role: 'user', content: 'Hi' }] }
        expect(await (await post(wire, JSON.stringify(body))).text()).toBe(text)
      })
    })

    it.each(['openai.text', 'openai.tools', 'openai.noargs', 'anthropic.text', 'anthropic.tools', 'anthropic.noargs'])(
      'the recorded stream %s says the same to both clients',
      async (name) => {
        const model = name.startsWith('openai') ? `gpt-${name}` : `claude-${name}`
        scripts.set(model, { type: 'text/event-stream', bytes: fixture(name) })
        const [one, other] = await Promise.all(
          WIRES.map((wire) => ask(wire, gateway.url, { model, stream: true, turns: [user('Hi')] })),
        )
        const said = ({ text, calls }: typeof one & {}) => ({
          text,
          calls: calls.map(({ name, input }) => ({ name, input })),
        })
        expect(said(one!)).toEqual(said(other!))
        expect(one!.text.length + one!.calls.length).toBeGreaterThan(0)
      },
    )

    describe('structured output', () => {
      const schema = {
        type: 'object',
        properties: { value: { type: 'number' } },
        required: ['value'],
        additionalProperties: false,
      }
      const messages = [{ role: 'user' as const, content: 'What is 2+3?' }]

      it.each(WIRES)('through the OpenAI client from an upstream of %s', async (model) => {
        const json_schema = { name: 'number', schema, strict: true }
        const completion = await openaiAt(gateway.url).chat.completions.create({
          model,
          messages,
          response_format: { type: 'json_schema', json_schema },
        })
        expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ value: 5 })
      })

      it.each(WIRES)('through the Anthropic client from an upstream of %s', async (model) => {
        const message = await anthropicAt(gateway.url).messages.create({
          model,
          messages,
          max_tokens: 100,
          output_config: { format: { type: 'json_schema', schema } },
        })
        const [block] = message.content
        expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual({ value: 5 })
      })
    })

    describe('tokens and models', () => {
      const messages = [{ role: 'user' as const, content: 'How long is this?' }]

      it('counts tokens: an estimate for a route, the upstream for a model of Anthropic', async () => {
        const { messages: api } = anthropicAt(gateway.url)
        const estimated = await api.countTokens({ model: 'auto', messages })
        expect(estimated.input_tokens).toBeGreaterThan(2)
        expect(estimated.input_tokens).toBeLessThan(20)
        expect(received).toEqual([])
        scripts.set('count', { type: 'application/json', bytes: new TextEncoder().encode('{"input_tokens":4242}') })
        expect((await api.countTokens({ model: 'claude-any', messages })).input_tokens).toBe(4242)
        expect(received.map(({ path }) => path)).toEqual(['/v1/messages/count_tokens'])
      })

      it('lists routes and candidates in both formats', async () => {
        const openai = (await openaiAt(gateway.url).models.list()).data
        const anthropic = (await anthropicAt(gateway.url).models.list()).data
        const ids = openai.map(({ id }) => id)
        expect(ids).toEqual(anthropic.map(({ id }) => id))
        expect(ids).toEqual(
          expect.arrayContaining(['auto', 'auto:best', 'auto:cheap', 'sage-openai', 'sage-anthropic']),
        )
        expect(openai[0]).toMatchObject({ object: 'model', owned_by: expect.any(String) })
        expect(anthropic[0]).toMatchObject({ type: 'model', display_name: expect.any(String) })
        expect(await openaiAt(gateway.url).models.retrieve('sage-openai')).toMatchObject({ id: 'sage-openai' })
        await expect(anthropicAt(gateway.url).models.retrieve('none')).rejects.toMatchObject({ status: 404 })
      })
    })

    describe('a real model, named by the client', () => {
      it.each([
        ['openai', 'sage-anthropic', 'sage-anthropic', 'demo-sage', 'anthropic'],
        ['anthropic', 'sage-openai', 'sage-openai', 'demo-sage', 'openai'],
        ['openai', 'claude-new-9', 'claude-new-9', 'claude-new-9', 'anthropic'],
        ['anthropic', 'some/model:free', 'some/model:free', 'some/model:free', 'openai'],
      ] as const)('%s client asks for %s', async (client, model, candidate, sent, provider) => {
        if (sent !== 'demo-sage') {
          const bytes = Buffer.from(JSON.stringify(replyOf(provider, sent)))
          scripts.set(sent, { type: 'application/json', bytes })
        }
        const answer = await ask(client, gateway.url, { model, stream: false, turns: [user('Hello')] })
        expect(answer.text).not.toBe('')
        expect(answer.headers.get('x-switchyard-model')).toBe(candidate)
        expect(received.map(({ body }) => JSON.parse(body).model)).toEqual([sent])
        const { decision, explanation, attempts, outcome } = await settled(
          gateway.url,
          answer.headers.get('x-switchyard-decision'),
        )
        expect(decision).toMatchObject({ route: null, asked: model, candidate, propensity: 1 })
        expect(explanation.join(' ')).toContain('nothing was routed')
        expect(attempts).toMatchObject([{ provider }])
        expect(outcome.status).toBe('ok')
      })
    })
  })
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
}
