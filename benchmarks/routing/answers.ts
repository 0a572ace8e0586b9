/**
 * Whether recorded answers help: routing alone beside the cascades and two fixed models that agree, each with the setting per budget that did best on
 * the training queries, and the lead of each over routing with a paired bootstrap interval.
 *
 *   node benchmarks/routing/answers.ts FOLDER/NAME [--estimators kernel,knn] [--draws 1000]
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { ENCODER } from '../../src/cli/replay/gateways.ts'
import { openEncoder } from '../../src/compose/encoder.node.ts'
import type { Aim, Mix } from '../../src/train/aims.ts'
import { withTexts } from '../../src/train/answers.node.ts'
import { decideAgreeing } from '../../src/train/cascade/agreeing.ts'
import { decideCascades } from '../../src/train/cascade/cascades.ts'
import { answeredRows, decidePlanned } from '../../src/train/cascade/planned.ts'
import { toContender } from '../../src/train/contenders.ts'
import { readDataset, rowsOf } from '../../src/train/dataset.node.ts'
import { type Decided, decideOn } from '../../src/train/decided.ts'
import { fitPolicy } from '../../src/train/fit.ts'
import { judgeRun } from '../../src/train/judged.ts'
import { bootstrap } from '../../src/train/metrics/bootstrap.ts'
import type { Interval } from '../../src/train/metrics/interval.ts'
import { outcomesOf } from '../../src/train/metrics/regret.ts'
import { mean, weightedMean } from '../../src/train/metrics/statistics.ts'
import { queriesOf } from '../../src/train/queries.ts'
import { createRandom } from '../../src/train/random.ts'
import { completeRows, toMatrix } from '../../src/train/rows.ts'
import { termsOf } from '../../src/train/study.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    estimators: { type: 'string', default: 'kernel,knn' },
    draws: { type: 'string', default: '1000' },
  },
})
const location = positionals[0] ?? '.'
const set = await withTexts(await readDataset(location), location, {})
if (set.texts === undefined) throw new RangeError(`${location} has no answers`)
const part = {
  name: 'test',
  train: answeredRows(set, rowsOf(set, 'train')),
  test: answeredRows(set, completeRows(set, rowsOf(set, 'test'))),
}
const outcomes = toMatrix(set, part.test)
const terms = termsOf(set, [part])
const encoder = await openEncoder(ENCODER)
const queries = await queriesOf(set, [...part.train, ...part.test], {
  encoder,
  cacheDir: resolve('.switchyard/vectors'),
})
await encoder?.close()
const [utility, cascade] = [findPlanner('utility'), findPlanner('cascade')]

console.log(`${set.name}, ${part.test.length} test queries`)
for (const name of values.estimators.split(',')) {
  const family = findEstimator(name)
  const seed = 1
  const { manifest, state, heldOut } = fitPolicy({
    set,
    rows: part.train,
    queries: part.train.map((row) => queries.get(row)!),
    family,
    planner: cascade,
    judge: utility.load({}),
    encoder: encoder?.info ?? null,
    random: createRandom(seed),
    createdAt: '',
  })
  const { guard, candidates } = manifest
  const policy = { estimator: family.load(state, candidates), planner: utility.load({}), guard, candidates }
  const fitted = toContender(set, { name: `${name} · utility`, policy, heldOut, queries, seed })
  const decided = [
    decideOn(set, part, { ...terms, fitted }),
    ...decideCascades(set, part, { ...terms, name, policy, heldOut, queries, recorded: set, seed }),
    decidePlanned(set, part, {
      ...terms,
      name: `${name} · cascade`,
      policy: { ...policy, planner: cascade.load(manifest.planner.options) },
      family: cascade,
      plannerOptions: {},
      heldOut,
      queries,
      recorded: set,
      seed,
    }),
    decideAgreeing(set, part),
  ]
  const operated = decided.map((one) => judgeRun([one], { ...terms, outcomes }).operated)
  const constant = outcomesOf(outcomes, () => decided[0]!.trained.constant.column)
  for (const [a, aim] of terms.aims.entries()) {
    const figures = bootstrap(
      part.test.length,
      (weights) => {
        const bar = weightedMean(constant.costs, weights)
        const points = operated.map((aims) => {
          const one = aims[a]
          return one == null
            ? { quality: Number.NaN, cost: Number.NaN }
            : { quality: weightedMean(one.qualities, weights), cost: weightedMean(one.costs, weights) / bar }
        })
        return points.flatMap(({ quality, cost }) => [quality, cost, quality - points[0]!.quality])
      },
      { random: createRandom(1), draws: Number(values.draws) },
    )
    for (const [k, one] of decided.entries()) {
      const [quality, cost, lead] = figures.slice(3 * k, 3 * k + 3)
      const mix = operated[k]![a]?.mixes[0]
      const words = [
        show(aim).padEnd(8),
        one.name.padEnd(28),
        interval(quality!),
        `${(100 * cost!.value).toFixed(1).padStart(5)} % of the cost`,
        mix === undefined ? '' : `${callsOf(one, mix).toFixed(2)} calls`,
        k === 0 ? '' : `ahead of routing by ${interval(lead!)}`,
      ]
      console.log(words.join('  '))
    }
  }
}

function show(aim: Aim): string {
  return aim.kind === 'budget' ? `${100 * aim.share} %` : aim.kind
}

function interval({ value, low, high }: Interval): string {
  return `${value.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`
}

/** Per query, one after the other. */
function callsOf({ settings }: Decided, { first, second, share }: Mix): number {
  const [a, b] = [first, second].map((k) => {
    const setting = settings[k]!
    return setting.kind === 'single' ? 1 : mean(setting.asked.map((asked) => asked.length))
  })
  return (1 - share) * a! + share * b!
}
