/**
 * Off-policy estimates against the truth. Logs are drawn from recorded outcomes, one candidate a request by the chances of a policy that explores; each estimator says from
 * the log alone what other policies are worth; the truth is their mean utility over all outcomes. Per estimator: how often the 95 % interval holds the
 * truth, bias, root mean squared error, half the interval's width. Per pair of policies: how often the verdict is right, wrong, or that it cannot be told.
 *
 *   node benchmarks/learning/ope.ts [--data ../shared/data] [--sets routerbench_rdc,fusionbench] [--logs 500] [--sizes 500,2000]
 *     [--loggers "squarecb 10,squarecb 50,epsilon 0.2,epsilon 0.01,utility"] [--json]
 */
import { parseArgs } from 'node:util'
import { findEstimator } from '../../routers/index.ts'
import { normalQuantile } from '../../src/train/metrics/normal.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import { clusteredMean } from '../../src/train/ope/clustered.ts'
import { ESTIMATORS, type EstimatorName } from '../../src/train/ope/index.ts'
import { type Comparison, compare, openLog } from '../../src/train/ope/onLog.ts'
import { lackOf, overlapOf } from '../../src/train/ope/overlap.ts'
import { toInterval } from '../../src/train/ope/verdict.ts'
import { loadMaterial } from '../guard/material.ts'
import { createPopulation, LOGGERS, type Logger, type Population } from './population.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    logs: { type: 'string', default: '500' },
    sizes: { type: 'string', default: '500,2000' },
    loggers: { type: 'string', default: Object.keys(LOGGERS).join() },
    json: { type: 'boolean', default: false },
  },
})
const PAIRS = [
  ['kernel', 'constant'],
  ['kernel', 'kernel, epsilon 0.3'],
  ['kernel', 'logged'],
] as const
const CONFIDENCE = 0.95

/** What one log said of one target by one estimator. */
interface Said {
  readonly value: number
  readonly low: number
  readonly high: number
}

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
  readonly halfWidth: number
}

/** `right` and `wrong` by the sign of the truth. */
type Outcome = 'right' | 'wrong' | 'undecided' | 'no overlap'

for (const set of values.sets.split(',')) {
  const population = createPopulation(await loadMaterial(set, { data: values.data, vectors: null }))
  for (const logger of readLoggers(values.loggers)) {
    for (const size of values.sizes.split(',').map(Number)) {
      const result = run(population, { set, logger, size })
      console.log(values.json ? JSON.stringify(result) : render(result))
    }
  }
}

function run(population: Population, setting: Setting): Result {
  const { logger, size } = setting
  const names = Object.keys(population.targets)
  const truths = names.map((name) => population.truth(population.targets[name]!, logger))
  const said = names.map((): { effective: number; lacks: boolean; by: Record<EstimatorName, Said> }[] => [])
  const compared = PAIRS.map((): Comparison[] => [])
  const logs = Number(values.logs)
  for (let seed = 1; seed <= logs; seed++) {
    const log = openLog(population.draw(logger, size, seed), { family: findEstimator('linear') })
    const judged = names.map((name) => log.judge(population.targets[name]!))
    for (const [t, samples] of judged.entries()) {
      const own = samples('utility')
      const overlap = overlapOf(own)
      const certainty = { confidence: CONFIDENCE, slack: overlap.impossible * log.spans.utility }
      const by = (name: EstimatorName) => toInterval(clusteredMean(ESTIMATORS[name](own), log.clusters), certainty)
      said[t]!.push({
        effective: overlap.effective,
        lacks: lackOf(overlap) !== null,
        by: { dm: by('dm'), ips: by('ips'), snips: by('snips'), dr: by('dr'), 'switch-dr': by('switch-dr') },
      })
    }
    for (const [p, [a, b]] of PAIRS.entries())
      compared[p]!.push(compare(log, judged[names.indexOf(a)]!, judged[names.indexOf(b)]!))
  }
  return {
    ...setting,
    logs,
    estimates: names.map((target, t) => {
      const given = said[t]!.filter(({ lacks }) => !lacks)
      const by = (name: EstimatorName) =>
        given.length === 0
          ? null
          : qualityOf(
              given.map((one) => one.by[name]),
              truths[t]!,
            )
      return {
        target,
        truth: truths[t]!,
        effective: median(said[t]!.map(({ effective }) => effective)),
        refused: 1 - given.length / logs,
        anyway: qualityOf(
          said[t]!.map((one) => one.by.dr),
          truths[t]!,
        ).coverage,
        by: { dm: by('dm'), ips: by('ips'), snips: by('snips'), dr: by('dr'), 'switch-dr': by('switch-dr') },
      }
    }),
    verdicts: PAIRS.map(([a, b], p) => {
      const truth = truths[names.indexOf(a)]! - truths[names.indexOf(b)]!
      const outcomes = compared[p]!.map((one) => outcomeOf(one, truth))
      const given = compared[p]!.flatMap(({ difference }) => difference ?? [])
      const share = (outcome: Outcome) => outcomes.filter((one) => one === outcome).length / logs
      return {
        pair: `${a} − ${b}`,
        truth,
        effective: median(compared[p]!.map(({ overlap }) => overlap.effective)),
        counts: {
          right: share('right'),
          wrong: share('wrong'),
          undecided: share('undecided'),
          'no overlap': share('no overlap'),
        },
        coverage: mean(given.map(({ low, high }) => Number(low <= truth && truth <= high))),
      }
    }),
  }
}

function qualityOf(said: readonly Said[], truth: number): Quality {
  const errors = said.map(({ value }) => value - truth)
  return {
    coverage: mean(said.map(({ low, high }) => Number(low <= truth && truth <= high))),
    bias: mean(errors),
    rmse: Math.sqrt(mean(errors.map((error) => error * error))),
    halfWidth: mean(said.map(({ low, high }) => (high - low) / 2)),
  }
}

function outcomeOf({ verdict }: Comparison, truth: number): Outcome {
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
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const number = (value: number) => value.toFixed(4)
  const error = (coverage: number) => percent(Math.sqrt((coverage * (1 - coverage)) / logs) * normalQuantile(0.975))
  const names = Object.keys(ESTIMATORS) as EstimatorName[]
  return [
    `### ${set}, logged by ${logger}, ${size} requests, ${logs} logs`,
    '',
    '| target | truth | effective | estimator | coverage | bias | RMSE | half width |',
    '|---|---|---|---|---|---|---|---|',
    ...estimates.flatMap(({ target, truth, effective, refused, anyway, by }) =>
      names.map((name) => {
        const quality = by[name]
        const given = refused === 0 ? '' : ` (${percent(refused)} refused; dr would cover ${percent(anyway)})`
        const head = `| ${target} | ${number(truth)} | ${effective.toFixed(0)}${given} | ${name} |`
        if (quality === null) return `${head} | | | |`
        const { coverage, bias, rmse, halfWidth } = quality
        return `${head} ${percent(coverage)} ± ${error(coverage)} | ${number(bias)} | ${number(rmse)} | ${number(halfWidth)} |`
      }),
    ),
    '',
    '| pair | truth | effective | right | wrong | undecided | no overlap | coverage |',
    '|---|---|---|---|---|---|---|---|',
    ...verdicts.map(
      ({ pair, truth, effective, counts, coverage }) =>
        `| ${pair} | ${number(truth)} | ${effective.toFixed(0)} | ${percent(counts.right)} | ${percent(counts.wrong)} | ${percent(counts.undecided)} | ${percent(counts['no overlap'])} | ${Number.isNaN(coverage) ? '' : percent(coverage)} |`,
    ),
    '',
  ].join('\n')
}
