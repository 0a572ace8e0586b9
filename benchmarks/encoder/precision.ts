/**
 * What the precision of the encoder changes: a policy trained on int8 vectors decides about the same test queries from int8 and from half vectors, at three λ.
 * Printed are the cosines of the vectors, the share of decisions that differ, and what that does to quality and cost as recorded.
 *
 *   node benchmarks/encoder/precision.ts FOLDER/NAME… [--estimators knn,kernel,linear] [--provider cpu]
 *
 * `--provider`: what computes the half vectors, as in `encoder.provider`.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { openGpu } from '../../src/embed/gpu.node.ts'
import { createOnnxEncoder } from '../../src/embed/onnx.node.ts'
import { lambdaLevels } from '../../src/route/lambda.ts'
import { priorQuality, withPriors } from '../../src/route/priors.ts'
import type { Query } from '../../src/spec.ts'
import { createChooser } from '../../src/train/choose.ts'
import { readDataset, rowsOf } from '../../src/train/dataset.node.ts'
import { fitPolicy } from '../../src/train/fit.ts'
import type { OutcomeSet } from '../../src/train/outcomes.ts'
import { queriesOf } from '../../src/train/queries.ts'
import { createRandom } from '../../src/train/random.ts'
import { completeRows } from '../../src/train/rows.ts'

const DIR = 'models/use-lite'
const WINDOW = 128

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    estimators: { type: 'string', default: 'knn,kernel,linear' },
    provider: { type: 'string', default: 'cpu' },
  },
})
const int8 = await createOnnxEncoder({ dir: DIR, provider: 'cpu' })
const half = await openGpu({
  dir: DIR,
  file: 'model.half.onnx',
  provider: values.provider,
  window: WINDOW,
  tokenizers: 2,
  startMs: 60_000,
  hangMs: 60_000,
})
console.log(`half vectors by ${values.provider}`)
console.log('| set | estimator | λ | decisions that differ | quality int8 | half | cost int8, USD | half |')
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
for (const location of positionals) await compareOn(await readDataset(location))
await int8.close()
await half.close()

async function compareOn(set: OutcomeSet): Promise<void> {
  const [train, test] = [rowsOf(set, 'train'), completeRows(set, rowsOf(set, 'test'))]
  const cacheDir = resolve('.switchyard/vectors')
  const queries = await queriesOf(set, [...train, ...test], { encoder: int8, cacheDir })
  const vectors = await half.embed(test.map((row) => queries.get(row)!.text))
  const cosines = test.map((row, i) => cosine(queries.get(row)!.vector!, vectors[i]!)).sort((a, b) => a - b)
  const levels = lambdaLevels(withPriors(set.candidates), priorQuality(set.candidates))
  for (const name of values.estimators.split(',')) {
    const planner = findPlanner('utility')
    const family = findEstimator(name)
    const { manifest, state } = fitPolicy({
      set,
      rows: train,
      queries: train.map((row) => queries.get(row)!),
      family,
      planner,
      judge: planner.load({}),
      encoder: int8.info,
      random: createRandom(1),
      createdAt: '',
    })
    const estimator = family.load(state, manifest.candidates)
    const policy = { estimator, planner: planner.load({}), guard: manifest.guard, candidates: manifest.candidates }
    const choose = createChooser(policy, { candidates: withPriors(set.candidates), random: createRandom(1) })
    for (const [level, lambda] of Object.entries(levels)) {
      const decide = (query: Query) => set.candidates.findIndex(({ id }) => id === choose(query, lambda))
      const decisions = test.map((row, i) => {
        const query = queries.get(row)!
        return { row, one: decide(query), other: decide({ ...query, vector: vectors[i]! }) }
      })
      const differing = decisions.filter(({ one, other }) => one !== other).length
      const mean = (matrix: Float64Array, pick: 'one' | 'other') =>
        decisions.reduce((sum, each) => sum + matrix[each.row * set.candidates.length + each[pick]]!, 0) / test.length
      const cells = [
        `${((100 * differing) / test.length).toFixed(2)} %`,
        mean(set.quality, 'one').toFixed(4),
        mean(set.quality, 'other').toFixed(4),
        mean(set.costUsd, 'one').toPrecision(4),
        mean(set.costUsd, 'other').toPrecision(4),
      ]
      console.log(`| ${set.name} | ${name} | ${level} | ${cells.join(' | ')} |`)
    }
  }
  const shown = [cosines[0]!, cosines[Math.floor(0.01 * cosines.length)]!, cosines[cosines.length >> 1]!]
  console.log(
    `${set.name}: ${test.length} test queries; cosine of int8 and half ${shown.map((value) => value.toFixed(4)).join(', ')} (lowest, 1 %, median)`,
  )
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}
