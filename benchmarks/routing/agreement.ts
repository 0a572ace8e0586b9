/**
 * What agreement of answers knows of quality, on a set of which both are recorded: fitted on `train` with every quality erased, judged on the complete rows
 * of `test` at λ = 0 and without a guard, which would need labels. Beside it the best constant, chosen with labels.
 *
 *   node benchmarks/routing/agreement.ts --data PATH/NAME [--json]
 */
import { parseArgs } from 'node:util'
import { agreedQuality, agreement } from '../../routers/estimators/agreement.ts'
import { ENCODER } from '../../src/cli/replay/gateways.ts'
import { openEncoder } from '../../src/compose/encoder.node.ts'
import { withRecordedAnswers } from '../../src/train/answers.node.ts'
import { readDataset, rowsOf } from '../../src/train/dataset.node.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import { queriesOf } from '../../src/train/queries.ts'
import { createRandom } from '../../src/train/random.ts'
import { at, completeRows, toTrainingSet } from '../../src/train/rows.ts'

const { values } = parseArgs({
  options: { data: { type: 'string', default: '' }, json: { type: 'boolean', default: false } },
})
const encoder = await openEncoder(ENCODER)
const reading = { encoder, cacheDir: '.switchyard/vectors' }
const set = await withRecordedAnswers(await readDataset(values.data), values.data, reading)
const [train, test] = [rowsOf(set, 'train'), completeRows(set, rowsOf(set, 'test'))]
const queries = await queriesOf(set, [...train, ...test], reading)
await encoder?.close()

const ids = set.candidates.map(({ id }) => id)
const quality = (row: number, column: number) => at(set, set.quality, row, column)
const best = (list: ArrayLike<number>) => Array.from(list).indexOf(Math.max(...Array.from(list)))
const labelled = toTrainingSet(
  set,
  train,
  train.map((row) => queries.get(row)!),
)
const data = { ...labelled, quality: labelled.quality.map(() => Number.NaN) }
const estimator = agreement.load(agreement.fit(data, agreement.defaults, createRandom(1)), ids)
const choices = test.map((row) => best(estimator.estimate(queries.get(row)!, set.candidates).quality))
const constant = best(ids.map((_, column) => mean(train.map((row) => quality(row, column)))))
const lead = test.map((row, i) => quality(row, choices[i]!) - quality(row, constant))

const agreed = agreedQuality(data)
/** Mean quality per candidate on the rows of a task: estimated on `train`, true on `test`. */
const meansOf = (task: string | null) => {
  const has = (row: number) => task === null || set.queries[row]!.task === task
  const of = (column: number) =>
    train.flatMap((row, i) => {
      const value = agreed[i * ids.length + column]!
      return has(row) && !Number.isNaN(value) ? [value] : []
    })
  return {
    estimated: ids.map((_, column) => mean(of(column))),
    truth: ids.map((_, column) => mean(test.filter(has).map((row) => quality(row, column)))),
  }
}
const tasks = [...new Set(set.queries.map(({ task }) => task))]
const result = {
  set: set.name,
  queries: { train: train.length, test: test.length },
  agreement: mean(test.map((row, i) => quality(row, choices[i]!))),
  bestConstant: { id: ids[constant]!, quality: mean(test.map((row) => quality(row, constant))) },
  lead: {
    mean: mean(lead),
    halfWidth: 1.96 * Math.sqrt(mean(lead.map((value) => (value - mean(lead)) ** 2)) / test.length),
  },
  candidatesOnAverage: mean(test.flatMap((row) => ids.map((_, column) => quality(row, column)))),
  candidates: ids.map((id, column) => ({
    id,
    chosen: choices.filter((choice) => choice === column).length / test.length,
    estimated: meansOf(null).estimated[column]!,
    truth: meansOf(null).truth[column]!,
  })),
  correlation: [null, ...tasks].map((task) => ({ task: task ?? 'all', pearson: correlation(meansOf(task)) })),
}
if (values.json) console.log(JSON.stringify(result))
else {
  const show = (value: number) => value.toFixed(4)
  console.log(`${result.set}: ${result.queries.test} test queries, fitted on the answers to ${result.queries.train}`)
  console.log(`agreement, no label seen      ${show(result.agreement)}`)
  console.log(`best constant, with labels    ${show(result.bestConstant.quality)} (${result.bestConstant.id})`)
  console.log(`difference                    ${show(result.lead.mean)} ± ${show(result.lead.halfWidth)}`)
  console.log(`mean of the candidates        ${show(result.candidatesOnAverage)}`)
  console.table(
    result.candidates.map(({ id, ...numbers }) => ({
      id,
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, show(value)])),
    })),
  )
  console.table(result.correlation.map(({ task, pearson }) => ({ task, pearson: show(pearson) })))
}

/** Pearson's. */
function correlation({
  estimated,
  truth,
}: {
  readonly estimated: readonly number[]
  readonly truth: readonly number[]
}): number {
  const [a, b] = [estimated, truth].map((list) => list.map((value) => value - mean(list)))
  const product = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, i) => sum + value * other[i]!, 0)
  return product(a!, b!) / Math.sqrt(product(a!, a!) * product(b!, b!))
}
