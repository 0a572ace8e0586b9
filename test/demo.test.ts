/** The first minutes: no configuration, no key, and every query already goes where it should. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { eventually, type Settled, settled } from './decisions.ts'
import { type Gateway, run, startGateway } from './gateway.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.discard())

/** Asks and returns who answered, with the explanation. */
async function route(url: string, model: string, prompt: string): Promise<{ model: string; why: Settled }> {
  const { headers } = await ask('openai', url, { model, stream: false, turns: [user(prompt)] })
  const why = await settled(url, headers.get('x-switchyard-decision'))
  return { model: headers.get('x-switchyard-model') ?? '', why }
}

/** The three levels of λ for one prompt. */
async function levels(url: string, prompt: string): Promise<string[]> {
  const asked = ['auto:best', 'auto', 'auto:cheap'].map((model) => route(url, model, prompt))
  return (await Promise.all(asked)).map(({ model }) => model)
}

const PROMPTS = ['Hello there', 'Write a Python function for the factorial', 'What is 3 * 7?']

describe('without configuration and keys', () => {
  it('the three curls of the banner go to three models, each with its explanation one link away', async () => {
    const commands = [...gateway.output().matchAll(/curl -i (\S+) -H 'content-type: application\/json' -d '([^']+)'/g)]
    expect(commands).toHaveLength(3)
    const chosen: string[] = []
    for (const [, url, body] of commands) {
      const response = await fetch(url!, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: body!,
      })
      expect(response.status).toBe(200)
      const model = response.headers.get('x-switchyard-model') ?? ''
      chosen.push(model)
      expect(await response.text()).toContain(`${model}, a demo of Switchyard`)
      const link = /<([^>]+)>; rel="describedby"/.exec(response.headers.get('link') ?? '')?.[1]
      const explained = await fetch(new URL(link!, url)).then((found) => found.text())
      const { decision, explanation, candidates, neighbours }: Settled = JSON.parse(explained)
      expect(decision).toMatchObject({
        route: 'auto',
        candidate: model,
        policy: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      expect(decision.query.embedded).toBe(true)
      expect(explanation.join(' ')).toContain(`Policy ${decision.policy!.slice(0, 12)} predicted`)
      expect(candidates.filter(({ chosen }) => chosen).map(({ candidate }) => candidate)).toEqual([model])
      expect(neighbours.length).toBeGreaterThan(0)
    }
    expect(new Set(chosen).size).toBe(3)
  })

  it('`/healthz` says what embeds', async () => {
    const health = await fetch(`${gateway.url}/healthz`).then((response) => response.json())
    expect(health).toMatchObject({
      status: 'ok',
      encoder: { id: 'use-lite', provider: expect.any(String), skipped: expect.any(Array) },
    })
    expect(JSON.stringify(health)).not.toContain(process.cwd())
  })

  it('`promote constant` takes effect on the running gateway, and the explanation says so', async () => {
    const { code, output } = await run(['promote', 'constant'], { folder: gateway.folder })
    expect([code, output]).toEqual([0, expect.stringContaining('the constant')])
    const { why } = await eventually(async () => {
      const answer = await route(gateway.url, 'auto', 'Hello there')
      return answer.why.decision.policy === null ? answer : null
    }, 'the constant serves')
    expect(why.explanation.join(' ')).toContain('No learned policy serves this route')
    expect(why.explanation.join(' ')).toContain('switchyard promote')

    const chosen = await Promise.all(PROMPTS.map((prompt) => levels(gateway.url, prompt)))
    expect(new Set(chosen[0]).size).toBe(3)
    // A constant is constant: the prompt decides nothing.
    expect(chosen).toEqual(Array(PROMPTS.length).fill(chosen[0]))
    expect(chosen[0]![0]).toBe('demo-sage')
    expect(chosen[0]![2]).toBe('demo-chatty')
  })
})

it('with priced candidates of its own, the constant gives the levels the best, the middle and the cheapest', async () => {
  const priced = (id: string, usd: number) =>
    candidateAt('demo', id, { model: 'demo-sage', price: { inputPerMTok: usd, outputPerMTok: 4 * usd } })
  const own = await startGateway({
    config: {
      providers: { demo: { kind: 'demo' } },
      candidates: [priced('middle', 1), priced('dear', 10), priced('cheap', 0.1)],
      encoder: NO_ENCODER,
    },
  })
  try {
    for (const prompt of PROMPTS) expect(await levels(own.url, prompt)).toEqual(['dear', 'middle', 'cheap'])
    const { why } = await route(own.url, 'auto:best', 'Hello')
    expect(why.explanation.join(' ')).toContain('No learned policy serves')
    // The demo policy is for the demo's own pool: not serving here is no failure worth a message.
    expect(own.output()).not.toContain('policy_refused')
  } finally {
    await own.discard()
  }
})
