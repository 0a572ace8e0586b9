/** A gateway that learns online is killed under load, several times: what it knows afterwards is what the rewards in its log say. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FaultProvider, startFaultProvider } from '../benchmarks/faults/provider.ts'
import { decideAgain, type Serving } from '../src/cli/replay/online.ts'
import { foldOptions, nameOf, type Recipe } from '../src/compose/learners.ts'
import { constantPolicy, routerOf } from '../src/compose/policy.ts'
import { parseGiven } from '../src/config/given.ts'
import type { ConfigInput } from '../src/config/schema.ts'
import { FEATURES } from '../src/embed/features.ts'
import { createFold } from '../src/learn/fold.ts'
import { openLearner } from '../src/learn/learner.ts'
import { openStore } from '../src/log/store.node.ts'
import { withPriors } from '../src/route/priors.ts'
import type { Decision, LogRow, Reward, Store } from '../src/spec.ts'
import { candidateAt, NO_ENCODER, providersAt } from './config.ts'
import { eventually } from './decisions.ts'
import { newFolder, removeFolder, startGateway } from './gateway.ts'

const KILLS = 3
const CLIENTS = 12
/** Scores accepted before each kill. */
const SCORES = 60

const folder = newFolder()
let provider: FaultProvider
beforeAll(async () => {
  provider = await startFaultProvider()
})
afterAll(async () => {
  await provider.close()
  removeFolder(folder)
})

async function askOn(url: string, client: number, rated: Set<string>): Promise<void> {
  for (let n = 0; ; n++) {
    const messages = [{ role: 'user', content: `Question ${client} ${'of many '.repeat(n % 7)}` }]
    const body = JSON.stringify({ model: 'auto', messages, stream: n % 2 === 1 })
    const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
    await answer.text()
    const [decision, model] = ['x-switchyard-decision', 'x-switchyard-model'].map((name) => answer.headers.get(name)!)
    const score = JSON.stringify({ decision, value: model === 'cheap' ? 0.9 : 0.3 })
    if ((await fetch(`${url}/v1/feedback`, { method: 'POST', body: score })).ok) rated.add(decision!)
  }
}

async function all(store: Store, table: LogRow['table']): Promise<LogRow['row'][]> {
  const found: LogRow['row'][] = []
  for (let after = 0; ; ) {
    const { rows, next } = await store.rows(table, { after, limit: 1000 })
    if (next === null) return found
    found.push(...rows.map(({ row }) => row))
    after = next
  }
}

it('a killed gateway learns on where it was, and knows nothing else than its log', async () => {
  const config: ConfigInput = {
    providers: providersAt(`${provider.origin}/v1`),
    candidates: [
      candidateAt('openai', 'cheap', { model: 'ok#cheap', price: { inputPerMTok: 1, outputPerMTok: 1 } }),
      candidateAt('openai', 'dear', { model: 'ok#dear', price: { inputPerMTok: 20, outputPerMTok: 20 } }),
      candidateAt('openai', 'broken', { model: 'status:500', price: { inputPerMTok: 2, outputPerMTok: 2 } }),
    ],
    routes: { auto: { preset: 'bandit', exploration: { maxLoss: 1 } } },
    encoder: NO_ENCODER,
  }
  const rated = new Set<string>()
  for (let kill = 0; kill < KILLS; kill++) {
    const gateway = await startGateway({ config, folder })
    const own = new Set<string>()
    const clients = Array.from({ length: CLIENTS }, (_, client) => askOn(gateway.url, client, own))
    await Promise.race([eventually(() => (own.size >= SCORES ? true : null), 'the gateway has learned'), ...clients])
    await gateway.stop('SIGKILL')
    await Promise.allSettled(clients)
    for (const id of own) rated.add(id)
  }

  const file = join(folder, '.switchyard/switchyard.sqlite')
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 1 })
  const rewards = (await all(store, 'rewards')) as Reward[]
  const decisions = (await all(store, 'decisions')) as Decision[]
  // Whoever got an answer to its score can rely on the lesson.
  const settled = new Set(rewards.map(({ decision }) => decision))
  expect([...rated].filter((id) => !settled.has(id))).toEqual([])
  expect(settled.size).toBe(rewards.length)

  const resolved = (await parseGiven(config, {})).config
  const { forgetting, reward } = resolved.learning
  const { keyShare } = reward
  const recipe: Recipe = { route: 'auto', policy: null, keyShare, features: FEATURES.length, dim: 0, forgetting }
  const serving: Serving = {
    recipe,
    policy: constantPolicy(routerOf({ preset: 'bandit' })),
    candidates: withPriors(resolved.candidates),
    exploration: { allowed: true, maxLoss: 1 },
    tolerance: 0,
  }
  expect(decideAgain({ decisions, rewards, vectors: new Map() }, serving)).toEqual(new Map())
  const lessons = decisions.map(({ considered }) => considered!.lessons!)
  // Every start found what the killed process had learned.
  expect(Math.max(...lessons)).toBeGreaterThan(2 * SCORES)
  expect(lessons.filter((count) => count === 0).length).toBeLessThanOrEqual(CLIENTS)

  const whole = createFold(foldOptions(recipe))
  for (const row of rewards) whole.take(row)
  expect(await store.snapshot(nameOf(recipe))).not.toBeNull()
  const again = await openLearner(nameOf(recipe), { store, ...foldOptions(recipe) })
  expect(again.fold.save()).toEqual(whole.save())

  // Where another one answered in the place of the one drawn, the lesson is of that one, without a propensity.
  const drawn = new Map(decisions.map((one) => [one.id, one]))
  expect(rewards.some(({ candidate }) => candidate === 'broken')).toBe(false)
  for (const { decision, candidate, propensity } of rewards) {
    const { candidate: first, propensity: chance } = drawn.get(decision)!
    expect(propensity).toBe(candidate === first ? chance : 0)
  }
  await store.close()
}, 120_000)
