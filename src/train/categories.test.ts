/** From named tasks to a map that serves: the estimator names a domain, the guard lets it through, the planner asks the domain's expert. */
import { expect, it } from 'vitest'
import { domains } from '../../routers/estimators/domains.ts'
import { kindsSet, seeded } from '../../routers/fixtures.ts'
import { categoryMap } from '../../routers/planners/categoryMap.ts'
import { utility } from '../../routers/planners/utility.ts'
import { decide } from '../route/decide.ts'
import { withPriors } from '../route/priors.ts'
import { fitPolicy } from './fit.ts'
import type { OutcomeSet } from './outcomes.ts'

const names = ['code', 'law', 'maths', 'poems']
const { queries, candidates, kind, quality, outputTokens } = kindsSet(600, 1)
const set: OutcomeSet = {
  name: 'kinds',
  queries: queries.map((_, i) => ({ id: `q${i}`, task: names[kind[i]!]!, split: 'train', prompt: `${i}` })),
  candidates,
  quality,
  // Dear enough that the best of every domain cannot be paid.
  costUsd: outputTokens.map((_, at) => [0.001, 0.002, 0.004, 0.008][at % 4]!),
  inputTokens: new Float64Array(quality.length).fill(500),
  outputTokens,
  latencyMs: new Float64Array(quality.length).fill(Number.NaN),
  duplicates: [],
  sha256: 'a'.repeat(64),
}

it.each([
  // The best of code and maths are cheap; to law and poems, the fourth is the best by 0.1 and 0.3.
  { usdPerThousand: 10, experts: [0, 3, 2, 3] },
  { usdPerThousand: 4, experts: [0, 1, 2, 3] },
])('within $usdPerThousand USD per 1,000 queries asks the experts that it buys', ({ usdPerThousand, experts }) => {
  const { manifest, state } = fitPolicy({
    set,
    rows: queries.map((_, row) => row),
    queries,
    family: domains,
    planner: categoryMap,
    plannerOptions: { usdPerThousand },
    judge: utility.load({}),
    encoder: null,
    random: seeded(2),
    createdAt: '',
  })
  const expected = Object.fromEntries(experts.map((m, k) => [names[k]!, candidates[m]!.id]))
  expect(manifest.planner.options.experts).toMatchObject(expected)

  const fresh = kindsSet(200, 2)
  const policy = {
    estimator: domains.load(state, manifest.candidates),
    planner: categoryMap.load(manifest.planner.options),
    guard: manifest.guard,
    candidates: manifest.candidates,
  }
  const decided = fresh.queries.map((query) =>
    decide({
      query,
      candidates: withPriors(candidates),
      policy,
      preference: { lambda: 1, limits: {} },
      random: seeded(3),
    }),
  )
  const mapped = decided.filter(({ plan }, i) => plan.arm === experts[fresh.kind[i]!]!)
  expect(mapped.length / 200).toBeGreaterThan(0.95)
  expect(decided[0]!.plan.reason).toContain(`the expert for ${names[fresh.kind[0]!]} queries`)
})
