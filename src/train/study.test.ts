import { expect, it } from 'vitest'
import { fitBaselines } from './contenders.ts'
import { type Decided, decideOn, restrict } from './decided.ts'
import { recordedCandidate } from './fixtures.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom } from './random.ts'
import { assignFolds, completeRows, lambdaGrid, withHidden } from './rows.ts'
import { EVERYTHING } from './splits.node.ts'
import { compareStudy, termsOf } from './study.ts'

/** Rows of [task, quality of small, quality of big]; small costs 1 USD a query, big 4. */
function setOf(rows: readonly (readonly [string, number, number])[], prompts?: readonly string[]): OutcomeSet {
  const unknown = new Float64Array(rows.length * 2).fill(Number.NaN)
  return {
    name: 'hand',
    queries: rows.map(([task], i) => ({ id: `q${i}`, task, split: 'train', prompt: prompts?.[i] ?? `prompt ${i}` })),
    candidates: [recordedCandidate('small'), recordedCandidate('big')],
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

/** The baselines on `test`, learned from `train`. */
function compareBaselines(set: OutcomeSet, train: readonly number[], test: readonly number[]) {
  const part = { name: 'test', train, test: completeRows(set, test) }
  const terms = termsOf(set, [part])
  const runs = fitBaselines(set, train).map((fitted) => [[decideOn(set, part, { fitted, ...terms })]])
  const view = EVERYTHING
  return compareStudy(set, { study: 'hand', view, terms, parts: [part], runs, draws: 20, seed: 1 })
}

it('agrees with hand-computed baselines', () => {
  const result = compareBaselines(hand, rows, rows)
  expect(result.singles.map(({ quality, costUsd }) => [quality.value, costUsd])).toEqual([
    [0.5, 1],
    [0.75, 4],
  ])
  expect([result.constants, result.cheapest]).toEqual([['big'], 'small'])
  expect(result.oracle[0]).toEqual({ costUsd: 2.5, quality: 1 })

  const perTask = result.scores.find((score) => score.name === 'best per task label')!
  expect(perTask.points[0]).toEqual({ quality: 1, costUsd: 2.5 })
  // Nothing costs as little as a tenth; between 1 and 2.5 USD a fold away from the training rows decides.
  expect(perTask.reached[1]).toBeNull()
  expect(perTask.reached[0]).toMatchObject({ costUsd: 2.5, tasks: [1, 1], shares: [0.5, 0.5] })
  expect(perTask.reached[0]!.lead.value).toBe(0.25)
  expect(perTask.within.map(({ quality }) => quality.value)).toEqual([Number.NEGATIVE_INFINITY, 0.5, 0.5])
  expect(perTask.peak.value).toBe(1)
  expect(perTask.qnc.value).toBe(0.625)
  expect(perTask.swept).toMatchObject({ costSave: 0.375, paretoDist: 0 })
  expect(perTask.swept.perfGain).toBeCloseTo(1 / 3, 12)

  const constant = result.scores.find((score) => score.name === 'best constant')!
  expect(constant.points[0]).toEqual({ quality: 0.75, costUsd: 4 })
  expect(constant.points.at(-1)).toEqual({ quality: 0.5, costUsd: 1 })
  // Half the cost of big lies a third of the way from small to big, and so does the quality.
  expect(constant.reached[3]!.quality.value).toBeCloseTo(0.5 + 0.25 / 3, 12)
  expect(constant.reached[3]!.costShare.value).toBeCloseTo(0.5, 12)
  expect(constant.qnc.value).toBe(1)
})

it('chooses the best constant on the training rows, not on the test rows', () => {
  expect(compareBaselines(hand, [2, 3], [1]).constants).toEqual(['big'])
  expect(compareBaselines(hand, [0, 1], [2]).constants).toEqual(['small'])
})

it('judges no row whose outcomes are not all known', () => {
  const gaps = setOf([
    ['a', 1, 0],
    ['a', Number.NaN, 1],
  ])
  const result = compareBaselines(gaps, [0, 1], [0, 1])
  expect([result.queries, result.oracle[0]!.quality]).toEqual([1, 1])
})

it('treats a set without costs as one of quality alone', () => {
  const result = compareBaselines({ ...hand, costUsd: new Float64Array(8).fill(Number.NaN) }, rows, rows)
  expect(result.lambdas).toEqual([0])
  expect(result.aims).toEqual([{ kind: 'quality' }])
  expect(result.scores[2]!.reached[0]!.quality.value).toBe(1)
})

it('adds up what a sequence of calls costs, and counts every call', () => {
  const sequence: Decided = {
    name: 'cascade',
    kind: 'policy',
    trained: { points: [{ costUsd: 3, quality: 0.9 }], constant: { column: 1, point: { costUsd: 4, quality: 0.75 } } },
    settings: [
      {
        kind: 'sequence',
        outcomes: { qualities: Float64Array.of(1, 1, 0, 1), costs: Float64Array.of(1, 5, 5, 5) },
        asked: [[0], [0, 1], [0, 1], [0, 1]],
      },
    ],
    scores: null,
    believed: null,
    microseconds: [1],
    shrink: null,
  }
  const part = { name: 'test', train: rows, test: rows }
  const terms = { ...termsOf(hand, [part]), lambdas: [0], aims: [{ kind: 'quality' } as const], regretAt: [0] }
  const constant = decideOn(hand, part, { fitted: fitBaselines(hand, rows)[0]!, lambdas: [0], strong: null })
  const compareOn = (view: typeof EVERYTHING) =>
    compareStudy(hand, {
      study: 'hand',
      view,
      terms,
      parts: [part],
      runs: [[[constant]], [[sequence]]],
      draws: 20,
      seed: 1,
    }).scores[1]!
  const all = compareOn(EVERYTHING)
  expect(all.reached[0]).toMatchObject({ costUsd: 4 })
  expect(all.reached[0]!.quality.value).toBe(0.75)
  expect(all.reached[0]!.shares).toEqual([4 / 7, 3 / 7])
  expect(all.pair).toBeNull()
  const some = compareOn({ name: 'first two', has: (row) => row < 2 })
  expect(some.reached[0]!.costUsd).toBe(3)
  expect(some.reached[0]!.shares).toEqual([2 / 3, 1 / 3])
})

it('restricts decisions to some of the queries', () => {
  const part = { name: 'test', train: rows, test: rows }
  const decided = decideOn(hand, part, { fitted: fitBaselines(hand, rows)[2]!, lambdas: [0], strong: null })
  expect(restrict(decided, [3, 0]).settings).toEqual([{ kind: 'single', columns: Uint16Array.of(1, 0) }])
})

it('hides the outcomes of a candidate but for a few rows', () => {
  const hidden = withHidden(hand, { column: 1, known: [2] })
  expect(completeRows(hidden, rows)).toEqual([2])
  expect([...hidden.quality]).toEqual([1, Number.NaN, 1, Number.NaN, 0, 1, 0, Number.NaN])
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
