/**
 * What cascades reach where the judge of answers is the truth with an error put in: the tables of cascade routing (arXiv 2410.10347) and of
 * RouterBench's cascade (arXiv 2403.12031) on another set, for the direction of the published figures.
 *
 *   node benchmarks/routing/cascades.ts FOLDER/routerbench_rdc [--seeds 2]
 */
import { parseArgs } from 'node:util'
import { fitThresholds } from '../../src/train/cascade/fitThresholds.ts'
import { NOISES, noisyJudge, planWithErrors } from '../../src/train/cascade/noise.ts'
import {
  type Judge,
  planRouting,
  planThresholds,
  type Sequence,
  type Sequential,
  simulate,
} from '../../src/train/cascade/simulate.ts'
import { readDataset, rowsOf } from '../../src/train/dataset.node.ts'
import { aiq, cascadeAuc, costRangeOf } from '../../src/train/metrics/area.ts'
import { hullOf } from '../../src/train/metrics/hull.ts'
import type { CostQuality, OutcomeMatrix } from '../../src/train/metrics/points.ts'
import { outcomesOf } from '../../src/train/metrics/regret.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import { pointsOf, sweepOf } from '../../src/train/metrics/sweep.ts'
import { createRandom } from '../../src/train/random.ts'
import { completeRows, lambdaGrid, toMatrix } from '../../src/train/rows.ts'

/** Of the paper's script, by their place among the columns of RouterBench. */
const POOLS = [[9, 4, 5], [0, 9, 4, 3, 5], null]
/** The paper's. */
const MAX_STEPS = 5
const ERRORS = [0, 0.1, 0.2, 0.4, 0.6, 0.8]
const CAPS = 20

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '2' } },
})
const set = await readDataset(positionals[0] ?? '.')
const [train, test] = ['train', 'test'].map((split) => toMatrix(set, completeRows(set, rowsOf(set, split))))
const lambdas = lambdaGrid(set, completeRows(set, rowsOf(set, 'train')), { points: 30, reach: 20 })
const percent = (value: number) => (100 * value).toFixed(2).padStart(6)

console.log(
  `${set.name}: area under quality over cost on ${test!.qualities.length / test!.models} test queries, in per cent`,
)
console.log('models  noise   mixing  routing  threshold cascade  cascade routing')
for (const pool of POOLS) {
  const [known, fresh] = [train!, test!].map((matrix) => (pool === null ? matrix : pick(matrix, pool)))
  const singles = singlesOf(fresh!)
  for (const [name, noise] of Object.entries(NOISES)) {
    const areas = Array.from({ length: Number(values.seeds) }, (_, seed) => {
      const judged = [known!, fresh!].map((matrix, part) => noisyJudge(matrix, noise, createRandom(2 * seed + part)))
      const area = (planOf: (query: number) => Sequential) =>
        cascadeAuc(points(simulate(fresh!, lambdas.length, planOf)), singles)
      const scores = (judge: (query: number) => Judge, query: number) => (asked: readonly number[]) =>
        judge(query)(asked).quality[asked.at(-1)!]!
      const cascades = fitThresholds(known!, lambdas, (asked) =>
        Float64Array.from({ length: known!.qualities.length / known!.models }, (_, i) => scores(judged[0]!, i)(asked)),
      )
      return [
        area((query) => planRouting(judged[1]!(query), lambdas, 1)),
        area((query) => planThresholds(scores(judged[1]!, query), cascades)),
        area((query) => planRouting(judged[1]!(query), lambdas, MAX_STEPS)),
      ]
    })
    const [routing, threshold, cascade] = [0, 1, 2].map((k) => mean(areas.map((one) => one[k]!)))
    const mixing = cascadeAuc(hullOf(singles), singles)
    console.log(
      `${String(singles.length).padStart(6)}  ${name.padEnd(6)}  ${percent(mixing)}  ${percent(routing!)}   ${percent(threshold!).padStart(16)}  ${percent(cascade!).padStart(15)}`,
    )
  }
}

const singles = singlesOf(test!)
const order = singles.map((_, m) => m).sort((a, b) => singles[a]!.costUsd - singles[b]!.costUsd)
const dearest = Math.max(...test!.costs)
const capsUsd = Array.from({ length: CAPS }, (_, k) => 2 * dearest * ((k + 1) / CAPS) ** 3)
console.log(
  '\nwrong verdicts  average improvement in quality  highest quality  at cost, as a share of the best single model',
)
const best = singles.reduce((a, b) => (b.quality > a.quality ? b : a))
console.log(
  `        mixing  ${percent(aiq(singles, costRangeOf(singles))).padStart(30)}  ${percent(best.quality).padStart(15)}   100.0 %`,
)
for (const errorRate of ERRORS) {
  const planOf = planWithErrors(test!, { order, errorRate, threshold: 1, capsUsd, random: createRandom(1) })
  const reached = points(simulate(test!, capsUsd.length, planOf))
  const top = reached.reduce((a, b) => (b.quality > a.quality ? b : a))
  console.log(
    `${errorRate.toFixed(1).padStart(14)}  ${percent(aiq(reached, costRangeOf(singles))).padStart(30)}  ${percent(top.quality).padStart(15)}  ${percent(top.costUsd / best.costUsd)} %`,
  )
}

function points(sequences: readonly Sequence[]): CostQuality[] {
  return pointsOf(sweepOf(sequences.map(({ outcomes }) => outcomes)))
}

function singlesOf(matrix: OutcomeMatrix): CostQuality[] {
  return Array.from({ length: matrix.models }, (_, m) => pointsOf(sweepOf([outcomesOf(matrix, () => m)]))[0]!)
}

function pick({ models, qualities, costs }: OutcomeMatrix, columns: readonly number[]): OutcomeMatrix {
  const of = (matrix: Float64Array) =>
    Float64Array.from({ length: (matrix.length / models) * columns.length }, (_, at) => {
      return matrix[Math.floor(at / columns.length) * models + columns[at % columns.length]!]!
    })
  return { models: columns.length, qualities: of(qualities), costs: of(costs) }
}
