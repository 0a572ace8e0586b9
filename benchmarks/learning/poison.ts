/**
 * Can a key that reports reversed values bring about the promotion of a policy that is worse? Logs of twenty keys are simulated on the train split; one of them, an
 * ordinary one or one with most of the traffic, tells the opposite of the truth. On each log a policy is fitted as `train --from` does, with and without
 * the cap on a key's share, and promoted where the lower bound of its gain over what serves clears zero, as `promote` does. Whether it is better in truth
 * is seen on the test split. Queries have their features and no vectors. What serves is the best constant of the train split. Beside it: the policies that would serve without any such gate
 * against their own constant, which is what the guard promises.
 *
 *   node benchmarks/learning/poison.ts --data ../shared/data [--sets a,b] [--estimator linear] [--size 1500] [--seeds 100] [--first 1] [--logger uniform] [--cases a,b] [--mixed]
 *     [--resume FILE] [--part 1/8]
 *
 * `--mixed`: mixed.ts. `--resume`, `--part`: trials.ts.
 */
import { parseArgs } from 'node:util'
import { mean } from '../../src/train/metrics/statistics.ts'
import { LOGGERS, loadFeatures } from './logs.ts'
import { mixSplits } from './mixed.ts'
import { CASES, createWorld, runTrial, type Task, type Trial, type World } from './poison.trial.ts'
import { runTrials } from './trials.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    estimator: { type: 'string', default: 'linear' },
    size: { type: 'string', default: '1500' },
    seeds: { type: 'string', default: '100' },
    first: { type: 'string', default: '1' },
    logger: { type: 'string', default: 'uniform' },
    cases: { type: 'string', default: Object.keys(CASES).join() },
    mixed: { type: 'boolean', default: false },
    resume: { type: 'string' },
    part: { type: 'string' },
  },
})

const logger = LOGGERS.find((one) => one === values.logger)
if (logger === undefined) throw new RangeError(`--logger is one of ${LOGGERS.join(', ')}`)
const { estimator, mixed } = values
const size = Number(values.size)
const worlds = new Map<string, World>()
for (const name of values.sets.split(',')) {
  const material = await loadFeatures(name, values.data)
  worlds.set(name, createWorld(mixed ? mixSplits(material) : material))
}
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + Number(values.first))
const tasks = [...worlds.keys()].flatMap((set) =>
  values.cases
    .split(',')
    .flatMap((who) => seeds.map((seed): Task => ({ set, mixed, estimator, logger, who, size, seed }))),
)
const trials = await runTrials<Task, Trial>(tasks, {
  ...values,
  keyOf: ({ set, mixed, estimator, logger, who, size, seed }) =>
    [set, mixed, estimator, logger, who, size, seed].join(' '),
  run: (task) => runTrial(worlds.get(task.set)!, task),
})
for (const cell of Map.groupBy(trials, ({ set, who }) => `${set}\t${who}`).values())
  console.log(summarise(cell).join('\t'))

function summarise(cell: readonly Trial[]): string[] {
  const { set, who } = cell[0]!
  const count = (is: (trial: Trial) => boolean) => cell.filter(is).length
  const isPromoted = ({ proof }: Trial) => (proof?.lower ?? 0) > 0
  return [
    set,
    who,
    `${cell.length} logs`,
    `better in truth ${count(({ gain }) => gain > 0)}`,
    `promoted ${count(isPromoted)}`,
    `of these worse ${count((trial) => isPromoted(trial) && trial.gain < 0)}`,
    `no proof ${count(({ proof }) => proof?.lower == null)}`,
    `learned differences serve ${count(({ overConstant }) => overConstant !== 0)}`,
    `of these worse than their constant ${count(({ overConstant }) => overConstant < 0)}`,
    `mean gain over it ${mean(cell.map(({ overConstant }) => overConstant)).toFixed(4)}`,
    `mean gain over what serves ${mean(cell.map(({ gain }) => gain)).toFixed(4)}`,
  ]
}
