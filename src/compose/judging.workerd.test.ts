/** The judge across isolates: two Workers here share D1 and the Durable Objects, and no memory. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import type { ConfigInput } from '../config/schema.ts'
import { openD1Store } from '../log/store.d1.ts'
import { createWorker } from '../worker.ts'

const judged: string[] = []

vi.stubGlobal('fetch', async (_: string, { body }: { body: Uint8Array }) => {
  const { model, messages } = JSON.parse(new TextDecoder().decode(body))
  if (model === 'judge') judged.push(messages[0].content)
  const message = { role: 'assistant', content: model === 'judge' ? '{"score": 7}' : 'Yes.' }
  const usage = { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 }
  return Response.json({ id: 'x', model, choices: [{ index: 0, message, finish_reason: 'stop' }], usage })
})

/** A verdict costs USD 0.0005 and is expected to cost a little more. */
const configOf = (usdPerDay: number): ConfigInput => ({
  providers: { up: { kind: 'openai', baseUrl: 'https://upstream.test/v1' } },
  candidates: ['worker', 'judge'].map((id) => ({
    id,
    provider: 'up',
    model: id,
    price: { inputPerMTok: 1, outputPerMTok: 4 },
    contextWindow: 100_000,
    maxOutput: 1_000,
    capabilities: [],
    priors: { outputTokens: 100 },
  })),
  routes: { auto: { candidates: ['worker'] } },
  log: { text: true },
  learning: { judge: { candidate: 'judge', share: 1, usdPerDay } },
  encoder: { driver: 'none' },
})

const PATIENCE = { timeout: 10_000 }
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const openLog = () => openD1Store(env.DB, { keepAlive: () => {} })

function isolate(config: ConfigInput) {
  const worker = createWorker({ config })
  /** The id of the decision. */
  return async (content: string): Promise<string> => {
    const context = createExecutionContext()
    const request = new Request<unknown, IncomingRequestCfProperties>('https://localhost/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content }] }),
    })
    const response = await worker.fetch!(request, { ...env }, context)
    expect(response.status, await response.text()).toBe(200)
    await waitOnExecutionContext(context)
    return response.headers.get('x-switchyard-decision') ?? ''
  }
}

it('its budget is one for all isolates, and each judges what it has answered itself', async () => {
  const log = await openLog()
  // Room for two.
  const config = configOf(0.0011)
  const isolates = [isolate(config), isolate(config)]
  const ids = await Promise.all([0, 1, 2, 3].map((i) => isolates[i % 2]!(`Question ${i}`)))
  const scores = async () =>
    (await Promise.all(ids.map((id) => log.decision(id)))).flatMap((one) => one?.feedback ?? [])
  // What is under way counts at its expected cost, so that the second may have been put off.
  await vi.waitFor(async () => expect(await scores()).not.toEqual([]), PATIENCE)
  for (let i = 4; i < 12; i++) {
    ids.push(await isolates[i % 2]!(`Question ${i}`))
    await sleep(50)
  }
  await vi.waitFor(async () => expect(await scores()).toHaveLength(2), PATIENCE)
  expect(judged).toHaveLength(2)
  expect(new Set((await scores()).map(({ decision }) => decision)).size).toBe(2)
  for (const score of await scores()) expect(score).toMatchObject({ principal: 'judge', source: 'judge', value: 2 / 3 })
})
