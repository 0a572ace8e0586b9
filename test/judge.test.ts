/** The online judge in a running gateway: it scores answers within its budget, nobody waits for it, and its own requests are judged by nobody. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, expect, it } from 'vitest'
import { replyOf } from '../benchmarks/faults/wire.ts'
import type { ConfigInput } from '../src/config/schema.ts'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { eventually, settled } from './decisions.ts'
import { type Gateway, newFolder, removeFolder, run, startGateway } from './gateway.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

interface Simulated {
  readonly baseUrl: string
  /** What the judge was asked. */
  readonly judged: string[]
}

/** Speaks OpenAI's format; what the model `judge` answers, and with which status, `verdict` says. */
async function serve(verdict: () => { status: number; text: string }): Promise<Simulated> {
  const judged: string[] = []
  const server: Server = createServer(async (request, response) => {
    const { model, messages } = JSON.parse((await request.toArray()).join(''))
    const { status, text } = model === 'judge' ? verdict() : { status: 200, text: `I am ${model}.` }
    if (model === 'judge') judged.push(messages[0].content)
    const reply = JSON.parse(JSON.stringify(replyOf('openai', model)))
    reply.choices[0].message.content = text
    reply.usage = { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status === 200 ? reply : { error: { message: 'Out of order.', type: 'server_error' } }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push({ close: () => server.close() })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { baseUrl: `http://127.0.0.1:${address.port}/v1`, judged }
}

/** An answer costs 100 tokens each way at 1 and 4 USD per million: USD 0.0005. */
const configFor = (baseUrl: string, usdPerDay: number): ConfigInput => ({
  providers: { openai: { kind: 'openai', baseUrl, retry: { baseDelayMs: 5, maxDelayMs: 20 } } },
  candidates: [
    candidateAt('openai', 'worker', { priors: { quality: 0.5, outputTokens: 100 } }),
    candidateAt('openai', 'judge', { priors: { quality: 0.5, outputTokens: 100 } }),
  ],
  routes: { auto: { candidates: ['worker'] } },
  log: { text: true },
  learning: { judge: { candidate: 'judge', share: 1, usdPerDay } },
  encoder: NO_ENCODER,
})

async function start(config: ConfigInput, folder?: string): Promise<Gateway> {
  const gateway = await startGateway({ config, folder })
  opened.push({ close: () => (folder === undefined ? gateway.discard() : gateway.stop()) })
  return gateway
}

async function askWorker(gateway: Gateway, text: string, model = 'auto'): Promise<string> {
  const { headers, ...said } = await ask('openai', gateway.url, { model, stream: false, turns: [user(text)] })
  expect(said.text).toBe('I am worker.')
  return headers.get('x-switchyard-decision') ?? ''
}

interface Scored {
  readonly feedback: readonly { readonly principal: string; readonly source: string; readonly value: number }[]
}
async function feedbackOf(gateway: Gateway, id: string): Promise<Scored['feedback']> {
  const found = await fetch(`${gateway.url}/v1/decisions/${id}`).then((response) => response.text())
  const { feedback }: Scored = JSON.parse(found)
  return feedback
}

it('scores routed answers, as feedback of its own, by prompt and answer; not those of a model that was named, nor its own', async () => {
  const { baseUrl, judged } = await serve(() => ({ status: 200, text: 'Helpful. {"score": 10}' }))
  const gateway = await start(configFor(baseUrl, 1))
  const named = await askWorker(gateway, 'Who are you?', 'worker')
  const id = await askWorker(gateway, 'Who are you?')
  const feedback = await eventually(async () => {
    const found = await feedbackOf(gateway, id)
    return found.length > 0 ? found : null
  }, 'a score of the judge')
  expect(feedback).toEqual([expect.objectContaining({ principal: 'judge', source: 'judge', value: 1 })])
  expect(judged).toHaveLength(1)
  expect(judged[0]).toMatch(/PROMPT\nWho are you\?\n[\s\S]*ANSWER\nI am worker\.\n/u)
  // Longer than what the log keeps of a request: by a part nobody can judge.
  const long = await askWorker(gateway, `Who are you? ${'Really? '.repeat(100)}`)
  await settled(gateway.url, long)
  expect(await feedbackOf(gateway, named)).toEqual([])
  expect(judged).toHaveLength(1)
}, 60_000)

it('stops at its daily budget, also after a restart', async () => {
  const { baseUrl, judged } = await serve(() => ({ status: 200, text: '{"score": 4}' }))
  const folder = newFolder()
  opened.push({ close: () => removeFolder(folder) })
  const config = configFor(baseUrl, 0.0022)
  const first = await startGateway({ config, folder })
  for (let i = 0; i < 8; i++) {
    const id = await askWorker(first, `Question ${i}`)
    await settled(first.url, id)
    if (i < 3) await eventually(async () => ((await feedbackOf(first, id)).length > 0 ? true : null), 'a score')
  }
  await first.stop()
  const before = judged.length
  // Expected a little less than USD 0.0005 each: four fit, at the most one more.
  expect(before).toBeGreaterThanOrEqual(3)
  expect(before).toBeLessThanOrEqual(5)
  const second = await startGateway({ config, folder })
  for (let i = 0; i < 4; i++) await settled(second.url, await askWorker(second, `Another question ${i}`))
  await second.stop()
  expect(judged.length).toBeLessThanOrEqual(5)
}, 60_000)

it('a judge that fails, or says nothing that can be read, is no matter of the client', async () => {
  let calls = 0
  const { baseUrl } = await serve(() =>
    ++calls === 1 ? { status: 200, text: 'It was fine.' } : { status: 500, text: '' },
  )
  const gateway = await start(configFor(baseUrl, 1))
  const ids = [await askWorker(gateway, 'Question 1'), await askWorker(gateway, 'Question 2')]
  await eventually(async () => (gateway.output().includes('answer_not_judged') ? true : null), 'a warning')
  for (const id of ids) expect(await feedbackOf(gateway, id)).toEqual([])
}, 60_000)

it('needs the texts, and its name', async () => {
  const config = configFor('http://127.0.0.1:1/v1', 1)
  const silent = await run(['check'], { config: { ...config, log: { text: false } } })
  opened.push({ close: () => removeFolder(silent.folder) })
  expect([silent.code, silent.output]).toEqual([2, expect.stringContaining('set log.text to true')])
  const keys = [{ name: 'judge', sha256: 'a'.repeat(64) }]
  const taken = await run(['check'], { config: { ...config, keys } })
  opened.push({ close: () => removeFolder(taken.folder) })
  expect([taken.code, taken.output]).toEqual([2, expect.stringContaining('the name "judge" is taken')])
})
