/**
 * The conformance test that every estimator and every planner must pass, called from the test beside it:
 * `testEstimator(knn)`, `testPlanner(utility)`. A test may be skipped by name only with a reason, which the report then shows.
 */
import { describe, expect, it } from 'vitest'
import type {
  Candidate,
  Estimate,
  EstimatorFamily,
  EstimatorState,
  Planner,
  Query,
  Tensor,
  TrainingSet,
} from '../src/spec.ts'
import { candidatesOf, columnsOf, plantedSet, queryOf, seeded, withMissing, withShuffled } from './fixtures.ts'

export interface Skip {
  readonly test: string
  readonly reason: string
}

type Check = readonly [name: string, check: () => void]

export function testEstimator(family: EstimatorFamily, { skip = [] }: { skip?: readonly Skip[] } = {}): void {
  const data = plantedSet(300, seeded(1))
  const fresh = plantedSet(60, seeded(2))
  const { candidates } = data
  const ids = candidates.map(({ id }) => id)
  const train = (set: TrainingSet = data) => family.fit(set, family.defaults, seeded(3))
  const stranger: Candidate = { ...candidates[0]!, id: 'stranger' }

  const checks: Check[] = [
    [
      'predicts finite numbers in range, one per candidate',
      () => {
        const estimator = family.load(train(), ids)
        for (const query of fresh.queries) expectSound(estimator.estimate(query, candidates), candidates.length)
        expectSound(estimator.estimate(fresh.queries[0]!, candidates.slice(1, 2)), 1)
        expectSound(estimator.estimate(fresh.queries[0]!, []), 0)
      },
    ],
    [
      'predicts the same for a candidate wherever it stands in the list',
      () => {
        const estimator = family.load(train(), ids)
        const pool = [...candidates, stranger]
        const straight = estimator.estimate(fresh.queries[0]!, pool)
        const turned = estimator.estimate(fresh.queries[0]!, pool.toReversed())
        expect(numbers(turned).map((list) => list.toReversed())).toEqual(numbers(straight))
        expect(turned.support).toBe(straight.support)
      },
    ],
    [
      'is deterministic, and one query leaves no trace in the next',
      () => {
        const [one, two] = [family.load(train(), ids), family.load(train(), ids)]
        for (const query of fresh.queries.slice(0, 20)) one.estimate(query, candidates)
        for (const query of fresh.queries.slice(20, 30)) {
          expect(one.estimate(query, candidates)).toEqual(two.estimate(query, candidates))
        }
        const kept = one.estimate(fresh.queries[0]!, candidates)
        const copy = structuredClone(kept)
        one.estimate(fresh.queries[1]!, candidates)
        expect(kept).toEqual(copy)
      },
    ],
    [
      'survives being written and read, bit for bit',
      () => {
        const state = train()
        const before = family.load(state, ids)
        const after = family.load(roundTrip(state), ids)
        for (const query of fresh.queries) {
          expect(after.estimate(query, candidates)).toEqual(before.estimate(query, candidates))
        }
      },
    ],
    [
      'refuses a state that does not fit the candidates or lacks a tensor',
      () => {
        const state = train()
        expect(() => family.load(state, ids.slice(1))).toThrow(RangeError)
        expect(() => family.load({ ...state, tensors: {} }, ids)).toThrow(RangeError)
      },
    ],
    [
      'gives a candidate that it never saw its prior, with more doubt than those it saw',
      () => {
        const estimator = family.load(train(), ids)
        const mean = (quality: number) => {
          const pool = [...candidates, { ...stranger, priors: { quality, outputTokens: 77 } }]
          const estimates = fresh.queries.map((query) => estimator.estimate(query, pool))
          expect(estimates[0]!.outputTokens.at(-1)).toBe(77)
          expect(estimates[0]!.qualityStd.at(-1)).toBeGreaterThan(estimates[0]!.qualityStd[0]!)
          return estimates.reduce((sum, estimate) => sum + estimate.quality.at(-1)!, 0) / estimates.length
        }
        expect(mean(0.8)).toBeCloseTo(0.8, 1)
        expect(mean(0.3)).toBeCloseTo(0.3, 1)
        expectSound(estimator.estimate(fresh.queries[0]!, [stranger]), 1)
      },
    ],
    [
      'claims no support without training data, and still answers',
      () => {
        const none = { queries: [], candidates, quality: new Float64Array(0), outputTokens: new Float64Array(0) }
        const estimator = family.load(roundTrip(train(none)), ids)
        const pool = [{ ...candidates[0]!, priors: { quality: 0.9 } }, candidates[1]!]
        const estimate = estimator.estimate(fresh.queries[0]!, pool)
        expectSound(estimate, 2)
        expect(estimate.support).toBe(0)
        expect(estimate.quality[0]).toBe(0.9)
        expectSound(family.load(train(), ids).estimate(fresh.queries[0]!, candidates), candidates.length)
      },
    ],
    [
      'learns from very few rows without breaking',
      () => {
        for (const rows of [1, 2, 3, 5]) {
          const few = plantedSet(rows, seeded(4))
          expectSound(family.load(train(few), ids).estimate(fresh.queries[0]!, candidates), candidates.length)
        }
      },
    ],
    [
      'answers without a vector, with a zero vector, and trains on such rows',
      () => {
        const blank = (query: Query, i: number): Query => {
          if (i % 3 === 0) return { ...query, vector: null }
          return i % 3 === 1 ? { ...query, vector: new Float32Array(query.vector!.length) } : query
        }
        for (const set of [data, { ...data, queries: data.queries.map(blank) }]) {
          const estimator = family.load(train(set), ids)
          for (const query of fresh.queries.map(blank))
            expectSound(estimator.estimate(query, candidates), candidates.length)
        }
        const bare = data.queries.map((query) => ({ ...query, vector: null, features: new Float64Array(0) }))
        expectSound(
          family.load(train({ ...data, queries: bare }), ids).estimate(bare[0]!, candidates),
          candidates.length,
        )
      },
    ],
    [
      'claims full support for no query without a vector',
      () => {
        const estimator = family.load(train(), ids)
        for (const query of fresh.queries) {
          expect(estimator.estimate({ ...query, vector: null }, candidates).support).toBeLessThan(0.9)
        }
      },
    ],
    [
      'handles outcomes that are not known: single ones, and one candidate altogether',
      () => {
        const partial = withMissing(data, seeded(5), { share: 0.6, blind: 1 })
        const estimator = family.load(roundTrip(train(partial)), ids)
        for (const query of fresh.queries) expectSound(estimator.estimate(query, candidates), candidates.length)
        const pool = candidates.map((candidate, c) =>
          c === 1 ? { ...candidate, priors: { quality: 0.65 } } : candidate,
        )
        const mean = fresh.queries.reduce((sum, query) => sum + estimator.estimate(query, pool).quality[1]!, 0)
        expect(mean / fresh.queries.length).toBeCloseTo(0.65, 1)
      },
    ],
    [
      'learns a planted signal: closer to the truth than the mean of each candidate',
      () => {
        for (const set of [data, withMissing(data, seeded(6), { share: 0.3 })]) {
          const estimator = family.load(train(set), ids)
          const m = candidates.length
          const means = candidates.map((_, c) => meanOf(set.quality, m, c))
          let learned = 0
          let constant = 0
          for (const [i, query] of fresh.queries.entries()) {
            const { quality } = estimator.estimate(query, candidates)
            for (let c = 0; c < m; c++) {
              learned += (quality[c]! - fresh.truth[i * m + c]!) ** 2
              constant += (means[c]! - fresh.truth[i * m + c]!) ** 2
            }
          }
          expect(learned).toBeLessThan(0.8 * constant)
        }
      },
    ],
    [
      'finds next to nothing where outcomes have nothing to do with queries',
      () => {
        const shuffles = [7, 8].map((seed) => withShuffled(data, seeded(seed)))
        const m = candidates.length
        let squares = 0
        for (const set of shuffles) {
          const estimator = family.load(train(set), ids)
          for (const query of fresh.queries) {
            const { quality } = estimator.estimate(query, candidates)
            for (let c = 0; c < m; c++) squares += (quality[c]! - meanOf(set.quality, m, c)) ** 2
          }
        }
        // As much as seven parameters find in outcomes of deviation 0.4 on 300 rows: 0.4 · √(7 / 300).
        expect(Math.sqrt(squares / (shuffles.length * fresh.queries.length * m))).toBeLessThan(0.06)
      },
    ],
    [
      'takes a candidate without a new fit, if it can, and says of the others what it said',
      () => {
        if (!family.onboard) return
        const m = candidates.length
        const known = columnsOf(data, 0, m - 1)
        const graded = columnsOf(plantedSet(200, seeded(9)), m - 1, m)
        const state = train(known)
        expect(() => family.onboard!(state, ids.slice(0, -1), known)).toThrow(RangeError)
        const before = family.load(state, ids.slice(0, -1))
        const after = family.load(roundTrip(family.onboard(state, ids.slice(0, -1), graded)), ids)
        const [mean, errors] = [meanOf(graded.quality, 1, 0), { learned: 0, constant: 0 }]
        for (const [i, query] of fresh.queries.entries()) {
          const estimate = after.estimate(query, candidates)
          expectSound(estimate, m)
          const truth = fresh.truth[(i + 1) * m - 1]!
          errors.learned += (estimate.quality[m - 1]! - truth) ** 2
          errors.constant += (mean - truth) ** 2
          const said = before.estimate(query, known.candidates).quality
          expect(estimate.quality.slice(0, -1)).toEqual(said)
        }
        expect(errors.learned).toBeLessThan(0.8 * errors.constant)
      },
    ],
    [
      'is less sure of a query unlike all that it saw',
      () => {
        const estimator = family.load(train(), ids)
        const mean = (queries: readonly Query[]) =>
          queries.reduce((sum, query) => sum + estimator.estimate(query, candidates).support, 0) / queries.length
        // Swaps the components that vary with those that hardly do.
        const odd = fresh.queries.map((query) => ({ ...query, vector: query.vector!.toReversed() }))
        expect(mean(fresh.queries)).toBeGreaterThan(0.7)
        expect(mean(odd)).toBeLessThan(mean(fresh.queries) - 0.3)
      },
    ],
    [
      'estimates far faster than it fits',
      () => {
        const fitting = elapsed(() => train())
        const estimator = family.load(train(), ids)
        const estimating = elapsed(() => {
          for (const query of fresh.queries) estimator.estimate(query, candidates)
        })
        expect(estimating / fresh.queries.length).toBeLessThan(Math.max(fitting, 1))
      },
    ],
  ]
  describe(`the estimator '${family.name}' keeps the contract:`, () => run(checks, skip))
}

export function testPlanner(planner: Planner, { skip = [] }: { skip?: readonly Skip[] } = {}): void {
  const candidates = candidatesOf(4)
  const query = queryOf(seeded(1))
  const priced = {
    quality: Float64Array.of(0.9, 0.5, 0.7, 0.5),
    qualityStd: new Float64Array(4).fill(0.1),
    outputTokens: new Float64Array(4).fill(100),
    costUsd: Float64Array.of(0.01, 0.0001, 0.002, Number.NaN),
    support: 1,
  }
  const plan = (lambda: number, seed = 7, from = { candidates, priced }) =>
    planner.plan(query, from.candidates, from.priced, { lambda, limits: {} }, seeded(seed))
  const lambdas = [0, 1, 30, 1e4, 1e300, Number.POSITIVE_INFINITY]

  const checks: Check[] = [
    [
      'names every candidate once, and a propensity in (0, 1]',
      () => {
        for (const lambda of lambdas) {
          const { arm, alternates, propensity, chances, reason } = plan(lambda)
          expect([arm, ...alternates].toSorted()).toEqual([0, 1, 2, 3])
          expect(propensity).toBeGreaterThan(0)
          expect(propensity).toBeLessThanOrEqual(1)
          expect(chances[arm]).toBe(propensity)
          expect(chances.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 12)
          expect(reason).not.toMatch(/NaN|undefined/)
        }
      },
    ],
    [
      'plans the same from the same randomness',
      () => {
        // What a cascade does about answers is a function, of which there is a new one in every plan.
        const written = (lambda: number) => JSON.stringify(plan(lambda, 9))
        for (const lambda of lambdas) expect(written(lambda)).toBe(written(lambda))
      },
    ],
    [
      'draws every arm as often as its chance says',
      () => {
        const draws = Array.from({ length: 2000 }, (_, i) => plan(30, i + 1))
        const { chances } = draws[0]!
        expect(draws.every((draw) => draw.chances.every((chance, arm) => chance === chances[arm]))).toBe(true)
        for (let arm = 0; arm < 4; arm++) {
          const drawn = draws.filter((draw) => draw.arm === arm)
          expect(Math.abs(drawn.length / draws.length - chances[arm]!)).toBeLessThan(0.05)
        }
      },
    ],
    [
      'does not depend on the order of the candidates',
      () => {
        const turned = {
          candidates: candidates.toReversed(),
          priced: {
            ...priced,
            quality: priced.quality.toReversed(),
            costUsd: priced.costUsd.toReversed(),
          },
        }
        for (const lambda of lambdas) {
          expect(turned.candidates[plan(lambda, 7, turned).arm]!.id).toBe(candidates[plan(lambda).arm]!.id)
        }
      },
    ],
    [
      'accepts a single candidate',
      () => {
        const one = { ...priced, quality: Float64Array.of(0.2), costUsd: Float64Array.of(Number.NaN) }
        expect(plan(30, 7, { candidates: candidates.slice(0, 1), priced: one })).toMatchObject({
          arm: 0,
          alternates: [],
        })
      },
    ],
    [
      'refuses an empty list',
      () => {
        expect(() => plan(0, 7, { candidates: [], priced })).toThrow(RangeError)
      },
    ],
  ]
  describe(`the planner '${planner.name}' keeps the contract:`, () => run(checks, skip))
}

function run(checks: readonly Check[], skip: readonly Skip[]): void {
  const unknown = skip.filter(({ test }) => !checks.some(([name]) => name === test))
  if (unknown.length > 0) throw new RangeError(`there is no contract test '${unknown[0]!.test}' to skip`)
  for (const [name, check] of checks) {
    const skipped = skip.find(({ test }) => test === name)
    if (skipped) it.skip(`${name} (skipped: ${skipped.reason})`, check)
    else it(name, check)
  }
}

function numbers({ quality, qualityStd, outputTokens }: Estimate): number[][] {
  return [[...quality], [...qualityStd], [...outputTokens]]
}

/** Of the known entries of a column. */
function meanOf(matrix: Float64Array, columns: number, column: number): number {
  const known = matrix.filter((value, at) => at % columns === column && !Number.isNaN(value))
  return known.reduce((sum, value) => sum + value, 0) / known.length
}

function expectSound(estimate: Estimate, length: number): void {
  for (const list of numbers(estimate)) {
    expect(list).toHaveLength(length)
    expect(list.every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
  }
  expect(Math.max(0, ...estimate.quality)).toBeLessThanOrEqual(1)
  expect(estimate.support).toBeGreaterThanOrEqual(0)
  expect(estimate.support).toBeLessThanOrEqual(1)
}

/** Through JSON text and raw bytes, as a policy file does. */
function roundTrip({ params, tensors }: EstimatorState): EstimatorState {
  const read = Object.entries(tensors).map(([name, tensor]): [string, Tensor] => {
    const { dtype, shape, data } = tensor
    const bytes = Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    const Kind = { F32: Float32Array, F64: Float64Array, I32: Int32Array }[dtype]
    return [name, { dtype, shape: JSON.parse(JSON.stringify(shape)), data: new Kind(bytes.buffer) }]
  })
  return { params: JSON.parse(JSON.stringify(params)), tensors: Object.fromEntries(read) }
}

function elapsed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}
