/**
 * What each source of information is worth to a router: features and vector together, either alone, the last question in place of the whole prompt, another
 * encoder, and a stack of several estimators. Policies without their guard, so that what is learned is compared and not what is let through. Differences to
 * features and vector together are paired: the same test queries, 95 % bootstrap intervals.
 *
 *   node benchmarks/routing/ablation.ts FOLDER/NAME… [--estimators linear,kernel] [--encoder FOLDER] [--draws 500]
 *
 * `--encoder`: the folder of a sentence encoder that transformers.js loads.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findEstimator, findPlanner } from '../../routers/index.ts'
import { progress } from '../../src/cli/output.ts'
import { ENCODER } from '../../src/cli/replay/gateways.ts'
import { openEncoder } from '../../src/compose/encoder.node.ts'
import type { Encoder, Query } from '../../src/spec.ts'
import { fitContender } from '../../src/train/contenders.ts'
import { readDataset, rowsOf } from '../../src/train/dataset.node.ts'
import { decideOn } from '../../src/train/decided.ts'
import { judgeRun } from '../../src/train/judged.ts'
import { bootstrap } from '../../src/train/metrics/bootstrap.ts'
import type { Interval } from '../../src/train/metrics/interval.ts'
import { weightedMean } from '../../src/train/metrics/statistics.ts'
import type { OutcomeSet } from '../../src/train/outcomes.ts'
import { toQueries } from '../../src/train/queries.ts'
import { createRandom } from '../../src/train/random.ts'
import { completeRows, toMatrix } from '../../src/train/rows.ts'
import { termsOf } from '../../src/train/study.ts'

interface Variant {
  readonly name: string
  readonly encoder: Encoder | null
  /** What is embedded and looked at. */
  textOf(set: OutcomeSet, row: number): string
  change(query: Query): Query
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    estimators: { type: 'string', default: 'linear,kernel' },
    encoder: { type: 'string' },
    draws: { type: 'string', default: '500' },
  },
})
const own = await openEncoder(ENCODER)
const other =
  values.encoder === undefined ? null : await openEncoder({ ...ENCODER, driver: 'transformers', model: values.encoder })
const whole = (set: OutcomeSet, row: number) => set.queries[row]!.prompt
const same = (query: Query) => query
const variants: Variant[] = [
  { name: 'features and vector', encoder: own, textOf: whole, change: same },
  { name: 'features alone', encoder: null, textOf: whole, change: same },
  {
    name: 'vector alone',
    encoder: own,
    textOf: whole,
    change: (query) => ({ ...query, features: new Float64Array(0) }),
  },
  {
    name: 'the last question alone',
    encoder: own,
    textOf: (set, row) => set.queries[row]!.core ?? whole(set, row),
    change: same,
  },
  ...(other === null ? [] : [{ name: `vector of ${other.info.id}`, encoder: other, textOf: whole, change: same }]),
]
const planner = findPlanner('utility')

console.log(
  '| set | estimator | variant | best quality | 25 % of the cost | 50 % |\n| --- | --- | --- | --- | --- | --- |',
)
for (const location of positionals) await ablate(await readDataset(location))
await own?.close()
await other?.close()

async function ablate(set: OutcomeSet): Promise<void> {
  const part = { name: 'test', train: rowsOf(set, 'train'), test: completeRows(set, rowsOf(set, 'test')) }
  const terms = termsOf(set, [part])
  const outcomes = toMatrix(set, part.test)
  const aims = terms.aims.flatMap((aim, a) =>
    aim.kind === 'quality' || (aim.kind === 'budget' && aim.share > 0.2) ? [a] : [],
  )
  const hasCore = set.queries.some(({ core }) => core !== undefined)
  const queriesBy = new Map<Variant, ReadonlyMap<number, Query>>()
  for (const variant of variants.filter(({ name }) => hasCore || name !== 'the last question alone'))
    queriesBy.set(variant, await queriesOf(set, variant, [...part.train, ...part.test]))
  const judge = (name: string, variant: Variant) => {
    const [, bare] = fitContender(set, {
      name: variant.name,
      train: part.train,
      queries: queriesBy.get(variant)!,
      family: findEstimator(name),
      planner,
      judge: planner.load({}),
      encoder: variant.encoder?.info ?? null,
      seed: 1,
      unguarded: true,
    })
    return judgeRun([decideOn(set, part, { fitted: bare!, ...terms })], { ...terms, outcomes }).operated
  }
  const cases = [
    ...values.estimators.split(',').map((name) => [...queriesBy.keys()].map((variant) => ({ name, variant }))),
    [{ name: 'stack', variant: variants[0]! }],
  ]
  let first: ReturnType<typeof judge> | undefined
  for (const group of cases) {
    let bar: ReturnType<typeof judge> | undefined
    for (const { name, variant } of group) {
      const operated = judge(name, variant)
      first ??= operated
      bar ??= name === 'stack' ? first : operated
      const against = bar
      const figures = aims.map((a) => {
        const [mine, theirs] = [operated[a], against[a]]
        if (!mine || !theirs) return 'not reached'
        const [quality, lead] = bootstrap(
          part.test.length,
          (weights) => {
            const reached = weightedMean(mine.qualities, weights)
            return [reached, reached - weightedMean(theirs.qualities, weights)]
          },
          { random: createRandom(1), draws: Number(values.draws) },
        )
        return operated === against ? quality!.value.toFixed(4) : `${quality!.value.toFixed(4)}, ${show(lead!)}`
      })
      console.log(`| ${set.name} | ${name} | ${variant.name} | ${figures.join(' | ')} |`)
    }
  }
}

async function queriesOf(
  set: OutcomeSet,
  { name, encoder, textOf, change }: Variant,
  rows: readonly number[],
): Promise<ReadonlyMap<number, Query>> {
  const bar = progress(`${set.name}: ${name}`)
  const texts = rows.map((row) => textOf(set, row))
  const queries = await toQueries(texts, { encoder, cacheDir: resolve('.switchyard/vectors'), onProgress: bar.update })
  bar.stop()
  return new Map(rows.map((row, i) => [row, change(queries[i]!)]))
}

function show({ value, low, high }: Interval): string {
  const signed = (number: number) => `${number < 0 ? '−' : '+'}${Math.abs(number).toFixed(3)}`
  return `${signed(value)} [${signed(low)}, ${signed(high)}]`
}
