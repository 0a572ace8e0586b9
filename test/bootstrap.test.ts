/** `switchyard bootstrap` as a process: demo, replay and simulated upstreams, a kill, a budget, a limit of requests, and a judge with a favourite place. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { DEMO_CANDIDATES } from '../src/config/demo.ts'
import type { ConfigInput } from '../src/config/schema.ts'
import { readPreferred } from '../src/judge/pairwise.ts'
import type { SimulatedAnswer } from '../src/simulate/behaviour.ts'
import { type SimulatedServer, serveSimulated } from '../src/simulate/server.node.ts'
import { createSimulatedUpstream } from '../src/simulate/upstream.ts'
import type { Transport } from '../src/spec.ts'
import { ask, user } from './clients.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { newFolder, removeFolder, root, run, startGateway, writeConfig } from './gateway.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

function folderWith(config: ConfigInput, prompts: readonly unknown[]): string {
  const folder = newFolder()
  opened.push({ close: () => removeFolder(folder) })
  writeConfig(folder, config)
  writeFileSync(join(folder, 'my.jsonl'), prompts.map((prompt) => JSON.stringify(prompt)).join('\n'))
  return folder
}

async function serve(transport: Transport): Promise<SimulatedServer> {
  const server = await serveSimulated(transport)
  opened.push(server)
  return server
}

const wait = async (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal })
const says = (text: string): SimulatedAnswer => ({
  text,
  toolCalls: [],
  inputTokens: 100,
  outputTokens: 100,
  finish: 'stop',
  latencyMs: 0,
})
const simulate = (answer: (request: { model: string; prompt: string }) => string, latencyMs = 0) =>
  createSimulatedUpstream((request) => ({ ...says(answer(request)), latencyMs }), { sleep: wait, paceMs: 0 })

/** Two models, one of each vendor's wire format; of sums the one is right on even numbers, the other on odd ones. */
function twoModels(baseUrl: string, more: Partial<ConfigInput> = {}): ConfigInput {
  return {
    providers: providersAt(baseUrl),
    candidates: [candidateAt('openai', 'even'), candidateAt('anthropic', 'odd')],
    encoder: NO_ENCODER,
    ...more,
  }
}
const sums = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `s${i}`, prompt: `What is ${i} + ${i}?`, check: { number: 2 * i } }))
const right = ({ model, prompt }: { model: string; prompt: string }) => {
  const number = Number(/\d+/u.exec(prompt)![0])
  return (number % 2 === 0) === (model === 'even') ? `The answer is ${2 * number}.` : 'No idea: 0.5'
}

interface Printed {
  readonly verdict: { readonly kind: string }
  readonly levels: readonly {
    readonly constant: { readonly column: number; readonly point: { readonly quality: number } }
    readonly sure: number
  }[]
  readonly prompts: number
  readonly newAnswers: number
  readonly spentUsd: number
  readonly graders: Record<string, number>
  readonly policy: string
}

async function bootstrap(folder: string, ...args: readonly string[]): Promise<Printed> {
  const { code, output } = await run(['bootstrap', '--json', ...args], { folder })
  expect(code, output).toBe(0)
  return JSON.parse(output)
}

describe('with the demo upstream', () => {
  const config: ConfigInput = {
    providers: { demo: { kind: 'demo' } },
    candidates: DEMO_CANDIDATES.map(({ id, model, price, contextWindow, priors }) => ({
      id,
      provider: 'demo',
      model,
      price,
      contextWindow,
      priors: { quality: priors!.quality! },
    })),
    encoder: NO_ENCODER,
  }

  it('proves a policy from prompts alone, without a key, and the route serves it', async () => {
    const folder = folderWith(config, [])
    const prompts = join(root, 'models/demo/demo.queries.jsonl.gz')
    const args = [
      'bootstrap',
      '--prompts',
      prompts,
      '--prompts-count',
      '120',
      '--budget-usd',
      '1',
      '--concurrency',
      '64',
    ]
    const { code, output } = await run(args, { folder })
    expect(code, output).toBe(0)
    expect(output).toMatch(
      /120 of 620 prompts, 4 candidates: 480 new answers for USD 0\.\d+, .* Graded by demo \(120\)/u,
    )
    expect(output).toMatch(/auto +│ [\d.]+ +│ demo-sage +│ 100 % +│ 1\.000/u)
    expect(output).toMatch(/PROMOTE this policy .*: it saves [\d.]+ % \([\d.]+ % to [\d.]+ %\) of the cost/u)
    const id = /switchyard promote ([0-9a-f]{12})/u.exec(output)![1]!
    const shown = await run(['policies', 'show', id], { folder })
    expect(shown.code, shown.output).toBe(0)
    const again = await run(args, { folder })
    expect(again.output).toContain('0 new answers for USD 0,')
    expect(again.output).toContain('PROMOTE')
  }, 60_000)

  it('takes prompts from the log where it keeps them, and says how to make it', async () => {
    const gateway = await startGateway({ config: { ...config, log: { text: true } } })
    opened.push({ close: gateway.discard })
    for (const n of [3, 4, 5])
      await ask('openai', gateway.url, { model: 'auto', stream: false, turns: [user(`What is ${n} * 7?`)] })
    await ask('openai', gateway.url, { model: 'auto', stream: false, turns: [user(`Explain: ${'long '.repeat(300)}`)] })
    // Cut by one character, in whose place stands the line break between the two.
    const two = [user('a'.repeat(400)), user('b'.repeat(240))]
    await ask('openai', gateway.url, { model: 'auto', stream: false, turns: two })
    const { folder } = gateway
    const { code, output } = await run(['bootstrap', '--from-log', '--budget-usd', '1'], { folder })
    expect([code, output]).toEqual([0, expect.stringContaining('3 of 3 prompts')])
    expect(output).toContain('2 logged requests are left out')
    expect(output).toMatch(/UNDECIDED .*more prompts/u)

    const silent = await startGateway({ config })
    opened.push({ close: silent.discard })
    await ask('openai', silent.url, { model: 'auto', stream: false, turns: [user('What is 3 * 7?')] })
    const refused = await run(['bootstrap', '--from-log', '--budget-usd', '1'], { folder: silent.folder })
    expect(refused.code).toBe(2)
    expect(refused.output).toContain('{"log": {"text": true}}')
  }, 90_000)
})

it('goes on after a kill and asks nothing twice that it has an answer to', async () => {
  const asked = new Map<string, number>()
  const { baseUrl } = await serve(
    simulate((request) => {
      const key = `${request.model} ${request.prompt}`
      asked.set(key, (asked.get(key) ?? 0) + 1)
      return right(request)
    }, 25),
  )
  const folder = folderWith(twoModels(baseUrl), sums(60))
  const file = join(folder, '.switchyard/bootstrap/auto.jsonl')
  const answered = () => {
    try {
      return readFileSync(file, 'utf8').split('\n').slice(0, -1).length
    } catch {
      return 0
    }
  }
  const args = ['--prompts', 'my.jsonl', '--budget-usd', '1', '--concurrency', '4']
  const child = spawn(process.execPath, [join(root, 'src/cli.ts'), 'bootstrap', ...args], {
    cwd: folder,
    stdio: 'ignore',
  })
  while (answered() < 30) await sleep(20)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const kept = answered()
  expect(kept).toBeLessThan(120)
  // What a crash cuts short is no answer.
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"key": "cut sho`)

  const { prompts, newAnswers, graders } = await bootstrap(folder, ...args)
  expect({ prompts, newAnswers, graders }).toEqual({ prompts: 60, newAnswers: 120 - kept, graders: { check: 60 } })
  expect(asked.size).toBe(120)
  const twice = [...asked.values()].filter((times) => times > 1)
  // Only what was under way when it was killed: paid for, but never heard.
  expect(twice.length).toBeLessThanOrEqual(4)
  expect(Math.max(...asked.values())).toBeLessThanOrEqual(2)
}, 60_000)

it('never spends more than it may, over all runs, and says so', async () => {
  const { baseUrl } = await serve(simulate(right))
  const folder = folderWith(twoModels(baseUrl), sums(100))
  // An answer costs 100 tokens in and out at 1 and 4 USD per million; a prompt of two candidates USD 0.001.
  const args = ['--prompts', 'my.jsonl', '--budget-usd', '0.03', '--concurrency', '16']
  const first = await bootstrap(folder, ...args)
  expect(first.spentUsd).toBeLessThanOrEqual(0.03)
  expect(first.spentUsd).toBeGreaterThan(0.026)
  expect(first.prompts).toBeLessThan(31)
  const second = await bootstrap(folder, ...args)
  expect(second.newAnswers).toBe(0)
  const third = await bootstrap(folder, ...args.with(3, '0.06'))
  expect(third.prompts).toBeGreaterThan(first.prompts)
  expect(third.spentUsd).toBeLessThanOrEqual(0.06)
}, 60_000)

it('waits as long as a provider asks for, with all who would ask it', async () => {
  const arrivals: number[] = []
  const answer = simulate(right)
  const { baseUrl } = await serve(async (request) => {
    arrivals.push(performance.now())
    // The first of two questions; the other one waits for its turn.
    if (arrivals.length !== 5) return answer(request)
    async function* body() {
      yield new TextEncoder().encode(JSON.stringify({ error: { message: 'Slow down.', type: 'rate_limit' } }))
    }
    return { status: 429, headers: { 'content-type': 'application/json', 'retry-after': '1' }, body: body() }
  })
  const config = { ...twoModels(baseUrl), candidates: [candidateAt('openai', 'even'), candidateAt('openai', 'odd')] }
  const { prompts } = await bootstrap(
    folderWith(config, sums(20)),
    '--prompts',
    'my.jsonl',
    '--budget-usd',
    '1',
    '--concurrency',
    '1',
  )
  expect(prompts).toBe(20)
  expect(arrivals).toHaveLength(41)
  const [limited, next] = [arrivals[4]!, arrivals[5]!]
  expect(next - limited).toBeGreaterThanOrEqual(990)
})

it('stops at once where a provider refuses its key, keeps what it has, and says whose it is', async () => {
  const answer = simulate(right)
  let served = 0
  const { baseUrl } = await serve(async (request) => {
    if (++served <= 10) return answer(request)
    async function* body() {
      yield new TextEncoder().encode(
        JSON.stringify({ error: { message: 'Incorrect API key.', code: 'invalid_api_key' } }),
      )
    }
    return { status: 401, headers: { 'content-type': 'application/json' }, body: body() }
  })
  const folder = folderWith(twoModels(baseUrl), sums(40))
  const { code, output } = await run(
    ['bootstrap', '--prompts', 'my.jsonl', '--budget-usd', '1', '--concurrency', '1'],
    { folder },
  )
  expect(code).toBe(2)
  expect(output).toMatch(/Candidate (even|odd) .*status 401/u)
  expect(readFileSync(join(folder, '.switchyard/bootstrap/auto.jsonl'), 'utf8').trim().split('\n')).toHaveLength(10)
})

describe('with a judge', () => {
  /** `good` answers well, `bad` badly; the judge is a third model. */
  const judged = (verdict: (prompt: string, call: number) => string) => {
    let calls = 0
    return simulate(({ model, prompt }) => (model === 'judge' ? verdict(prompt, ++calls) : `A ${model} answer.`))
  }
  const config = (baseUrl: string): ConfigInput => ({
    providers: providersAt(baseUrl),
    candidates: [
      // The dearest is believed to be the best: answers are compared with its own.
      candidateAt('openai', 'bad', { price: { inputPerMTok: 10, outputPerMTok: 40 } }),
      candidateAt('anthropic', 'good'),
      candidateAt('openai', 'judge'),
    ],
    routes: { auto: { candidates: ['bad', 'good'] } },
    encoder: NO_ENCODER,
  })
  const prompts = Array.from({ length: 12 }, (_, i) => ({ prompt: `Tell me about number ${i}.` }))
  const args = ['--prompts', 'my.jsonl', '--budget-usd', '1', '--judge', 'judge']
  /** Honest, and understood by our own reader of verdicts. */
  const honest = (prompt: string) => (/ANSWER A\nA good/u.test(prompt) ? '{"better": "A"}' : '{"better": "B"}')
  /** At first it does not know how to put it. */
  const hesitant = () => {
    let meant = ''
    return (prompt: string, call: number) => {
      if (call === 1) meant = honest(prompt)
      if (call === 1) return 'Well.'
      return prompt.startsWith('Reply with one JSON object only') ? meant : honest(prompt)
    }
  }

  it('swapping the places cancels a favourite place', async () => {
    const { baseUrl } = await serve(judged(() => '{"better": "A"}'))
    const { levels, graders, newAnswers } = await bootstrap(folderWith(config(baseUrl), prompts), ...args)
    expect(graders).toEqual({ judge: 12 })
    expect(newAnswers).toBe(12 * (2 + 2))
    // As good as each other: quality alone prefers the cheaper.
    expect(levels[0]!.constant).toMatchObject({ column: 1, point: { quality: 0.5 } })
  })

  it('an honest one is believed, its cost is in the budget, and a verdict that cannot be read is asked for again', async () => {
    expect(readPreferred(honest('ANSWER A\nA good'))).toBe('first')
    const { baseUrl } = await serve(judged(hesitant()))
    const folder = folderWith(config(baseUrl), prompts)
    const { levels, newAnswers, spentUsd } = await bootstrap(folder, ...args)
    expect(levels[0]!.constant).toMatchObject({ column: 1, point: { quality: 1 } })
    expect(newAnswers).toBe(12 * 4 + 1)
    // 12 prompts: 0.005 + 0.0005 for the answers, 0.0005 for each of 25 verdicts.
    expect(spentUsd).toBeCloseTo(12 * 0.0055 + 25 * 0.0005, 10)
    // What is paid for counts again, verdicts too, also where the budget would hold nothing more.
    const again = await bootstrap(folder, ...args.with(3, '0.01'))
    expect(again).toMatchObject({ prompts: 12, newAnswers: 0, spentUsd })
  })

  it('one that never says leaves the prompts out, and without any judge nothing is asked', async () => {
    const { baseUrl } = await serve(judged(() => 'It depends.'))
    const folder = folderWith(config(baseUrl), prompts)
    const { code, output } = await run(['bootstrap', ...args], { folder })
    expect([code, output]).toEqual([2, expect.stringContaining('No prompt has a grade for every candidate')])
    const refused = await run(['bootstrap', ...args.slice(0, 4)], { folder })
    expect([refused.code, refused.output]).toEqual([2, expect.stringContaining('--judge CANDIDATE')])
  })
})

it('grades candidates that replay a data set by what it recorded', async () => {
  const folder = folderWith({ providers: {}, candidates: [] }, [])
  const queries = Array.from({ length: 40 }, (_, i) => ({ id: `q${i}`, split: 'train', prompt: `Question ${i}?` }))
  writeFileSync(join(folder, 'set.queries.jsonl'), queries.map((query) => JSON.stringify(query)).join('\n'))
  writeFileSync(
    join(folder, 'set.outcomes.csv'),
    [
      'query_id,model,quality,cost_usd,input_tokens,output_tokens',
      ...queries.flatMap(({ id }, i) => [`${id},a,${i % 4 === 0 ? 0 : 1},0.001,10,100`, `${id},b,0.25,0.002,10,200`]),
    ].join('\n'),
  )
  writeFileSync(join(folder, 'set.meta.json'), '{}')
  writeConfig(folder, {
    providers: { replay: { kind: 'replay', data: join(folder, 'set') } },
    candidates: [candidateAt('replay', 'a'), candidateAt('replay', 'b')],
    encoder: NO_ENCODER,
  })
  const { graders, levels, prompts } = await bootstrap(folder, '--prompts', 'set.queries.jsonl', '--budget-usd', '1')
  expect({ graders, prompts }).toEqual({ graders: { recorded: 40 }, prompts: 40 })
  expect(levels[0]!.constant).toMatchObject({ column: 0, point: { quality: 0.75 } })
  expect(levels[0]!.sure).toBeGreaterThan(0.99)
})
