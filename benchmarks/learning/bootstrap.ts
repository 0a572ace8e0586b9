/**
 * What `switchyard bootstrap` says after n of a user's own prompts, held against the truth. Prompts are drawn from the split `train` of recorded outcomes, the
 * recorded outcome is the grade, and the split `test` says whether the policy is really better than the constant, at the λ of the level `auto`.
 *
 *   node benchmarks/learning/bootstrap.ts [--data ../shared/data] [--sets routerbench_rdc,fusionbench] [--sizes 100,300,1000]
 *     [--estimators linear] [--seeds 50] [--mixed] [--resume FILE] [--part 1/8] [--json | --markdown]
 *
 * `--mixed`: mixed.ts. `--resume`, `--part`: trials.ts.
 */
import { parseArgs } from 'node:util'
import type { Verdict } from '../../src/train/bootstrap/verdict.ts'
import { mean, quantile } from '../../src/train/metrics/statistics.ts'
import type { Gain } from '../../src/train/proof.ts'
import { loadMaterial, type Material } from '../guard/material.ts'
import { type Judged, runTrial, type Task, type Trial } from './bootstrap.trial.ts'
import { mixSplits } from './mixed.ts'
import { runTrials } from './trials.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    sizes: { type: 'string', default: '100,300,1000' },
    estimators: { type: 'string', default: 'linear' },
    seeds: { type: 'string', default: '50' },
    mixed: { type: 'boolean', default: false },
    resume: { type: 'string' },
    part: { type: 'string' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
})
const list = (text: string) => text.split(',')

const materials = new Map<string, Material>()
const { mixed } = values
for (const set of list(values.sets)) {
  const material = await loadMaterial(set, { data: values.data, vectors: null })
  materials.set(set, mixed ? mixSplits(material) : material)
}
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1)
const tasks = list(values.sizes)
  .map(Number)
  .flatMap((size) =>
    list(values.sets).flatMap((set) =>
      list(values.estimators).flatMap((estimator) =>
        seeds.map((seed): Task => ({ set, mixed, estimator, size, seed })),
      ),
    ),
  )
const trials = await runTrials<Task, Trial>(tasks, {
  ...values,
  keyOf: ({ set, mixed, estimator, size, seed }) => `${set} ${mixed} ${estimator} ${size} ${seed}`,
  run: (task) => runTrial(materials.get(task.set)!, task),
})
const cells = Map.groupBy(trials, ({ set, estimator, size }) => `${set} ${estimator} ${size}`)
const table = [...cells.values()].map(toRow)
if (values.json) console.log(JSON.stringify(table))
else print(table)

type Row = Readonly<Record<string, string>>

function toRow(cell: readonly Trial[]): Row {
  const { set, mixed, estimator, size } = cell[0]!
  const count = (has: (trial: Trial) => boolean) => String(cell.filter(has).length)
  const is = (kind: Verdict['kind']) => count(({ verdict }) => verdict.kind === kind)
  const gains = (pick: (trial: Trial) => Judged) => {
    const truths = cell.map((trial) => pick(trial).truth)
    return `${signed(mean(truths))}, ${signed(quantile(truths, 0.05))}`
  }
  /** Than the constant that the same prompts name, and than the one that is best on the test split. */
  const worse = (proof: (trial: Trial) => Gain | null) =>
    [() => 0, ({ constantRegret }: Trial) => constantRegret]
      .map((least) => count((trial) => isProved(proof(trial)) && trial.guarded.truth < least(trial)))
      .join(', ')
  const isBetter = ({ guarded }: Trial) => guarded.truth > 0
  return {
    set: mixed ? `${set}, splits anew` : set,
    estimator,
    prompts: String(size),
    seeds: String(cell.length),
    promote: is('promote'),
    keep: is('keep'),
    undecided: is('undecided'),
    'promoted and worse, than the best of all': worse(({ guarded }) => guarded.proof),
    'truly better': count(isBetter),
    'of these promoted': count((trial) => isBetter(trial) && isProved(trial.guarded.proof)),
    'by the crossed constant': count((trial) => isBetter(trial) && isProved(trial.guarded.crossed)),
    'and worse, than the best of all': worse(({ guarded }) => guarded.crossed),
    'true gain, mean and worst 5 %': gains(({ guarded }) => guarded),
    'without the guard': gains(({ unguarded }) => unguarded),
    'promoted and worse without it': count(({ unguarded }) => isProved(unguarded.proof) && unguarded.truth < 0),
    'more prompts asked for, median': medianMore(cell),
  }
}

function isProved(proof: Gain | null): boolean {
  return (proof?.lower ?? 0) > 0
}

function medianMore(cell: readonly Trial[]): string {
  const asked = cell.flatMap(({ verdict }) => (verdict.kind === 'undecided' ? [verdict] : []))
  if (asked.length === 0) return ''
  const middle = (values: readonly number[]) => Math.round(quantile(values, 0.5))
  return `${middle(asked.map(({ likely }) => likely))} to ${middle(asked.map(({ most }) => most))}`
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`
}

function print(rows: readonly Row[]): void {
  const head = Object.keys(rows[0] ?? {})
  if (values.markdown) {
    for (const cells of [head, head.map(() => '---'), ...rows.map((row) => Object.values(row))])
      console.log(`| ${cells.join(' | ')} |`)
    return
  }
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) console.log(`${name.padEnd(32)} ${value}`)
    console.log()
  }
}
