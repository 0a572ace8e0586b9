/**
 * The time of one whole decision without embedding: limits, estimate, guard, price, plan. 11 candidates, 2,000 training rows of 512
 * dimensions and 14 features (see prompts.ts). Prints p50 and p99 per round and their medians over the rounds, as JSON with `--json`.
 *
 *   node benchmarks/routing/decide.ts [--estimators knn,linear] [--json]
 */
import { parseArgs } from 'node:util'
import { seeded } from '../../routers/fixtures.ts'
import { estimators, findEstimator, findPlanner } from '../../routers/index.ts'
import { decide, type RoutePolicy } from '../../src/route/decide.ts'
import { withPriors } from '../../src/route/priors.ts'
import { createWorld, DIM } from './prompts.ts'

const ROWS = 2000
const CANDIDATES = 11
const ROUNDS = 9
const PER_ROUND = 400

const { values } = parseArgs({
  options: {
    estimators: { type: 'string', default: estimators.map(({ name }) => name).join() },
    json: { type: 'boolean', default: false },
  },
})
const families = values.estimators.split(',').map(findEstimator)
const world = createWorld(CANDIDATES, 1)
const data = world.draw(ROWS, { answers: families.some(({ needs }) => needs === 'answers') })
const candidates = withPriors(data.candidates)
const fresh = world.draw(PER_ROUND).queries
const random = seeded(1)
const ids = candidates.map(({ id }) => id)

const results = families.map((family) => {
  const started = performance.now()
  const state = family.fit(data, family.defaults, seeded(2))
  const fitMs = performance.now() - started
  const policy: RoutePolicy = {
    estimator: family.load(state, ids),
    planner: findPlanner('utility').load({}),
    guard: {
      shrink: 0.8,
      minSupport: 0.2,
      quality: candidates.map(() => 0.5),
      outputTokens: candidates.map(() => 250),
      evidence: {},
    },
    candidates: ids,
  }
  const rounds = Array.from({ length: ROUNDS + 1 }, () => {
    const times = fresh.map((query) => {
      const begun = performance.now()
      decide({ query, candidates, policy, preference: { lambda: 20, limits: {} }, random })
      return performance.now() - begun
    })
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
  }).slice(1) // the first round warms the compiler up
  const bytes = Object.values(state.tensors).reduce((sum, { data }) => sum + data.byteLength, 0)
  return {
    estimator: family.name,
    p50Ms: quantile(
      rounds.map(({ p50 }) => p50),
      0.5,
    ),
    p99Ms: quantile(
      rounds.map(({ p99 }) => p99),
      0.5,
    ),
    fitMs,
    tensorBytes: bytes,
  }
})

if (values.json) console.log(JSON.stringify(results))
else {
  console.log(`one decision: ${CANDIDATES} candidates, ${ROWS} rows of ${DIM} dimensions, medians of ${ROUNDS} rounds`)
  for (const { estimator, p50Ms, p99Ms, fitMs, tensorBytes } of results) {
    const sizes = `fitted in ${(fitMs / 1000).toFixed(1)} s, ${(tensorBytes / 1e6).toFixed(2)} MB`
    console.log(`${estimator.padEnd(12)} p50 ${p50Ms.toFixed(3)} ms  p99 ${p99Ms.toFixed(3)} ms  (${sizes})`)
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))]!
}
