import { describe, expect, it } from 'vitest'
import { constant } from '../../../routers/estimators/constant.ts'
import { knn } from '../../../routers/estimators/knn.ts'
import { utility } from '../../../routers/planners/utility.ts'
import { PRIORS_ALONE } from '../../route/guard.ts'
import type { Planner } from '../../spec.ts'
import { fitContender } from '../contenders.ts'
import { toTrainingSet } from '../rows.ts'
import { createWorld } from './fixture.ts'
import { baselineRouters, fitRouters, mixesOf, policyRouter, singlesOn } from './routers.ts'
import { createTexts, readOnce } from './texts.ts'

const world = await createWorld(160)
const { set, queries, train, test } = world
const texts = createTexts(set, queries)
const options = {
  name: 'knn',
  train,
  family: knn,
  options: {},
  planner: utility,
  plannerOptions: {},
  judge: utility.load({}),
  encoder: null,
  seed: 1,
}
const [guarded, raw] = fitRouters(texts, { ...options, unguarded: true })
const LAMBDAS = [0, 30, 1000]

describe('a policy', () => {
  it('decides as the evaluation does', () => {
    const [contender] = fitContender(set, { ...options, queries })
    for (const row of test)
      expect(guarded!.decide(row, LAMBDAS)).toEqual(LAMBDAS.map((lambda) => contender!.choose(row, lambda)))
    for (const row of train)
      expect(guarded!.heldOut(row, LAMBDAS)).toEqual(LAMBDAS.map((lambda) => contender!.heldOut(row, lambda)))
  })

  it('follows a wording from short to long, and back with it', async () => {
    const short = test.find((row) => row % 2 === 0)!
    const prompt = `${set.queries[short]!.prompt} ${set.queries[train.find((row) => row % 2 === 1)!]!.prompt}`
    const [query] = await readOnce([prompt], null)
    expect(guarded!.decide(short, [30])).toEqual([0])
    expect(texts.lend([{ origin: short, prompt, query: query! }], ([row]) => guarded!.decide(row!, [30]))).toEqual([1])
    expect(guarded!.decide(short, [30])).toEqual([0])
  })

  it('without its guard believes what was predicted, however little is known', async () => {
    const prompt = 'word1 '.repeat(3000)
    const [query] = await readOnce([prompt], null)
    const choose = (router: typeof raw) =>
      texts.lend([{ origin: test[0]!, prompt, query: query! }], ([row]) => router!.decide(row!, [100]))
    // Far from everything seen the guard falls back to the constant, which at this λ is the cheap one.
    expect(choose(guarded)).toEqual([0])
    expect(choose(raw)).toEqual([1])
  })
})

it('a planner that draws draws the same for every wording of a prompt', () => {
  const ids = set.candidates.map(({ id }) => id)
  const lottery: Planner = {
    name: 'lottery',
    plan: (_query, _candidates, _priced, _preference, random) => ({
      kind: 'single',
      arm: random() < 0.5 ? 0 : 1,
      propensity: 0.5,
      chances: [0.5, 0.5],
      alternates: [],
      explored: true,
      reason: 'drawn',
    }),
  }
  const estimator = constant.load(
    constant.fit(toTrainingSet(set, [], []), constant.defaults, () => 0),
    ids,
  )
  const router = policyRouter(
    'lottery',
    { estimator, planner: lottery, guard: PRIORS_ALONE, candidates: ids },
    { texts, seed: 1 },
  )
  const before = test.map((row) => router.decide(row, [0])[0]!)
  const wordings = test.map((origin) => ({ origin, prompt: 'Other', query: queries.get(origin)! }))
  expect(texts.lend(wordings, (rows) => rows.map((row) => router.decide(row, [0])[0]!))).toEqual(before)
  expect(new Set(before)).toEqual(new Set([0, 1]))
})

it('baselines read the wording, the label-free ones alone', async () => {
  const baselines = baselineRouters(texts, train)
  expect(baselines.map(({ name }) => name)).toEqual(['best constant', 'prompt length', 'TF-IDF ridge'])
  const short = test.find((row) => row % 2 === 0)!
  const prompt = 'word1 '.repeat(40)
  const [query] = await readOnce([prompt], null)
  const choices = texts.lend([{ origin: short, prompt, query: query! }], ([row]) =>
    baselines.slice(0, 2).map(({ decide }) => [...decide(short, [30]), ...decide(row!, [30])]),
  )
  expect(choices[1]).toEqual([0, 1])
  expect(choices[0]![0]).toBe(choices[0]![1])
})

it('a budget is met exactly on the training rows; one below the cheapest setting is not', () => {
  const singles = singlesOn(set, train)
  expect(singles.map(({ quality }) => quality)).toEqual([train.filter((row) => row % 2 === 0).length / train.length, 1])
  const [cheaper, none, asked] = mixesOf(texts, train, {
    router: guarded!,
    aims: [
      { kind: 'budget', share: 0.3 },
      { kind: 'budget', share: 0.05 },
      { kind: 'lambda', lambda: 7 },
    ],
    lambdas: LAMBDAS,
  })
  expect(none).toBeNull()
  expect(asked).toEqual([{ lambda: 7, weight: 1 }])
  const spent = cheaper!.reduce(
    (sum, { lambda, weight }) =>
      sum + weight * train.reduce((all, row) => all + set.costUsd[2 * row + guarded!.heldOut(row, [lambda])[0]!]!, 0),
    0,
  )
  expect(spent / train.length).toBeCloseTo(0.3 * 0.01, 12)
})
