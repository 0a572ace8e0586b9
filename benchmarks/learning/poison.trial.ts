/** One log of keys of which one may lie: the policy learned from it, whether it would be promoted, and what it is worth on queries that no log has. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { withPriors } from '../../src/route/priors.ts'
import type { Estimator, Guard } from '../../src/spec.ts'
import { createChooser } from '../../src/train/choose.ts'
import { rowsOf } from '../../src/train/dataset.node.ts'
import { fitPolicy } from '../../src/train/fit.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import type { OutcomeSet } from '../../src/train/outcomes.ts'
import { type Gain, readProof } from '../../src/train/proof.ts'
import { createRandom } from '../../src/train/random.ts'
import { withinShares } from '../../src/train/retrain/shares.ts'
import { at, completeRows, costsOf, lambdaGrid } from '../../src/train/rows.ts'
import type { Material } from '../guard/material.ts'
import { type Asked, type Logger, simulateLog } from './logs.ts'

const KEYS = 20
const EVEN = Array.from({ length: KEYS }, () => 1 / KEYS)
/** The first key has 60 % of the traffic. */
const LOUD = EVEN.map((_, key) => (key === 0 ? 0.6 : 0.4 / (KEYS - 1)))
/** As `learning.reward.keyShare` is unless set. */
const KEY_SHARE = 0.5

interface Case {
  readonly keys: readonly number[]
  readonly lies: boolean
  readonly keyShare: number
}
export const CASES: Readonly<Record<string, Case>> = {
  honest: { keys: EVEN, lies: false, keyShare: KEY_SHARE },
  'one of 20': { keys: EVEN, lies: true, keyShare: KEY_SHARE },
  loud: { keys: LOUD, lies: true, keyShare: KEY_SHARE },
  'loud uncapped': { keys: LOUD, lies: true, keyShare: 1 },
}

export interface Task {
  readonly set: string
  /** Splits are drawn anew. */
  readonly mixed: boolean
  readonly estimator: string
  readonly logger: Logger
  /** Of `CASES`. */
  readonly who: string
  /** Requests. */
  readonly size: number
  readonly seed: number
}

export interface Trial extends Task {
  /** Over what serves, by the policy's own proof; `null`: not known. */
  readonly proof: Gain | null
  /** Over what serves, on the test split. */
  readonly gain: number
  /** Over the same policy with its guard shut. */
  readonly overConstant: number
}

export interface World {
  readonly material: Material
  readonly lambda: number
  /** The best constant of the train split. */
  readonly incumbent: string
  readonly test: readonly number[]
  worth(row: number, column: number): number
}

/** What serves, and what others are worth beside it. */
export function createWorld(material: Material): World {
  const { set } = material
  const train = completeRows(set, rowsOf(set, 'train'))
  const lambda = lambdaGrid(set, train, { points: 5, reach: 1 })[1]!
  const costs = costsOf(set)
  const worth = (row: number, column: number) =>
    at(set, set.quality, row, column) - lambda * at(set, costs, row, column)
  const alone = set.candidates.map((_, column) => mean(train.map((row) => worth(row, column))))
  const best = alone.indexOf(Math.max(...alone))
  return { material, lambda, incumbent: set.candidates[best]!.id, test: completeRows(set, rowsOf(set, 'test')), worth }
}

export function runTrial({ material, lambda, incumbent, test, worth }: World, task: Task): Trial {
  const { keys, lies, keyShare } = CASES[task.who]!
  const log = simulateLog(material, { ...task, lambda, keys })
  const kept = withinShares(log, { keyOf: ({ key }) => key, idOf: (asked) => `${log.indexOf(asked)}`, keyShare })
  const set = toLogSet(material.set, kept, lies)
  const family = findEstimator(task.estimator)
  const judge = findPlanner('utility').load({})
  const { manifest, state } = fitPolicy({
    set,
    rows: kept.map((_, row) => row),
    queries: kept.map(({ query }) => query),
    family,
    planner: findPlanner('utility'),
    judge,
    encoder: null,
    random: createRandom(task.seed),
    createdAt: '',
    lambda,
  })
  const ids = manifest.candidates
  const estimator = family.load(state, ids)
  const earnedBy = (guard: Guard, by: Estimator) => {
    const policy = { estimator: by, planner: judge, guard, candidates: ids }
    const choose = createChooser(policy, { candidates: withPriors(set.candidates), random: createRandom(1) })
    return mean(test.map((row) => worth(row, ids.indexOf(choose(material.queries[row]!, lambda)))))
  }
  const own = earnedBy(manifest.guard, estimator)
  const shut = manifest.guard.shrink === 0 ? own : earnedBy({ ...manifest.guard, shrink: 0 }, estimator)
  const held = mean(test.map((row) => worth(row, ids.indexOf(incumbent))))
  return {
    ...task,
    proof: readProof(manifest.metrics)?.over[incumbent] ?? null,
    gain: own - held,
    overConstant: own - shut,
  }
}

/** What the gateway would know of the requests. The first key tells the opposite of the truth where it lies. */
function toLogSet(set: OutcomeSet, log: readonly Asked[], lies: boolean): OutcomeSet {
  const width = set.candidates.length
  const drawn = (value: (asked: Asked) => number) => {
    const matrix = new Float64Array(log.length * width).fill(Number.NaN)
    for (const [i, asked] of log.entries()) matrix[i * width + asked.arm] = value(asked)
    return matrix
  }
  const recorded = (from: Float64Array) => drawn(({ row, arm }) => at(set, from, row, arm))
  return {
    ...set,
    queries: log.map(({ row, key }) => ({ ...set.queries[row]!, key })),
    quality: drawn(({ row, arm, key }) => {
      const quality = at(set, set.quality, row, arm)
      return lies && key === 'key-0' ? 1 - quality : quality
    }),
    costUsd: recorded(costsOf(set)),
    inputTokens: recorded(set.inputTokens),
    outputTokens: recorded(set.outputTokens),
    latencyMs: recorded(set.latencyMs),
    chances: Float64Array.from(log.flatMap(({ chances }) => chances)),
  }
}
