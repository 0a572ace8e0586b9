/**
 * Off-policy estimates against the truth. Logs are drawn from recorded outcomes, one candidate a request by the chances of a policy that explores; each estimator says from
 * the log alone what other policies are worth; the truth is their mean utility over all outcomes. Per estimator: how often the 95 % interval holds the
 * truth, bias, root mean squared error. Per pair of policies: how often the verdict is right, wrong, or that it cannot be told.
 *
 *   node benchmarks/learning/ope.ts [--data ../shared/data] [--sets routerbench_rdc,fusionbench] [--logs 500] [--sizes 500,2000]
 *     [--loggers "squarecb 10,squarecb 50,epsilon 0.2,epsilon 0.01,utility"] [--resume FILE] [--part 1/8] [--json]
 *
 * `--resume`, `--part`: trials.ts.
 */
import { parseArgs } from 'node:util'
import type { Interval } from '../../src/train/metrics/interval.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import { ESTIMATORS, type EstimatorName } from '../../src/train/ope/index.ts'
import { loadMaterial } from '../guard/material.ts'
import { type Compared, PAIRS, runTrial, type Said, type Task, type Trial } from './ope.trial.ts'
import { createPopulation, LOGGERS, type Logger, type Population } from './population.ts'
import { runTrials } from './trials.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    logs: { type: 'string', default: '500' },
    sizes: { type: 'string', default: '500,2000' },
    loggers: { type: 'string', default: Object.keys(LOGGERS).join() },
    resume: { type: 'string' },
    part: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
interface Setting {
  readonly set: string
  readonly logger: Logger
  readonly size: number
}

interface Result extends Setting {
  readonly logs: number
  readonly estimates: readonly {
    readonly target: string
    readonly truth: number
    /** Median over logs. */
    readonly effective: number
    /** Share of the logs with too little overlap: no number is given there, and none counts below. */
    readonly refused: number
    /** Coverage of `dr` had numbers been given all the same, over all logs. */
    readonly anyway: number
    readonly by: Readonly<Record<EstimatorName, Quality | null>>
  }[]
  readonly verdicts: readonly {
    readonly pair: string
    readonly truth: number
    readonly effective: number
    readonly counts: Readonly<Record<Outcome, number>>
    /** Of the difference, where a number is given. */
    readonly coverage: number
  }[]
}

interface Quality {
  readonly coverage: number
  readonly bias: number
  readonly rmse: number
}

/** `right` and `wrong` by the sign of the truth. */
type Outcome = 'right' | 'wrong' | 'undecided' | 'no overlap'

const populations = new Map<string, Population>()
for (const set of values.sets.split(','))
  populations.set(set, createPopulation(await loadMaterial(set, { data: values.data, vectors: null })))
const seeds = Array.from({ length: Number(values.logs) }, (_, i) => i + 1)
const sizes = values.sizes.split(',').map(Number)
const tasks = [...populations.keys()].flatMap((set) =>
  readLoggers(values.loggers).flatMap((logger) =>
    sizes.flatMap((size) => seeds.map((seed): Task => ({ set, logger, size, seed }))),
  ),
)
const trials = await runTrials<Task, Trial>(tasks, {
  ...values,
  keyOf: ({ set, logger, size, seed }) => `${set} ${logger} ${size} ${seed}`,
  run: (task) => runTrial(populations.get(task.set)!, task),
})
for (const cell of Map.groupBy(trials, ({ set, logger, size }) => `${set} ${logger} ${size}`).values()) {
  const result = summarise(populations.get(cell[0]!.set)!, cell)
  console.log(values.json ? JSON.stringify(result) : render(result))
}

function summarise(population: Population, cell: readonly Trial[]): Result {
  const { set, logger, size } = cell[0]!
  const names = Object.keys(population.targets)
  const truths = names.map((name) => population.truth(population.targets[name]!, logger))
  const logs = cell.length
  return {
    set,
    logger,
    size,
    logs,
    estimates: names.map((target, t) => {
      const said = cell.map((trial) => trial.said[t]!)
      const given = said.filter(({ lacks }) => !lacks)
      const by = (name: EstimatorName) => (given.length === 0 ? null : qualityOf(given, name, truths[t]!))
      return {
        target,
        truth: truths[t]!,
        effective: median(said.map(({ effective }) => effective)),
        refused: 1 - given.length / logs,
        anyway: qualityOf(said, 'dr', truths[t]!).coverage,
        by: { dm: by('dm'), ips: by('ips'), snips: by('snips'), dr: by('dr'), 'switch-dr': by('switch-dr') },
      }
    }),
    verdicts: PAIRS.map(([a, b], p) => {
      const truth = truths[names.indexOf(a)]! - truths[names.indexOf(b)]!
      const compared = cell.map((trial) => trial.compared[p]!)
      const outcomes = compared.map((one) => outcomeOf(one, truth))
      const given = compared.flatMap(({ difference }) => difference ?? [])
      const share = (outcome: Outcome) => outcomes.filter((one) => one === outcome).length / logs
      return {
        pair: `${a} − ${b}`,
        truth,
        effective: median(compared.map(({ effective }) => effective)),
        counts: {
          right: share('right'),
          wrong: share('wrong'),
          undecided: share('undecided'),
          'no overlap': share('no overlap'),
        },
        coverage: mean(given.map((interval) => Number(holds(interval, truth)))),
      }
    }),
  }
}

function qualityOf(said: readonly Said[], name: EstimatorName, truth: number): Quality {
  const intervals = said.map(({ by }) => by[name])
  const errors = intervals.map(({ value }) => value - truth)
  return {
    coverage: mean(intervals.map((interval) => Number(holds(interval, truth)))),
    bias: mean(errors),
    rmse: Math.sqrt(mean(errors.map((error) => error * error))),
  }
}

function holds({ low, high }: Interval, truth: number): boolean {
  return low <= truth && truth <= high
}

function outcomeOf({ verdict }: Compared, truth: number): Outcome {
  if (verdict.kind === 'no overlap') return 'no overlap'
  if (verdict.kind !== 'apart') return 'undecided'
  return (verdict.better === 'a') === truth > 0 ? 'right' : 'wrong'
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function readLoggers(text: string): Logger[] {
  return text.split(',').map((name) => {
    if (isLogger(name)) return name
    throw new RangeError(`there is no logger '${name}'; there are ${Object.keys(LOGGERS).join(', ')}`)
  })
}

function isLogger(name: string): name is Logger {
  return Object.hasOwn(LOGGERS, name)
}

/** Markdown. */
function render({ set, logger, size, logs, estimates, verdicts }: Result): string {
  const percent = (share: number) => (Number.isNaN(share) ? '' : `${(100 * share).toFixed(1)} %`)
  const number = (value: number) => value.toFixed(4)
  const names = Object.keys(ESTIMATORS) as EstimatorName[]
  const figures: Readonly<Record<string, (quality: Quality) => string>> = {
    coverage: ({ coverage }) => percent(coverage),
    RMSE: ({ rmse }) => number(rmse),
    bias: ({ bias }) => `${bias < 0 ? '' : '+'}${number(bias)}`,
  }
  return [
    `### ${set}, logged by ${logger}, ${size} requests, ${logs} logs`,
    '',
    `| set | target | truth | effective | | ${names.join(' | ')} |`,
    `|---|---|---|---|---|${names.map(() => '---|').join('')}`,
    ...estimates.flatMap(({ target, truth, effective, refused, anyway, by }) =>
      Object.entries(figures).map(([figure, show], line) => {
        const given = refused === 0 ? '' : ` (${percent(refused)} refused; dr would cover ${percent(anyway)})`
        const head = line === 0 ? `${set} | ${target} | ${number(truth)} | ${effective.toFixed(0)}${given}` : ' | | |'
        return `| ${head} | ${figure} | ${names.map((name) => (by[name] ? show(by[name]) : '')).join(' | ')} |`
      }),
    ),
    '',
    '| set | pair | truth | effective | right | wrong | cannot be told | too little overlap | coverage |',
    '|---|---|---|---|---|---|---|---|---|',
    ...verdicts.map(({ pair, truth, effective, counts, coverage }) => {
      const { right, wrong, undecided, 'no overlap': lacking } = counts
      const shares = [right, wrong, undecided, lacking, coverage].map(percent)
      return `| ${set} | ${pair} | ${number(truth)} | ${effective.toFixed(0)} | ${shares.join(' | ')} |`
    }),
    '',
  ].join('\n')
}
