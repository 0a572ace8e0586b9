/** The online judge through a real gateway, in whatever runtime: it scores answers within its budget, nobody waits for it, and its own requests are judged by nobody. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventsOf, replyOf } from '../../benchmarks/faults/wire.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Outcome, Wire } from '../../src/spec.ts'
import { ask, openaiAt, user } from '../clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from '../config.ts'
import { type Explanation, eventually, settled } from '../decisions.ts'
import { newFolder, removeFolder } from '../gateway.ts'
import { adminAt } from './admin.ts'
import { CLIENT_KEY, OPERATOR } from './cascades.ts'
import type { Serving, Start } from './start.ts'

const headers = { authorization: `Bearer ${CLIENT_KEY}` }

interface Simulated {
  readonly baseUrl: string
  /** What the judge was asked. */
  readonly judged: string[]
  /** What the judge answers from now on; `null`: it is out of order. */
  says(verdict: string | null, before?: () => Promise<void>): void
  close(): void
}

/** Both wire formats, whole and as streams; the model `judge` says what it is told to, `caller` calls a tool beside its text, the others give their name. */
async function simulate(): Promise<Simulated> {
  const judged: string[] = []
  let verdict: string | null = null
  let before = async () => {}
  const server: Server = createServer(async (request, response) => {
    const { model, messages, stream } = JSON.parse((await request.toArray()).join(''))
    const wire: Wire = request.url?.includes('/messages') ? 'anthropic' : 'openai'
    if (model === 'judge') {
      await before()
      const [{ content }] = messages
      judged.push(typeof content === 'string' ? content : content[0].text)
    }
    if (model === 'judge' && verdict === null) return response.writeHead(500).end('{}')
    const text = model === 'judge' ? `${verdict}` : `I am ${model}.`
    const type = stream ? 'text/event-stream' : 'application/json'
    response.writeHead(200, { 'content-type': type })
    if (stream) return response.end(eventsOf(wire, model, [text]).join(''))
    const reply = JSON.parse(JSON.stringify(replyOf(wire, model, text)))
    if (model === 'caller') {
      const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }
      reply.choices[0].message.tool_calls = [call]
      reply.choices[0].finish_reason = 'tool_calls'
    }
    const [input, output] =
      wire === 'openai' ? ['prompt_tokens', 'completion_tokens'] : ['input_tokens', 'output_tokens']
    Object.assign(reply.usage, { [input]: 100, [output]: 100 })
    return response.end(JSON.stringify(reply))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    judged,
    says(said, first = async () => {}) {
      verdict = said
      before = first
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** An answer costs 100 tokens each way at 1 and 4 USD per million: USD 0.0005. */
export function judgeConfig(baseUrl: string, { wire, usdPerDay }: { wire: Wire; usdPerDay: number }): ConfigInput {
  const priors = { quality: 0.5, outputTokens: 100 }
  return {
    providers: providersAt(baseUrl),
    candidates: [
      candidateAt('openai', 'worker', { priors }),
      candidateAt('openai', 'caller', { priors }),
      candidateAt(wire, 'judge', { priors }),
    ],
    routes: { auto: { candidates: ['worker'] }, calls: { candidates: ['caller'] } },
    keys: [OPERATOR],
    log: { text: true },
    learning: { judge: { candidate: 'judge', share: 1, usdPerDay } },
    encoder: NO_ENCODER,
  }
}

export function describeJudge(name: string, start: Start): void {
  describe(`the judge: ${name}`, () => {
    let upstream: Simulated
    beforeAll(async () => {
      upstream = await simulate()
    })
    afterAll(() => upstream.close())
    beforeEach(() => {
      upstream.judged.length = 0
    })

    const feedbackOf = async (gateway: Serving, id: string): Promise<Explanation['feedback']> =>
      (await settled(gateway.url, id, headers)).feedback
    const scored = (gateway: Serving, id: string) =>
      eventually(async () => {
        const found = await feedbackOf(gateway, id)
        return found.length > 0 ? found : null
      }, 'a score of the judge')
    /** The id of an answer that is complete. */
    const askFor = async (
      gateway: Serving,
      text: string,
      { model = 'auto', wire = 'openai' as Wire, stream = false } = {},
    ) => {
      const answer = await ask(wire, gateway.url, { model, stream, turns: [user(text)] })
      expect(answer.text).toBe(`I am ${model === 'calls' ? 'caller' : 'worker'}.`)
      const id = answer.headers.get('x-switchyard-decision') ?? ''
      await settled(gateway.url, id, headers)
      return id
    }

    describe('scores answers', () => {
      let gateway: Serving
      const rowsOf = async (table: string) => {
        const admin = adminAt(gateway.url, CLIENT_KEY)
        const columns = (await admin('GET', '/v1/log')).json.columns[table] ?? []
        const { rows } = (await admin('GET', `/v1/log/${table}?after=0&limit=1000`)).json
        return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])))
      }
      beforeAll(async () => {
        gateway = await start({ config: judgeConfig(upstream.baseUrl, { wire: 'anthropic', usdPerDay: 1 }) })
      })
      afterAll(() => gateway?.discard())

      it('by prompt and answer once the outcome is in the log, as feedback and a reward; its requests are its own', async () => {
        const known: (Outcome | null)[] = []
        upstream.says('Helpful. {"score": 10}', async () => {
          const response = await fetch(`${gateway.url}/v1/decisions?limit=100`, { headers })
          const { data }: { data: Explanation[] } = JSON.parse(await response.text())
          known.push(data.find(({ decision }) => decision.route === 'auto')?.outcome ?? null)
        })
        const id = await askFor(gateway, 'Who are you?')
        expect(await scored(gateway, id)).toEqual([
          expect.objectContaining({ principal: 'judge', source: 'judge', value: 1 }),
        ])
        expect(upstream.judged).toEqual([
          expect.stringMatching(/PROMPT\nWho are you\?\n[\s\S]*ANSWER\nI am worker\.\n/u),
        ])
        expect(known).toEqual([expect.objectContaining({ decision: id, status: 'ok' })])
        expect(await rowsOf('rewards')).toEqual([
          expect.objectContaining({ decision: id, source: 'judge', quality: 1, candidate: 'worker' }),
        ])
        const own = (await rowsOf('decisions')).filter(({ tenant }) => tenant === 'judge')
        expect(own).toEqual([expect.objectContaining({ candidate: 'judge', route: null, queryText: null })])
        const said = await eventually(async () => {
          const rows = await rowsOf('outcomes')
          return rows.length < 2 ? null : rows.map(({ decision, answer }) => [decision, answer])
        }, 'the outcome of the judge’s own request')
        expect(said).toEqual([
          [id, 'I am worker.'],
          [own[0]?.id, null],
        ])
      })

      it('of streams and of clients of the other dialect; of a conversation that the log keeps whole', async () => {
        upstream.says('{"score": 4}')
        const streamed = await askFor(gateway, 'Who is that?', { wire: 'anthropic', stream: true })
        expect(await scored(gateway, streamed)).toMatchObject([{ source: 'judge', value: 1 / 3 }])
        const turns = [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'And who is this?' },
        ] as const
        const messages = turns.map((turn) => ({ ...turn }))
        const { response } = await openaiAt(gateway.url, CLIENT_KEY)
          .chat.completions.create({ model: 'auto', messages })
          .withResponse()
        await scored(gateway, response.headers.get('x-switchyard-decision') ?? '')
        expect(upstream.judged[1]).toContain('PROMPT\nBe brief.\nAnd who is this?\n')
      })

      it('but none of a model that was named, of what is not all in the log, or that calls tools', async () => {
        upstream.says('{"score": 4}')
        const image = { url: 'data:image/png;base64,iVBORw0KGgo=' }
        const seen = await openaiAt(gateway.url, CLIENT_KEY)
          .chat.completions.create({
            model: 'auto',
            messages: [{ role: 'user', content: [{ type: 'image_url', image_url: image }] }],
          })
          .withResponse()
        const ids = [
          await askFor(gateway, 'Who are you?', { model: 'worker' }),
          await askFor(gateway, `Who are you? ${'Really? '.repeat(100)}`),
          await askFor(gateway, 'Who calls?', { model: 'calls' }),
          seen.response.headers.get('x-switchyard-decision') ?? '',
        ]
        for (const id of ids) await settled(gateway.url, id, headers)
        await scored(gateway, await askFor(gateway, 'Who are you now?'))
        for (const id of ids) expect(await feedbackOf(gateway, id)).toEqual([])
        expect(upstream.judged).toHaveLength(1)
      })

      it('is no matter of the client where it says nothing that can be read, or fails', async () => {
        const warned = (text: string) =>
          eventually(() => (new RegExp(`answer_not_judged.*${text}`, 'u').test(gateway.output()) ? true : null), text)
        upstream.says('It was fine.')
        const unread = await askFor(gateway, 'Question 1')
        await warned('no score from 1 to 10')
        upstream.says(null)
        const failed = await askFor(gateway, 'Question 2')
        await warned('answered with status')
        for (const id of [unread, failed]) expect(await feedbackOf(gateway, id)).toEqual([])
      })
    })

    describe('stops', () => {
      const folder = newFolder()
      const running: Serving[] = []
      afterEach(async () => {
        for (const gateway of running.splice(0)) await gateway.stop()
      })
      afterAll(() => removeFolder(folder))
      const startHere = async (config: ConfigInput) => {
        const gateway = await start({ config, folder })
        running.push(gateway)
        return gateway
      }

      it('at its daily budget, also after a restart', async () => {
        upstream.says('{"score": 4}')
        const config = judgeConfig(upstream.baseUrl, { wire: 'openai', usdPerDay: 0.0022 })
        const first = await startHere(config)
        for (let i = 0; i < 8; i++) {
          const id = await askFor(first, `Question ${i}`)
          if (i < 3) await scored(first, id)
        }
        await first.stop()
        const before = upstream.judged.length
        // Expected a little less than USD 0.0005 each: four fit, at the most one more.
        expect(before).toBeGreaterThanOrEqual(3)
        expect(before).toBeLessThanOrEqual(5)
        const second = await startHere(config)
        for (let i = 0; i < 4; i++) await askFor(second, `Another question ${i}`)
        await second.stop()
        expect(upstream.judged.length).toBeLessThanOrEqual(5)
      }, 180_000)
    })
  })
}
