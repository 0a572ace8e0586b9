/**
 * What to learn from when one candidate's outcome is known of each request: that outcome alone, inverse-propensity targets or doubly robust ones. Logs are
 * simulated on the train split, the estimator fitted on each kind of targets decides on the test split, without a guard, at one λ.
 *
 *   node benchmarks/learning/targets.ts --data ../shared/data [--sets a,b] [--estimator kernel] [--size 2000] [--seeds 10]
 */
import { parseArgs } from 'node:util'
import { findEstimator } from '../../routers/index.ts'
import type { EstimatorFamily, Query, TrainingSet } from '../../src/spec.ts'
import { rowsOf } from '../../src/train/dataset.node.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import type { OutcomeSet } from '../../src/train/outcomes.ts'
import { createRandom } from '../../src/train/random.ts'
import { assignFolds, at, completeRows, costsOf, lambdaGrid } from '../../src/train/rows.ts'
import type { Material } from '../guard/material.ts'
import { type Asked, LOGGERS, loadShort, simulateLog } from './logs.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    estimator: { type: 'string', default: 'kernel' },
    size: { type: 'string', default: '2000' },
    seeds: { type: 'string', default: '10' },
  },
})
const FOLDS = 5
/** Weights above are cut. */
const MOST_WEIGHT = 20

type Kind = 'observed' | 'ips' | 'dr'
const KINDS: readonly Kind[] = ['observed', 'ips', 'dr']

const family = findEstimator(values.estimator)
for (const name of values.sets.split(',')) {
  const material = await loadShort(name, values.data)
  const { set } = material
  const train = completeRows(set, rowsOf(set, 'train'))
  const test = completeRows(set, rowsOf(set, 'test'))
  const lambdas = lambdaGrid(set, train, { points: 5, reach: 1 })
  const lambda = lambdas[Math.floor(lambdas.length / 2)]!
  for (const logger of LOGGERS) {
    const gains = new Map<string, number[]>()
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const log = simulateLog(material, { logger, size: Number(values.size), lambda, seed })
      const { oracle, best, worthOf } = judgeOn(material, test, train, lambda)
      for (const kind of KINDS) {
        const { estimator, constant } = learn(material, log, kind, seed)
        const own = worthOf((query) => argmax(utilities(set, train, estimator(query), lambda)))
        const alone = worthOf(() => argmax(utilities(set, train, constant, lambda)))
        for (const [what, worth] of [
          ['policy', own],
          ['constant', alone],
        ] as const) {
          const key = `${kind} ${what}`
          gains.set(key, [...(gains.get(key) ?? []), (worth - best) / (oracle - best)])
        }
      }
    }
    for (const [key, shares] of gains) {
      const centre = mean(shares)
      const error = Math.sqrt(mean(shares.map((share) => (share - centre) ** 2)) / (shares.length - 1))
      console.log(
        `${name}\t${logger}\tlambda ${lambda.toPrecision(3)}\t${key}\t${centre.toFixed(4)} ± ${error.toFixed(4)}`,
      )
    }
  }
}

/** Share of the oracle's gain over the constant that is best on the train split. */
function judgeOn({ set, queries }: Material, test: readonly number[], train: readonly number[], lambda: number) {
  const costs = costsOf(set)
  const worth = (row: number, column: number) =>
    at(set, set.quality, row, column) - lambda * at(set, costs, row, column)
  const alone = set.candidates.map((_, column) => mean(train.map((row) => worth(row, column))))
  return {
    best: mean(test.map((row) => worth(row, argmax(alone)))),
    oracle: mean(test.map((row) => Math.max(...set.candidates.map((_, column) => worth(row, column))))),
    worthOf: (choose: (query: Query) => number) => mean(test.map((row) => worth(row, choose(queries[row]!)))),
  }
}

/** Costs are the means of the train split: it is the targets of quality that are compared. */
function utilities(set: OutcomeSet, train: readonly number[], quality: ArrayLike<number>, lambda: number): number[] {
  return set.candidates.map(
    (_, column) => quality[column]! - lambda * mean(train.map((row) => at(set, costsOf(set), row, column))),
  )
}

function learn({ set }: Material, log: readonly Asked[], kind: Kind, seed: number) {
  const random = createRandom(seed)
  const width = set.candidates.length
  const observed = matrix(
    log,
    width,
    () => Number.NaN,
    (asked) => at(set, set.quality, asked.row, asked.arm),
  )
  const weightOf = ({ chances, arm }: Asked) => Math.min(MOST_WEIGHT, 1 / chances[arm]!)
  const quality =
    kind === 'observed'
      ? observed
      : kind === 'ips'
        ? matrix(
            log,
            width,
            () => 0,
            (asked) => weightOf(asked) * at(set, set.quality, asked.row, asked.arm),
          )
        : robust()
  function robust() {
    const predicted = crossFit(set, log, observed, random)
    return matrix(
      log,
      width,
      (i, column) => predicted[i]![column]!,
      (asked, i) => {
        const own = predicted[i]![asked.arm]!
        return own + weightOf(asked) * (at(set, set.quality, asked.row, asked.arm) - own)
      },
    )
  }
  const estimate = train(set, family, log, quality, random)
  const constant = set.candidates.map((_, column) => {
    const known = log.flatMap((_, i) =>
      Number.isNaN(quality[i * width + column]!) ? [] : [quality[i * width + column]!],
    )
    return mean(known)
  })
  return { estimator: estimate, constant }
}

function matrix(
  log: readonly Asked[],
  width: number,
  other: (i: number, column: number) => number,
  own: (asked: Asked, i: number) => number,
): Float64Array {
  return Float64Array.from({ length: log.length * width }, (_, k) => {
    const [i, column] = [Math.floor(k / width), k % width]
    return column === log[i]!.arm ? own(log[i]!, i) : other(i, column)
  })
}

function crossFit(set: OutcomeSet, log: readonly Asked[], quality: Float64Array, random: () => number): Float64Array[] {
  const width = set.candidates.length
  const foldOf = assignFolds(
    set,
    log.map(({ row }) => row),
    FOLDS,
    random,
  )
  const predicted: Float64Array[] = []
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = log.flatMap((_, i) => (foldOf[i] === fold ? [] : [i]))
    const part = Float64Array.from(others.flatMap((i) => [...quality.subarray(i * width, (i + 1) * width)]))
    const estimate = train(
      set,
      family,
      others.map((i) => log[i]!),
      part,
      random,
    )
    for (const [i, { query }] of log.entries()) if (foldOf[i] === fold) predicted[i] = estimate(query)
  }
  return predicted
}

function train(
  set: OutcomeSet,
  family: EstimatorFamily,
  log: readonly Asked[],
  quality: Float64Array,
  random: () => number,
): (query: Query) => Float64Array {
  const data: TrainingSet = {
    queries: log.map(({ query }) => query),
    candidates: set.candidates,
    quality,
    outputTokens: new Float64Array(quality.length).fill(100),
  }
  const estimator = family.load(
    family.fit(data, family.defaults, random),
    set.candidates.map(({ id }) => id),
  )
  return (query) => estimator.estimate(query, set.candidates).quality
}

function argmax(numbers: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! > numbers[best]!) best = i
  return best
}
