/** Worlds to learn in: recorded outcomes as they are, and with something that changes halfway. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { constantPolicy } from '../../src/compose/policy.ts'
import type { RoutePolicy } from '../../src/route/decide.ts'
import { lambdaLevels } from '../../src/route/lambda.ts'
import { withPriors } from '../../src/route/priors.ts'
import type { Candidate, Estimate, Estimator, Query } from '../../src/spec.ts'
import { rowsOf } from '../../src/train/dataset.node.ts'
import { fitPolicy } from '../../src/train/fit.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import type { OutcomeSet } from '../../src/train/outcomes.ts'
import { createRandom, shuffle } from '../../src/train/random.ts'
import { at, completeRows, costsOf } from '../../src/train/rows.ts'
import type { Material } from '../guard/material.ts'

export const SCENARIOS = ['stationary', 'shuffled', 'degrades', 'dearer', 'arrives'] as const
export type ScenarioName = (typeof SCENARIOS)[number]
export const PRIORS = ['learned', 'none'] as const
export type Prior = (typeof PRIORS)[number]

/** Of the preset `bandit`. */
const ESTIMATOR = 'linear'
const FEW = 700
/** A degraded model is right half as often; a dearer one costs twice as much. */
const DEGRADED = 0.5
const DEARER = 2

/** What is so until something changes, and after. */
export interface Phase {
  readonly candidates: readonly Candidate[]
  /** By test query, then candidate of the phase: quality and USD. */
  readonly quality: readonly Float64Array[]
  readonly costUsd: readonly Float64Array[]
}

export interface Scenario {
  readonly name: ScenarioName
  readonly before: Phase
  readonly after: Phase
  /** The planner is the learner's to choose. */
  readonly policies: Readonly<Record<Prior, Omit<RoutePolicy, 'planner'>>>
}

export interface World {
  readonly set: string
  readonly queries: readonly Query[]
  readonly lambda: number
  /** The best constant of the training queries at this λ: whom it happens to. */
  readonly star: string
  scenario(name: ScenarioName): Scenario
}

/**
 * Policies learn from the training queries; what is replayed are test queries. To choose settings by, `train` replays training queries: policies then learn from
 * `FEW` of them, drawn with the seed 1, and the others are replayed.
 */
export function createWorld({ set, queries }: Material, stream: 'train' | 'test'): World {
  const [train, test] = stream === 'test' ? splitsOf(set) : halvesOf(set)
  const costs = costsOf(set)
  const means = (matrix: Float64Array) =>
    set.candidates.map((_, c) => mean(train.map((row) => at(set, matrix, row, c))))
  const [quality, costUsd] = [means(set.quality), means(costs)]
  const lambda = lambdaLevels(set.candidates, quality).auto
  const worth = quality.map((value, c) => value - lambda * costUsd[c]!)
  const star = worth.indexOf(Math.max(...worth))
  const tested = test.map((row) => queries[row]!)

  const phaseOf = (from: OutcomeSet, rows: readonly number[] = test): Phase => {
    const cells = (matrix: Float64Array) =>
      rows.map((row) => Float64Array.from(from.candidates, (_, c) => at(from, matrix, row, c)))
    return { candidates: withPriors(from.candidates), quality: cells(from.quality), costUsd: cells(costsOf(from)) }
  }
  const whole = phaseOf(set)
  const learn = (from: OutcomeSet): Omit<RoutePolicy, 'planner'> => {
    const family = findEstimator(ESTIMATOR)
    const planner = findPlanner('utility')
    const { manifest, state } = fitPolicy({
      set: from,
      rows: train,
      queries: train.map((row) => queries[row]!),
      family,
      planner,
      judge: planner.load({}),
      encoder: null,
      random: createRandom(1),
      createdAt: '',
    })
    const { guard, candidates } = manifest
    return { estimator: remembering(family.load(state, candidates)), guard, candidates }
  }
  const none = constantPolicy({ estimator: ESTIMATOR, planner: 'utility', plannerOptions: {} })
  let known: Scenario['policies'] | undefined
  const policies = () => {
    known ??= { learned: learn(set), none }
    return known
  }

  return {
    set: set.name,
    queries: tested,
    lambda,
    star: set.candidates[star]!.id,
    scenario(name) {
      switch (name) {
        case 'stationary':
          return { name, before: whole, after: whole, policies: policies() }
        case 'shuffled': {
          // Dealt out to the queries anew: the means are what they were, and nothing else is left to be learned.
          const dealt = phaseOf(set, shuffle(test, createRandom(1)))
          return { name, before: dealt, after: dealt, policies: policies() }
        }
        case 'degrades': {
          const degrade = (row: Float64Array) => row.map((value, c) => (c === star ? DEGRADED * value : value))
          return { name, before: whole, after: { ...whole, quality: whole.quality.map(degrade) }, policies: policies() }
        }
        case 'dearer': {
          const raise = (row: Float64Array) => row.map((value, c) => (c === star ? DEARER * value : value))
          const candidates = whole.candidates.map((candidate, c) => (c === star ? dearer(candidate) : candidate))
          const after = { ...whole, candidates, costUsd: whole.costUsd.map(raise) }
          return { name, before: whole, after, policies: policies() }
        }
        case 'arrives': {
          const without = withoutColumn(set, star)
          return { name, before: phaseOf(without), after: whole, policies: { learned: learn(without), none } }
        }
      }
    },
  }
}

function splitsOf(set: OutcomeSet): readonly [number[], number[]] {
  return [completeRows(set, rowsOf(set, 'train')), completeRows(set, rowsOf(set, 'test'))]
}

function halvesOf(set: OutcomeSet): readonly [number[], number[]] {
  const order = shuffle(completeRows(set, rowsOf(set, 'train')), createRandom(1))
  return [order.slice(0, FEW), order.slice(FEW)]
}

function dearer(candidate: Candidate): Candidate {
  const { price } = candidate
  if (price === null) return candidate
  const [inputPerMTok, outputPerMTok] = [DEARER * price.inputPerMTok, DEARER * price.outputPerMTok]
  return { ...candidate, price: { inputPerMTok, outputPerMTok } }
}

/** The set as if there had never been this candidate. */
function withoutColumn(set: OutcomeSet, column: number): OutcomeSet {
  const width = set.candidates.length
  const drop = (matrix: Float64Array) => matrix.filter((_, cell) => cell % width !== column)
  return {
    ...set,
    candidates: set.candidates.filter((_, c) => c !== column),
    quality: drop(set.quality),
    costUsd: drop(set.costUsd),
    inputTokens: drop(set.inputTokens),
    outputTokens: drop(set.outputTokens),
    latencyMs: drop(set.latencyMs),
  }
}

/** Estimates are asked for again by every run of a query and pool. */
function remembering({ name, estimate }: Estimator): Estimator {
  const known = new Map<number, WeakMap<Query, Estimate>>()
  return {
    name,
    estimate(query, candidates) {
      // Pools of one scenario differ in length alone: prices do not enter estimates.
      const ofPool = known.get(candidates.length) ?? new WeakMap<Query, Estimate>()
      known.set(candidates.length, ofPool)
      const estimated = ofPool.get(query) ?? estimate(query, candidates)
      ofPool.set(query, estimated)
      return estimated
    },
  }
}
