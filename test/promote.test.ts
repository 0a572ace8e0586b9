/** `switchyard promote` and `rollback` as a user types them: what proves a policy, what is refused with which numbers, and what the log keeps. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../src/config/schema.ts'
import { FEATURES } from '../src/embed/features.ts'
import { sampleDecision, sampleOutcome } from '../src/log/contract.ts'
import { openStore } from '../src/log/store.node.ts'
import { decodePolicy } from '../src/policy/file.ts'
import { createPolicyFolder } from '../src/policy/folder.node.ts'
import type { LogRow } from '../src/spec.ts'
import { readProof } from '../src/train/proof.ts'
import { candidateAt, NO_ENCODER } from './config.ts'
import { newFolder, removeFolder, run, writeConfig } from './gateway.ts'
import { adminConfig, idOf, policyFor } from './suites/admin.ts'

const folders: string[] = []
afterAll(() => folders.forEach(removeFolder))

/** A folder with a configuration; runs commands in it. */
function installation(config: ConfigInput) {
  const folder = newFolder()
  folders.push(folder)
  writeConfig(folder, config)
  const policies = createPolicyFolder(join(folder, '.switchyard/policies'))
  return {
    folder,
    policies,
    switchyard: (...args: string[]) => run(args, { folder }),
    async log<T>(work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<T>): Promise<T> {
      mkdirSync(join(folder, '.switchyard'), { recursive: true })
      const file = join(folder, '.switchyard/switchyard.sqlite')
      const store = await openStore({ file, durability: 'process', maxQueuedRows: 100_000 })
      return work(store).finally(() => store.close())
    },
  }
}

describe('by its own training, while the constant serves', { timeout: 120_000 }, () => {
  const here = installation({
    providers: { demo: { kind: 'demo' } },
    candidates: ['counter', 'poet'].map((id) => candidateAt('demo', id, { model: 'demo-sage' })),
    encoder: NO_ENCODER,
  })
  const learned = async (estimator: string) => {
    const { code, output } = await here.switchyard('train', '--data', 'sums', '--estimator', estimator, '--json')
    expect(code, output).toBe(0)
    return String(JSON.parse(output.slice(output.indexOf('{'))).policy)
  }
  let clusters: string
  let constant: string
  beforeAll(async () => {
    // Half of the prompts are sums and half are poems; each model is right on one kind.
    const kinds = Array.from({ length: 160 }, (_, i) => (i % 2 === 0 ? 'sum' : 'poem'))
    const lines = kinds.map((kind, i) => {
      const prompt =
        kind === 'sum' ? `What is ${i} + ${3 * i} * 4?` : `Write a poem about the moon\nover field number ${i}`
      return JSON.stringify({ id: `q${i}`, split: 'train', prompt })
    })
    const outcomes = kinds.flatMap((kind, i) => [
      `q${i},counter,${kind === 'sum' ? 1 : 0},0.001,10,100`,
      `q${i},poet,${kind === 'poem' ? 1 : 0},0.001,10,100`,
    ])
    writeFileSync(join(here.folder, 'sums.queries.jsonl'), lines.join('\n'))
    const head = 'query_id,model,quality,cost_usd,input_tokens,output_tokens'
    writeFileSync(join(here.folder, 'sums.outcomes.csv'), [head, ...outcomes].join('\n'))
    const meta = { models_usd_per_1m: { counter: [0, 10], poet: [0, 10] } }
    writeFileSync(join(here.folder, 'sums.meta.json'), JSON.stringify(meta))
    clusters = await learned('cluster')
    constant = await learned('constant')
  }, 120_000)

  it('serves where the lower bound clears zero, and the figures are kept', async () => {
    const proof = readProof((await here.policies.manifest(clusters)).metrics)
    expect(proof?.over.counter?.lower).toBeGreaterThan(0.2)
    const { code, output } = await here.switchyard('promote', clusters.slice(0, 12))
    expect([code, output]).toEqual([0, expect.stringContaining(`Route auto is served by ${clusters} from now on.`)])
    expect(output).toContain('on 160 queries that it had not seen when it decided it gains +')
    const [row] = await here.log((store) => store.history('auto', 1))
    expect(row).toMatchObject({ policy: clusters, share: 1, reason: 'promoted: proved to be better' })
    expect(row?.evidence).toMatchObject({ method: 'cross-fitted', rows: 160, proved: true, source: 'sums' })
    const again = await here.switchyard('promote', clusters)
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('already')])
  })

  it('is refused over something learned, with what would prove it; a reason overrules that and is kept', async () => {
    const refused = await here.switchyard('promote', constant)
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('The log has no scored requests of this route.')
    expect(refused.output).toContain('only this gateway’s own traffic can tell')
    expect(refused.output).toContain('Not promoted')
    expect((await here.switchyard('promote', constant, '--force', ' ')).code).toBe(2)
    const forced = await here.switchyard('promote', constant, '--canary', '0.25', '--hold', '--force', 'to find out')
    expect([forced.code, forced.output]).toEqual([0, expect.stringContaining('decides 25 % of the requests')])
    const [row] = await here.log((store) => store.history('auto', 1))
    expect(row).toMatchObject({ policy: constant, share: 0.25, hold: true, reason: 'to find out' })
    expect(row?.evidence).toMatchObject({ proved: false })
  })

  it('`policies` tells what is tried, what served when, and what differs', async () => {
    const list = (await here.switchyard('policies', 'list')).output
    expect(list).toContain(`route auto: ${clusters} since `)
    expect(list).toContain(`canary: ${constant} on 25 % of the requests since `)
    expect(list).toContain('nothing to compare yet')
    const history = (await here.switchyard('policies', 'list', '--route', 'auto')).output.trim().split('\n')
    expect(history.map((line) => line.replace(/^\S+ {2}/, '').slice(0, 40))).toEqual([
      expect.stringMatching(`^${constant.slice(0, 12)} on 25 % of`),
      expect.stringMatching(`^${clusters.slice(0, 12)} {2}promoted: proved`),
    ])
    const differs = (await here.switchyard('policies', 'diff', clusters.slice(0, 8), constant.slice(0, 8))).output
    expect(differs).toContain('estimator.name: cluster → constant')
    expect(differs).toMatch(/^guard\.shrink: \S+ → 0$/m)
    expect(differs).not.toContain('candidates')
  })

  it('rollback ends the canary, then goes back to what served first', async () => {
    expect((await here.switchyard('rollback')).output).toContain(`Route auto is served by ${clusters} again.`)
    expect((await here.switchyard('rollback')).output).toContain('Route auto is served by the constant again.')
  })
})

/** 300 scored requests; every candidate had the same chance. */
function exploredLog(scoreOf: (candidate: string, i: number) => number): LogRow[] {
  const candidates = ['demo-chatty', 'demo-coder', 'demo-math', 'demo-sage']
  const at = Date.UTC(2026, 10, 22)
  return Array.from({ length: 300 }, (_, i) => i).flatMap((i): LogRow[] => {
    const id = `d${i}`
    const candidate = candidates[i % candidates.length]!
    const considered = {
      ...sampleDecision('').considered!,
      candidates,
      quality: candidates.map(() => 0.5),
      chances: candidates.map(() => 0.25),
    }
    const query = { hash: `h${i}`, chars: 9, inputTokens: 31, features: FEATURES.map(() => 0.1), embedded: false }
    const row = sampleDecision(id, { candidate, at, lambda: 1, propensity: 0.25, policy: null, query, considered })
    return [
      { table: 'decisions', row },
      { table: 'outcomes', row: sampleOutcome(id, { candidate, at: at + 1, costUsd: 0.001 }) },
      {
        table: 'feedback',
        row: { decision: id, principal: 'p', source: 'user', at: at + 2, value: scoreOf(candidate, i) },
      },
    ]
  })
}

it('by this gateway’s own log, where enough was tried', async () => {
  const here = installation(adminConfig)
  const [math, coder, sage] = ['demo-math', 'demo-coder', 'demo-sage'].map((id) => policyFor(id))
  for (const bytes of [math!, coder!, sage!]) {
    await here.policies.write(bytes)
    expect(await decodePolicy(bytes)).toMatchObject({ manifest: { metrics: { gain: 0.1 } } })
  }
  await here.log((store) => store.append(exploredLog((candidate) => (candidate === 'demo-math' ? 1 : 0.2))))
  await here.switchyard('promote', idOf(sage!), '--force', 'to begin with')
  const better = await here.switchyard('promote', idOf(math!))
  expect(better.code, better.output).toBe(0)
  // 1 − 0.2, whatever the costs: they are the same.
  expect(better.output).toMatch(/On 300 scored requests of this gateway's log it gains \+0\.[78]\d* in utility/)
  const worse = await here.switchyard('promote', idOf(coder!))
  expect(worse.code).toBe(1)
  expect(worse.output).toMatch(/it gains −0\.[78]\d* in utility/)
  const [row] = await here.log((store) => store.history('auto', 1))
  expect(row).toMatchObject({ policy: idOf(math!), evidence: { method: 'log', proved: true, requests: 300 } })
}, 120_000)

it('less has to be proved for a share of the requests, which a canary ends by itself', async () => {
  const here = installation(adminConfig)
  const [math, sage] = ['demo-math', 'demo-sage'].map((id) => policyFor(id))
  for (const bytes of [math!, sage!]) await here.policies.write(bytes)
  // Right 13 times of 20 and 9 times of 20: of 75 answers each that is about 2.4 standard errors.
  const isRight = (candidate: string, i: number) => (7 * Math.floor(i / 4)) % 20 < (candidate === 'demo-math' ? 13 : 9)
  await here.log((store) => store.append(exploredLog((...asked) => (isRight(...asked) ? 1 : 0))))
  await here.switchyard('promote', idOf(sage!), '--force', 'to begin with')
  const refused = await here.switchyard('promote', idOf(math!))
  expect(refused.code, refused.output).toBe(1)
  expect(refused.output).toMatch(
    /one-sided 99\.9 % lower bound −0\.\d+.*\nAbout \d+ more .* a canary asks for no more than 95 %/,
  )
  const tried = await here.switchyard('promote', idOf(math!), '--canary', '0.1')
  expect(tried.code, tried.output).toBe(0)
  expect(tried.output).toMatch(/one-sided 95 % lower bound \+0\.\d+/)
  const [row] = await here.log((store) => store.history('auto', 1))
  expect(row).toMatchObject({ policy: idOf(math!), share: 0.1, evidence: { proved: true, confidence: 0.95 } })
}, 120_000)
