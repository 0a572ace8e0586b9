/** Few grades and many answers: the grades judge, the answers teach. */
import { expect, it } from 'vitest'
import { agreement } from '../../routers/estimators/agreement.ts'
import { KIND_CHANCES, kindsSet, queryOf, seeded } from '../../routers/fixtures.ts'
import { utility } from '../../routers/planners/utility.ts'
import { fitPolicy } from './fit.ts'
import type { OutcomeSet } from './outcomes.ts'

const GRADED = 150
const { queries, candidates, quality, outputTokens } = kindsSet(800, 1)
const random = seeded(2)
const say = () => queryOf(random, { dim: 32 }).vector!
let right = say()
const answers = Array.from(quality, (value, at) => {
  if (at % 4 === 0) right = say()
  return value === 1 ? right : say()
})
const set: OutcomeSet = {
  name: 'mostly ungraded',
  queries: queries.map((_, i) => ({ id: `q${i}`, task: '', split: 'train', prompt: `${i}` })),
  candidates,
  quality: quality.map((value, at) => (at < GRADED * 4 ? value : Number.NaN)),
  costUsd: outputTokens.map(() => 0.001),
  inputTokens: new Float64Array(quality.length).fill(500),
  outputTokens,
  latencyMs: new Float64Array(quality.length).fill(Number.NaN),
  answers,
  duplicates: [],
  sha256: 'a'.repeat(64),
}

it('lets agreement serve where the graded queries show it better than the constant', () => {
  const { manifest, state } = fitPolicy({
    set,
    rows: queries.map((_, row) => row),
    queries,
    family: agreement,
    planner: utility,
    judge: utility.load({}),
    encoder: null,
    random: seeded(3),
    createdAt: '',
  })
  expect(manifest.guard.shrink).toBeGreaterThan(0)
  const estimator = agreement.load(state, manifest.candidates)
  const fresh = kindsSet(200, 4)
  const earned = fresh.queries.map((query, i) => {
    const { quality } = estimator.estimate(query, candidates)
    return KIND_CHANCES[fresh.kind[i]!]![quality.indexOf(Math.max(...quality))]!
  })
  // The best constant earns 0.6, who knows the kinds 0.875.
  expect(earned.reduce((sum, value) => sum + value, 0) / 200).toBeGreaterThan(0.8)
})
