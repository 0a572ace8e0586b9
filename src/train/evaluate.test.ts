import { expect, it } from 'vitest'
import type { Candidate } from '../spec.ts'
import { baselines } from './baselines.ts'
import type { OutcomeSet } from './dataset.node.ts'
import { evaluate } from './evaluate.ts'
import { createRandom } from './random.ts'
import { assignFolds, lambdaGrid } from './rows.ts'

const candidate = (id: string): Candidate => ({
  id,
  provider: 'replay',
  model: id,
  wire: 'openai',
  price: { inputPerMTok: 1, outputPerMTok: 1 },
  contextWindow: 1e6,
  capabilities: new Set(),
  tags: [],
})

/** Rows of [task, quality of small, quality of big]; small costs 1 USD a query, big 4. */
function setOf(rows: readonly (readonly [string, number, number])[], prompts?: readonly string[]): OutcomeSet {
  const unknown = new Float64Array(rows.length * 2).fill(Number.NaN)
  return {
    name: 'hand',
    queries: rows.map(([task], i) => ({ id: `q${i}`, task, split: 'train', prompt: prompts?.[i] ?? `prompt ${i}` })),
    candidates: [candidate('small'), candidate('big')],
    quality: Float64Array.from(rows.flatMap(([, small, big]) => [small, big])),
    costUsd: Float64Array.from(rows.flatMap(() => [1, 4])),
    inputTokens: unknown,
    outputTokens: unknown,
    latencyMs: unknown,
    duplicates: [],
    sha256: '',
  }
}
const hand = setOf([
  ['easy', 1, 1],
  ['easy', 1, 0],
  ['hard', 0, 1],
  ['hard', 0, 1],
])
const rows = [0, 1, 2, 3]

it('agrees with hand-computed baselines', () => {
  const result = evaluate(hand, {
    train: rows,
    test: rows,
    routers: baselines(hand, rows),
    random: createRandom(1),
    draws: 20,
    budgets: [0.2, 0.25, 0.625, 1],
  })
  expect(result.singles).toEqual([
    { costUsd: 1, quality: 0.5 },
    { costUsd: 4, quality: 0.75 },
  ])
  expect([result.bestSingle, result.cheapest]).toEqual([1, 0])
  expect(result.oracle).toEqual({ costUsd: 2.5, quality: 1 })
  // Half way between 1 and 4 USD the mix of both has half of both qualities.
  expect(result.hull.map((point) => point.quality)).toEqual([Number.NEGATIVE_INFINITY, 0.5, 0.625, 0.75])

  const perTask = result.scores.find((score) => score.name === 'best per task label')!
  expect(perTask.points[0]).toMatchObject({ lambda: 0, quality: 1, costUsd: 2.5, shares: [0.5, 0.5] })
  expect(perTask.budgets.map((budget) => budget.quality.value)).toEqual([Number.NEGATIVE_INFINITY, 0.5, 1, 1])
  expect(perTask.budgets.map((budget) => budget.lead.value)).toEqual([Number.NaN, 0, 0.375, 0.25])
  expect(perTask.peakGain.value).toBe(0.25)
  expect([perTask.costShare.value, perTask.nearCostShare.value]).toEqual([0.625, 0.625])

  const constant = result.scores.find((score) => score.name === 'best constant')!
  expect(constant.points[0]).toMatchObject({ quality: 0.75, costUsd: 4 })
  expect(constant.points.at(-1)).toMatchObject({ quality: 0.5, costUsd: 1 })
  expect(constant.costShare.value).toBe(1)
})

it('chooses the best single model on the training rows, not on the test rows', () => {
  const options = { test: [1], routers: [], random: createRandom(1) }
  expect(evaluate(hand, { ...options, train: [2, 3] }).bestSingle).toBe(1)
  expect(evaluate(hand, { ...options, train: [1, 2, 3] }).singles[1]!.quality).toBe(0)
})

it('leaves out and counts rows whose outcomes are not all known', () => {
  const gaps = setOf([
    ['a', 1, 0],
    ['a', Number.NaN, 1],
  ])
  const result = evaluate(gaps, { train: [0, 1], test: [0, 1], routers: [], random: createRandom(1) })
  expect([result.queries, result.leftOut, result.oracle.quality]).toEqual([1, 1, 1])
})

it('treats a set without costs as one of quality alone', () => {
  const free: OutcomeSet = { ...hand, costUsd: new Float64Array(8).fill(Number.NaN) }
  const result = evaluate(free, {
    train: rows,
    test: rows,
    routers: baselines(free, rows),
    random: createRandom(1),
    draws: 5,
  })
  expect(result.queries).toBe(4)
  expect(result.scores[2]!.points.map(({ lambda, quality }) => [lambda, quality])).toEqual([[0, 1]])
})

it('spans the slopes of the hull with λ', () => {
  // One slope: (0.75 − 0.5) / (4 − 1).
  const grid = lambdaGrid(hand, rows, { points: 5, reach: 10 })
  expect(grid[0]).toBe(0)
  expect(grid[1]).toBeCloseTo(0.25 / 3 / 10)
  expect(grid[3]).toBeCloseTo(0.25 / 3)
  expect(grid[5]).toBeCloseTo((0.25 / 3) * 10)
})

it('keeps equal prompts in one fold', () => {
  const twins = setOf(
    Array.from({ length: 40 }, () => ['t', 1, 0] as const),
    Array.from({ length: 40 }, (_, i) => `prompt ${i % 10}`),
  )
  const all = twins.queries.map((_, row) => row)
  const folds = assignFolds(twins, all, 5, createRandom(3))
  expect(new Set(folds).size).toBe(5)
  for (const row of all) expect(folds[row]).toBe(folds[row % 10])
})
