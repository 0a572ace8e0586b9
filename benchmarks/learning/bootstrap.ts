/**
 * What `switchyard bootstrap` says after n of a user's own prompts, held against the truth. Prompts are drawn from the split `train` of recorded outcomes, the
 * recorded outcome is the grade, and the split `test` says whether the policy is really better than the constant, at the λ of the level `auto`.
 *
 *   node benchmarks/learning/bootstrap.ts [--data ../shared/data] [--sets routerbench_rdc,fusionbench] [--sizes 100,300,1000]
 *     [--estimators linear] [--seeds 50] [--resume FILE] [--json | --markdown]
 *
 * `--resume`: finished trials are kept in this file, one a line, and not run again.
 */
import { appendFile, readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { WORTHWHILE } from '../../src/train/bootstrap/verdict.ts'
import { mean, quantile } from '../../src/train/metrics/statistics.ts'
import { loadMaterial, type Material } from '../guard/material.ts'
import { type Judged, runTrial, type Task, type Trial } from './bootstrap.trial.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    sizes: { type: 'string', default: '100,300,1000' },
    estimators: { type: 'string', default: 'linear' },
    seeds: { type: 'string', default: '50' },
    resume: { type: 'string' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
})
const list = (text: string) => text.split(',')

const known = new Map(await readTrials(values.resume))
const trials: Trial[] = []
const materials = new Map<string, Material>()
for (const set of list(values.sets)) materials.set(set, await loadMaterial(set, { data: values.data, vectors: null }))
for (const size of list(values.sizes).map(Number))
  for (const [set, material] of materials)
    for (const estimator of list(values.estimators))
      for (let seed = 1; seed <= Number(values.seeds); seed++) {
        const task: Task = { set, estimator, size, seed }
        const found = known.get(keyOf(task))
        const trial = found ?? runTrial(material, task)
        if (!found && values.resume !== undefined) await appendFile(values.resume, `${JSON.stringify(trial)}\n`)
        trials.push(trial)
      }
const cells = Map.groupBy(trials, ({ set, estimator, size }) => `${set} ${estimator} ${size}`)
const table = [...cells.values()].map(toRow)
if (values.json) console.log(JSON.stringify(table))
else print(table)

type Row = Readonly<Record<string, string>>

function toRow(cell: readonly Trial[]): Row {
  const { set, estimator, size } = cell[0]!
  const share = (has: (trial: Trial) => boolean) => `${Math.round((100 * cell.filter(has).length) / cell.length)} %`
  const promoted = cell.filter(({ verdict }) => verdict.kind === 'promote')
  const better = cell.filter(({ guarded }) => guarded.truth > 0)
  const ofBetter = better.filter(({ verdict }) => verdict.kind === 'promote').length
  const wrong = (pick: (trial: Trial) => Judged) => share((trial) => isProved(pick(trial)) && pick(trial).truth < 0)
  return {
    set,
    estimator,
    prompts: String(size),
    promote: share(({ verdict }) => verdict.kind === 'promote'),
    keep: share(({ verdict }) => verdict.kind === 'keep'),
    undecided: share(({ verdict }) => verdict.kind === 'undecided'),
    'promoted and worse': wrong(({ guarded }) => guarded),
    'kept though worth it': share(({ verdict, guarded }) => verdict.kind === 'keep' && guarded.truth > WORTHWHILE),
    'better, of all': share(({ guarded }) => guarded.truth > 0),
    'better, and promoted': better.length === 0 ? '' : `${Math.round((100 * ofBetter) / better.length)} %`,
    'gain of the promoted': promoted.length === 0 ? '' : signed(mean(promoted.map(({ guarded }) => guarded.truth))),
    'gain with the guard, worst 5 %': `${signed(mean(cell.map(({ guarded }) => guarded.truth)))}, ${signed(
      quantile(
        cell.map(({ guarded }) => guarded.truth),
        0.05,
      ),
    )}`,
    'without it': `${signed(mean(cell.map(({ unguarded }) => unguarded.truth)))}, ${signed(
      quantile(
        cell.map(({ unguarded }) => unguarded.truth),
        0.05,
      ),
    )}`,
    'promoted and worse without it': wrong(({ unguarded }) => unguarded),
    'best constant found': share(({ rightConstant }) => rightConstant),
    'its regret': mean(cell.map(({ constantRegret }) => constantRegret)).toFixed(4),
    'more prompts, median': medianMore(cell),
  }
}

function isProved({ proof }: Judged): boolean {
  return proof !== null && (proof.lower ?? 0) > 0
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

async function readTrials(path: string | undefined): Promise<[string, Trial][]> {
  const text = path === undefined ? '' : await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): [string, Trial] => {
      const trial: Trial = JSON.parse(line)
      return [keyOf(trial), trial]
    })
}

function keyOf({ set, estimator, size, seed }: Task): string {
  return `${set} ${estimator} ${size} ${seed}`
}
