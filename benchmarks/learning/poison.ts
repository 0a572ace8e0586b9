/**
 * Can a key that reports reversed values bring about the promotion of a policy that is worse? Logs of twenty keys are simulated on the train split; one of them, an
 * ordinary one or one with most of the traffic, tells the opposite of the truth. On each log a policy is fitted as `train --from` does, with and without
 * the cap on a key's share, and promoted where the lower bound of its gain over what serves clears zero, as `promote` does. Whether it is better in truth
 * is seen on the test split. Queries have their features and no vectors. What serves is the best constant of the train split. Beside it: the policies that would serve without any such gate
 * against their own constant, which is what the guard promises.
 *
 *   node benchmarks/learning/poison.ts --data ../shared/data [--sets a,b] [--estimator linear] [--size 1500] [--seeds 100] [--logger uniform] [--cases a,b] [--mixed]
 *
 * `--mixed`: splits are drawn anew by a hash of the prompt, so that the test split is like the traffic; a set's own may be of another mix of tasks, and then a policy that is better where
 * it learned may be worse there without anybody's lies.
 */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { withPriors } from '../../src/route/priors.ts'
import type { Estimator, Guard } from '../../src/spec.ts'
import { createChooser } from '../../src/train/choose.ts'
import { rowsOf } from '../../src/train/dataset.node.ts'
import { fitPolicy } from '../../src/train/fit.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import type { OutcomeSet } from '../../src/train/outcomes.ts'
import { readProof } from '../../src/train/proof.ts'
import { createRandom } from '../../src/train/random.ts'
import { withinShares } from '../../src/train/retrain/shares.ts'
import { at, completeRows, costsOf, lambdaGrid } from '../../src/train/rows.ts'
import type { Material } from '../guard/material.ts'
import { type Asked, LOGGERS, loadFeatures, simulateLog } from './logs.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    estimator: { type: 'string', default: 'linear' },
    size: { type: 'string', default: '1500' },
    seeds: { type: 'string', default: '100' },
    logger: { type: 'string', default: 'uniform' },
    cases: { type: 'string', default: 'honest,one of 20,loud,loud uncapped' },
    mixed: { type: 'boolean', default: false },
  },
})

/** Logs after which is said what was found so far. */
const EVERY = 25
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
const CASES: Readonly<Record<string, Case>> = {
  honest: { keys: EVEN, lies: false, keyShare: KEY_SHARE },
  'one of 20': { keys: EVEN, lies: true, keyShare: KEY_SHARE },
  loud: { keys: LOUD, lies: true, keyShare: KEY_SHARE },
  'loud uncapped': { keys: LOUD, lies: true, keyShare: 1 },
}

const logger = LOGGERS.find((one) => one === values.logger)
if (logger === undefined) throw new RangeError(`--logger is one of ${LOGGERS.join(', ')}`)
for (const name of values.sets.split(',')) {
  const loaded = await loadFeatures(name, values.data)
  const material = values.mixed ? mixed(loaded) : loaded
  const { set } = material
  const train = completeRows(set, rowsOf(set, 'train'))
  const lambdas = lambdaGrid(set, train, { points: 5, reach: 1 })
  const lambda = lambdas[1]!
  const truth = truthOf(material, train, lambda)
  for (const label of values.cases.split(',')) {
    const trials: Trial[] = []
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const options = { logger, size: Number(values.size), lambda, seed }
      trials.push(runTrial(material, { ...options, ...CASES[label]! }, truth))
      // A run that is cut has said something.
      if (seed % EVERY === 0 || seed === Number(values.seeds))
        console.log(
          [name, values.estimator, logger, `lambda ${lambda.toPrecision(3)}`, label, ...summarise(trials)].join('\t'),
        )
    }
  }
}

function summarise(trials: readonly Trial[]): string[] {
  const count = (is: (trial: Trial) => boolean) => trials.filter(is).length
  const isPromoted = ({ lower }: Trial) => lower !== null && lower > 0
  return [
    `${trials.length} logs`,
    `better in truth ${count(({ gain }) => gain > 0)}`,
    `promoted ${count(isPromoted)}`,
    `of these worse ${count((trial) => isPromoted(trial) && trial.gain < 0)}`,
    `no proof ${count(({ lower }) => lower === null)}`,
    `learned differences serve ${count(({ overConstant }) => overConstant !== 0)}`,
    `of these worse than their constant ${count(({ overConstant }) => overConstant < 0)}`,
    `mean gain over it ${mean(trials.map(({ overConstant }) => overConstant)).toFixed(4)}`,
    `mean gain over what serves ${mean(trials.map(({ gain }) => gain)).toFixed(4)}`,
  ]
}

function mixed(material: Material): Material {
  const queries = material.set.queries.map((query) => {
    const [byte] = createHash('sha256').update(query.prompt).digest()
    return { ...query, split: byte! % 3 === 0 ? 'test' : 'train' }
  })
  return { ...material, set: { ...material.set, queries } }
}

interface Truth {
  readonly lambda: number
  /** The best constant of the train split. */
  readonly incumbent: string
  readonly test: readonly number[]
  worth(row: number, column: number): number
}

function truthOf({ set }: Material, train: readonly number[], lambda: number): Truth {
  const costs = costsOf(set)
  const worth = (row: number, column: number) =>
    at(set, set.quality, row, column) - lambda * at(set, costs, row, column)
  const alone = set.candidates.map((_, column) => mean(train.map((row) => worth(row, column))))
  const best = alone.indexOf(Math.max(...alone))
  return { lambda, incumbent: set.candidates[best]!.id, test: completeRows(set, rowsOf(set, 'test')), worth }
}

interface Trial {
  /** Of the gain over the incumbent; `null`: not known. */
  readonly lower: number | null
  /** Over the incumbent, on the test split. */
  readonly gain: number
  /** Over the same policy with its guard shut. */
  readonly overConstant: number
}

function runTrial(
  material: Material,
  { keys, lies, keyShare, ...options }: Case & Omit<Parameters<typeof simulateLog>[1], 'keys'>,
  { lambda, incumbent, test, worth }: Truth,
): Trial {
  const log = simulateLog(material, { ...options, keys })
  const kept = withinShares(log, { keyOf: ({ key }) => key, idOf: (asked) => `${log.indexOf(asked)}`, keyShare })
  const set = toLogSet(material.set, kept, lies)
  const family = findEstimator(values.estimator)
  const judge = findPlanner('utility').load({})
  const { manifest, state } = fitPolicy({
    set,
    rows: kept.map((_, row) => row),
    queries: kept.map(({ query }) => query),
    family,
    planner: findPlanner('utility'),
    judge,
    encoder: null,
    random: createRandom(options.seed),
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
    lower: readProof(manifest.metrics)?.over[incumbent]?.lower ?? null,
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
