/** `switchyard evaluate` as a user types it: a log of requests that were drawn, policies to judge, and what is said of them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FEATURES } from '../src/embed/features.ts'
import { sampleDecision, sampleOutcome } from '../src/log/contract.ts'
import { openStore } from '../src/log/store.node.ts'
import { createPolicyFolder } from '../src/policy/folder.node.ts'
import type { LogRow } from '../src/spec.ts'
import { createRandom } from '../src/train/random.ts'
import { newFolder, removeFolder, run, writeConfig } from './gateway.ts'
import { adminConfig, idOf, policyFor } from './suites/admin.ts'

const CANDIDATES = ['demo-chatty', 'demo-coder', 'demo-math', 'demo-sage']
const AT = Date.UTC(2026, 10, 22)

/** 400 scored requests; `demo-math` is worth 0.8 on average and the others 0.4. */
function drawnBy(chances: readonly number[]): LogRow[] {
  const random = createRandom(1)
  return Array.from({ length: 400 }, (_, i) => `d${i}`).flatMap((id): LogRow[] => {
    const point = random()
    let arm = 0
    for (let sum = chances[0]!; point >= sum; sum += chances[arm]!) arm++
    const candidate = CANDIDATES[arm]!
    const considered = {
      ...sampleDecision('').considered!,
      candidates: CANDIDATES,
      quality: CANDIDATES.map(() => 0.5),
      chances,
    }
    const query = { hash: id, chars: 9, inputTokens: 31, features: FEATURES.map(() => random()), embedded: false }
    const decision = { candidate, at: AT, lambda: 10, propensity: chances[arm]!, policy: null, query, considered }
    const value = (candidate === 'demo-math' ? 0.8 : 0.4) + 0.4 * (random() - 0.5)
    return [
      { table: 'decisions', row: sampleDecision(id, decision) },
      { table: 'outcomes', row: sampleOutcome(id, { candidate, at: AT + 1, costUsd: 0.001 }) },
      { table: 'feedback', row: { decision: id, principal: 'p', source: 'user', at: AT + 2, value } },
    ]
  })
}

const folder = newFolder()
afterAll(() => removeFolder(folder))
const [math, coder] = ['demo-math', 'demo-coder'].map((id) => policyFor(id))
const evaluate = (...args: string[]) => run(['evaluate', ...args], { folder })

async function writeLog(file: string, rows: readonly LogRow[]): Promise<void> {
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 10_000 })
  await store.append(rows)
  await store.close()
}

beforeAll(async () => {
  writeConfig(folder, adminConfig)
  const data = join(folder, '.switchyard')
  mkdirSync(data, { recursive: true })
  await createPolicyFolder(join(data, 'policies')).write(math!)
  writeFileSync(join(folder, 'coder.safetensors'), coder!)
  await writeLog(join(data, 'switchyard.sqlite'), [
    ...drawnBy([0.25, 0.25, 0.25, 0.25]),
    { table: 'decisions', row: sampleDecision('named', { route: null, lambda: null, considered: null }) },
    { table: 'decisions', row: sampleDecision('waits', { at: AT }) },
  ])
  await writeLog(join(folder, 'certain.sqlite'), drawnBy([0, 1, 0, 0]))
})

describe('on a log that explored', () => {
  it('says which is better, by how much, and what it rests on', async () => {
    const { code, output } = await evaluate('--policy', 'coder.safetensors', '--policy', idOf(math!).slice(0, 12))
    expect(code, output).toBe(0)
    expect(output).toContain('400 decisions of route auto')
    expect(output).toContain('Left out: 1: the client named the model; 1: no answer came, or none yet.')
    expect(output).toMatch(/better than coder\.safetensors by 0\.[34]\d+ \[0\.\d+, 0\.\d+\] in utility per request/)
    expect(output).toMatch(/coder\.safetensors: quality 0\.[34]\d* .*; asks demo-coder 100\.0 %\./)
  }, 120_000)

  it('holds one policy alone against what happened, and gives all of it as JSON', async () => {
    const { code, output } = await evaluate('--policy', idOf(math!), '--json')
    expect(code, output).toBe(0)
    const { requests, leftOut, policies, comparisons } = JSON.parse(output)
    expect([requests, leftOut.named, leftOut.unanswered, leftOut.unpriced]).toEqual([400, 1, 1, 0])
    expect(policies.map(({ name }: { name: string }) => name)).toEqual(['logged', idOf(math!)])
    const [logged, learned] = policies
    expect(logged.overlap).toEqual({ effective: 400, largest: 1, impossible: 0 })
    // 0.4 + 0.25 · 0.4, and 10 · 0.001 less.
    expect(Math.abs(logged.figures.utility.ips.value - 0.49)).toBeLessThan(0.03)
    expect(Math.abs(learned.figures.utility.dr.value - 0.79)).toBeLessThan(0.05)
    expect(learned.figures.costUsd.dr.value).toBeCloseTo(0.001, 6)
    expect(learned.overlap).toMatchObject({ effective: expect.closeTo(100, 6), largest: 4, impossible: 0 })
    expect(learned.shares).toEqual({ 'demo-chatty': 0, 'demo-coder': 0, 'demo-math': 1, 'demo-sage': 0 })
    expect(comparisons).toMatchObject([{ over: 'logged', verdict: { kind: 'apart', better: 'a' } }])
    expect(comparisons[0].lower).toBeGreaterThan(0.2)
  }, 120_000)
})

it('does not judge a policy on what it learned from', async () => {
  const trainedOn = { source: 'switchyard.sqlite', rows: 100, sha256: '', createdAt: '2026-01-01T00:00:00.000Z' }
  const leftOut = {}
  const bytes = policyFor('demo-math', { trainedOn: { ...trainedOn, log: { first: 1, last: 100, leftOut } } })
  writeFileSync(join(folder, 'learned.safetensors'), bytes)
  const { code, output } = await evaluate('--policy', 'learned.safetensors', '--json')
  expect(code, output).toBe(0)
  expect(JSON.parse(output)).toMatchObject({ requests: 300, leftOut: { learned: 100 } })
}, 120_000)

describe('on a log that had no choice', () => {
  it('gives no number for another policy, and does for the one that logged', async () => {
    const { code, output } = await evaluate(
      '--log',
      'certain.sqlite',
      '--policy',
      'coder.safetensors',
      '--policy',
      idOf(math!),
    )
    expect(code, output).toBe(0)
    expect(output).toContain(`${idOf(math!)}: no number is given: 100 % of what is to be judged was never possible`)
    expect(output).toContain('Too little overlap to compare')
    expect(output).toMatch(/coder\.safetensors: quality 0\.[34]/)
    expect(output).not.toContain('is better than')
  }, 120_000)
})

it('says what is missing: scores, or the log itself', async () => {
  const empty = join(folder, 'empty.sqlite')
  await writeLog(empty, [{ table: 'decisions', row: sampleDecision('waits') }])
  const nothing = await evaluate('--log', empty, '--policy', 'constant')
  expect([nothing.code, nothing.output]).toEqual([
    2,
    expect.stringContaining('no decision of route auto can be judged'),
  ])
  expect(nothing.output).toContain('1: no answer came')
  const absent = await evaluate('--log', 'absent.sqlite', '--policy', 'constant')
  expect([absent.code, absent.output]).toEqual([2, expect.stringContaining('cannot be read as the log')])
}, 120_000)
