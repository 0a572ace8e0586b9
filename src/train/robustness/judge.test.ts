import { expect, it } from 'vitest'
import { type Bench, dearestOf } from './bench.ts'
import { vocabularyOf } from './confounder.ts'
import { createWorld } from './fixture.ts'
import { judgeRouter } from './judge.ts'
import { perturbations } from './perturbations.ts'
import { baselineRouters, singlesOn } from './routers.ts'
import { createTexts, readOnce } from './texts.ts'

const { set, queries, train, test } = await createWorld(80)
const texts = createTexts(set, queries)
const [constant, byLength] = baselineRouters(texts, train)
const worded = (change: (prompt: string) => string) =>
  Promise.all(
    test.map(async (origin) => {
      const prompt = change(set.queries[origin]!.prompt)
      return { origin, prompt, query: (await readOnce([prompt], null))[0]! }
    }),
  )
const bench: Bench = {
  texts,
  train,
  test,
  rewordings: [await worded((prompt) => prompt.toUpperCase()), await worded((prompt) => `${prompt} `.repeat(5))],
  costs: singlesOn(set, train).map(({ costUsd }) => costUsd),
  vocabulary: vocabularyOf(set.queries.map(({ prompt }) => prompt)),
  encoder: null,
  evaluations: 20,
  seed: 1,
  draws: 50,
}
const short = test.filter((row) => row % 2 === 0).length / test.length
const judge = (router: typeof constant, prefixes = 2) =>
  judgeRouter(router!, [{ lambda: 30, weight: 1 }], { bench, prefixes, onProgress: () => {} })

it('knows the dearest candidate', () => {
  expect(dearestOf(bench)).toBe(1)
})

it('a router by length: unmoved by capitals, moved by a prompt that is five times as long', async () => {
  const { each, overall, quality, costUsd } = await judge(byLength)
  expect(quality).toBe(1)
  expect(costUsd).toBeCloseTo(0.001 * short + 0.01 * (1 - short), 12)
  expect(each.map(({ flips }) => flips.value)).toEqual([0, expect.closeTo(short, 12)])
  expect(overall.flips.value).toBeCloseTo(short / 2, 12)
  expect(each[1]!.dearest.after.value).toBe(1)
  expect(each[1]!.costRise.value).toBeCloseTo(0.01 / costUsd - 1, 12)
})

it('a constant is moved by nothing, prefixes included', async () => {
  const { overall, attack } = await judge(constant)
  for (const change of [overall, attack!.random.overall, attack!.searched.overall]) expect(change.flips.value).toBe(0)
})

it('searches as many prefixes as it draws, the same ones again, and none where none is wanted', async () => {
  const { attack } = await judge(byLength)
  expect(attack!.searched.prefixes).toHaveLength(2)
  expect(attack!.random.prefixes).toHaveLength(2)
  expect(attack!.searched.overall.dearest.after.value).toBeGreaterThanOrEqual(attack!.searched.overall.dearest.before)
  expect((await judge(byLength)).attack).toEqual(attack)
  expect((await judge(byLength, 0)).attack).toBeNull()
})

it('every perturbation has a name of its own', () => {
  expect(new Set(perturbations.map(({ name }) => name)).size).toBe(perturbations.length)
})
