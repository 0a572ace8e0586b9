/** `switchyard eval`: which routing policy to run, and how sure that is, on recorded outcomes. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openEncoder } from '../../compose/encoder.node.ts'
import { SwitchyardError } from '../../errors.ts'
import { packageVersion } from '../../package.node.ts'
import { withRecordedAnswers, withTexts } from '../../train/answers.node.ts'
import { CASCADES } from '../../train/cascade/cascades.ts'
import type { Comparison } from '../../train/compare.ts'
import { checkJudgeable, type DatasetOptions, readDataset } from '../../train/dataset.node.ts'
import type { OutcomeSet } from '../../train/outcomes.ts'
import { SPLITS, type SplitName, studiesOf } from '../../train/splits.node.ts'
import { readColumns } from '../columns.ts'
import { print, progress } from '../output.ts'
import { ENCODER } from '../replay/gateways.ts'
import { createJobRunner } from './jobs.ts'
import type { Ran } from './ran.ts'
import { renderReport } from './report.ts'
import { readEstimators, readPlanners, showNamed } from './routers.ts'
import { ableOn, evaluateStudy, type Judging, needsAnswers } from './study.ts'
import { type Compared, renderSuite, runSuite } from './suite.ts'
import { renderComparison } from './table.ts'

export interface EvalArguments {
  readonly data: readonly string[]
  /** JSON, or a file of it. */
  readonly columns?: string
  readonly estimators: readonly string[]
  readonly planners: readonly string[]
  readonly seeds: string
  readonly split: string
  readonly sizes: string
  readonly draws: string
  readonly suite?: boolean
  readonly unguarded?: boolean
  readonly cascades?: boolean
  readonly report?: string
  readonly json?: boolean
}

export async function evaluate(args: EvalArguments): Promise<void> {
  const [estimators, planners] = [readEstimators(args.estimators), readPlanners(args.planners)]
  const split = SPLITS.find((name) => name === args.split)
  if (split === undefined)
    throw new RangeError(`there is no split '${args.split}'; choose one of: ${SPLITS.join(', ')}`)
  const sizes = args.sizes.split(',').map((text) => count('sizes', text))
  const seeds = Array.from({ length: count('seeds', args.seeds) }, (_, i) => i + 1)
  const draws = count('draws', args.draws)
  if (args.suite && args.cascades)
    throw new RangeError('--cascades need the answers of one set; leave out --suite or --cascades')
  const reading = await readColumns(args.columns)
  const encoder = await openEncoder(ENCODER)
  const jobs = await createJobRunner(resolve('.switchyard/eval'))
  const show = (text: string) => args.json || print(text)
  try {
    const judging: Judging = {
      encoder,
      jobs,
      estimators,
      planners,
      seeds,
      draws,
      unguarded: args.unguarded ?? false,
      cascades: args.cascades === true,
    }
    const compared: Compared[] = []
    if (args.suite) {
      for (const folder of args.data) {
        const suite = await runSuite(folder, judging)
        compared.push(...suite.compared)
        for (const one of suite.compared) show(renderSuite(one))
        for (const name of suite.missing) show(`${folder} has no set ${name}: what needs it was left out.`)
      }
    }
    const comparisons: Comparison[] = compared.flatMap((one) => one.comparisons)
    for (const location of args.suite ? [] : args.data) {
      const read = await readDataset(location, reading)
      const set = args.cascades ? await withAnswerTexts(read, location, reading) : read
      checkJudgeable(set)
      const answered = await answeredSet(set, { location, reading, judging })
      for (const comparison of await evaluateSplit(set, {
        split,
        sizes,
        judging: ableOn(answered, judging),
        answered,
      })) {
        comparisons.push(comparison)
        show(renderComparison(comparison))
      }
    }
    const ran = describeRun(judging, args)
    if (args.json) print(JSON.stringify({ ran, sets: comparisons }))
    if (args.report !== undefined) {
      await writeFile(args.report, renderReport(ran, comparisons, compared))
      show(`Report: ${resolve(args.report)}`)
    }
  } finally {
    await jobs.close()
    await encoder?.close()
  }
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new RangeError(`--${name} must be a whole number above 0, not '${text}'`)
}

function describeRun(judging: Judging, { suite, split, cascades }: EvalArguments): Ran {
  const info = judging.encoder?.info ?? null
  return {
    version: packageVersion(),
    node: process.version,
    encoder: info && { id: info.id, precision: info.precision, sha256: info.sha256 },
    estimators: judging.estimators.map(showNamed),
    planners: [...judging.planners.map(showNamed), ...(cascades ? CASCADES : [])],
    seeds: judging.seeds,
    split: suite ? 'suite' : split,
    draws: judging.draws,
  }
}

/** For estimators that learn from answers; the set itself where no such estimator is judged. */
async function answeredSet(
  set: OutcomeSet,
  {
    location,
    reading,
    judging,
  }: { readonly location: string; readonly reading: DatasetOptions; readonly judging: Judging },
): Promise<OutcomeSet> {
  if (!judging.estimators.some(needsAnswers)) return set
  const bar = progress(`${set.name}: embedding answers`)
  const answered = await withRecordedAnswers(set, location, {
    ...reading,
    encoder: judging.encoder,
    cacheDir: resolve('.switchyard/vectors'),
    onProgress: bar.update,
  })
  bar.stop()
  return answered
}

async function withAnswerTexts(read: OutcomeSet, location: string, reading: DatasetOptions): Promise<OutcomeSet> {
  const set = await withTexts(read, location, reading)
  if (set.texts !== undefined) return set
  throw new SwitchyardError(
    'data_invalid',
    `${set.name} has no recorded answers, which cascades judge by their text. Leave out --cascades.`,
  )
}

interface SplitOptions {
  readonly split: SplitName
  readonly sizes: readonly number[]
  readonly judging: Judging
  readonly answered: OutcomeSet
}

async function evaluateSplit(
  set: OutcomeSet,
  { split, sizes, judging, answered }: SplitOptions,
): Promise<Comparison[]> {
  const studies = studiesOf(set, split, sizes)
  const comparisons: Comparison[] = []
  for (const study of studies) comparisons.push(...(await evaluateStudy(set, study, judging, answered)))
  return comparisons
}
