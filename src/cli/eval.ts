/** `switchyard eval`: which routing policy to run, and how sure that is, on recorded outcomes. */
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { estimators, findEstimator, findPlanner } from '../../routers/index.ts'
import { openEncoder } from '../compose/encoder.node.ts'
import { packageFolder } from '../package.node.ts'
import type { Encoder, EstimatorFamily, PlannerFamily, Query } from '../spec.ts'
import type { Aim } from '../train/aims.ts'
import { type Comparison, compare, type Trial } from '../train/compare.ts'
import { type Fitted, fitBaselines, fitContender } from '../train/contenders.ts'
import { type OutcomeSet, readDataset } from '../train/dataset.node.ts'
import { bestOf, type Judged, judgeRun } from '../train/judged.ts'
import { toQueries } from '../train/queries.ts'
import { costsOf, isComplete, lambdaGrid, toMatrix } from '../train/rows.ts'
import { partsOf, SPLITS, type SplitName } from '../train/splits.node.ts'
import { renderReport } from './eval.report.ts'
import { renderComparison } from './eval.table.ts'
import { print, progress } from './output.ts'
import { ENCODER } from './replay.gateways.ts'

export interface EvalArguments {
  readonly data: readonly string[]
  readonly estimators: string
  readonly planners: string
  readonly seeds: string
  readonly split: string
  readonly draws: string
  readonly report?: string
  readonly json?: boolean
}

/** What was run: with the sets' hashes enough to run it again. */
export interface Ran {
  readonly version: string
  readonly node: string
  readonly encoder: { readonly id: string; readonly precision: string; readonly sha256: string } | null
  readonly estimators: readonly string[]
  readonly planners: readonly string[]
  readonly seeds: readonly number[]
  readonly split: string
  readonly draws: number
}

const BUDGETS = [0.1, 0.25, 0.5]

export async function evaluate(args: EvalArguments): Promise<void> {
  const families = args.estimators === 'all' ? estimators : args.estimators.split(',').map(findEstimator)
  const planners = args.planners.split(',').map(findPlanner)
  const split = SPLITS.find((name) => name === args.split)
  if (split === undefined)
    throw new RangeError(`there is no split '${args.split}'; choose one of: ${SPLITS.join(', ')}`)
  const seeds = Array.from({ length: count('seeds', args.seeds) }, (_, i) => i + 1)
  const draws = count('draws', args.draws)
  const encoder = await openEncoder(ENCODER)
  try {
    const comparisons: Comparison[] = []
    for (const location of args.data) {
      const set = await readDataset(location)
      const comparison = await evaluateSet(set, { encoder, families, planners, seeds, split, draws })
      comparisons.push(comparison)
      if (!args.json) print(renderComparison(comparison))
    }
    const ran: Ran = {
      version: z
        .object({ version: z.string() })
        .parse(JSON.parse(await readFile(join(packageFolder(), 'package.json'), 'utf8'))).version,
      node: process.version,
      encoder: encoder && { id: encoder.info.id, precision: encoder.info.precision, sha256: encoder.info.sha256 },
      estimators: families.map(({ name }) => name),
      planners: planners.map(({ name }) => name),
      seeds,
      split,
      draws,
    }
    if (args.json) print(JSON.stringify({ ran, sets: comparisons }))
    if (args.report !== undefined) {
      await writeFile(args.report, renderReport(ran, comparisons))
      if (!args.json) print(`Report: ${resolve(args.report)}`)
    }
  } finally {
    await encoder?.close()
  }
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new RangeError(`--${name} must be a whole number above 0, not '${text}'`)
}

interface EvaluateSetOptions {
  readonly encoder: Encoder | null
  readonly families: readonly EstimatorFamily[]
  readonly planners: readonly PlannerFamily[]
  readonly seeds: readonly number[]
  readonly split: SplitName
  readonly draws: number
}

async function evaluateSet(set: OutcomeSet, options: EvaluateSetOptions): Promise<Comparison> {
  const { encoder, families, planners, seeds, split, draws } = options
  const parts = partsOf(set, split)
  const queries = await queriesOf(set, [...new Set(parts.flatMap(({ train, test }) => [...train, ...test]))], encoder)
  const seen = [...new Set(parts.flatMap(({ train }) => train))].filter((row) => isComplete(set, costsOf(set), row))
  const lambdas = lambdaGrid(set, seen, { points: 60, reach: 100 })
  const aims: Aim[] = [
    { kind: 'quality' },
    ...(lambdas.length > 1
      ? [...BUDGETS.map((share): Aim => ({ kind: 'budget', share })), { kind: 'match' } as const]
      : []),
  ]
  const outcomes = toMatrix(
    set,
    parts.flatMap(({ test }) => test),
  )
  const strong = set.candidates.length === 2 ? bestOf(toMatrix(set, seen)).column : null
  const judging = { parts, lambdas, aims, strong, outcomes }

  const steps = parts.length * (1 + families.length * planners.length * seeds.length)
  const bar = progress(`${set.name}: fitting`)
  let done = 0
  const step = (part: number, of: number) => bar.update(done + part / of, steps)
  const fitAll = (learn: (train: readonly number[]) => Fitted[]): Fitted[][] =>
    parts.map(({ train }) => {
      const fitted = learn(train)
      bar.update(++done, steps)
      return fitted
    })
  const toTrial = (kind: Trial['kind'], runs: readonly (readonly Fitted[])[]): Trial => ({
    name: runs[0]![0]!.name,
    kind,
    runs: runs.map((fits): Judged => judgeRun(set, fits, judging)),
    shrinks: runs.flatMap((fits) => fits.flatMap(({ shrink }) => shrink ?? [])),
  })

  const fitted = fitAll((train) => fitBaselines(set, train, step))
  const trials = fitted[0]!.map((_, b) => toTrial('baseline', [fitted.map((one) => one[b]!)]))
  const judge = findPlanner('utility').load({})
  const info = encoder?.info ?? null
  for (const family of families) {
    for (const planner of planners) {
      const runs = seeds.map((seed) =>
        fitAll((train) => [
          fitContender(set, { train, queries, family, planner, judge, encoder: info, seed, onProgress: step }),
        ]).map(([one]) => one!),
      )
      trials.push(toTrial('policy', runs))
    }
  }
  bar.stop()
  return compare(set, { split, parts, lambdas, aims, strong, outcomes, trials, draws, seed: seeds[0]! })
}

/** By row. A second run finds the vectors on disk. */
async function queriesOf(
  set: OutcomeSet,
  rows: readonly number[],
  encoder: Encoder | null,
): Promise<ReadonlyMap<number, Query>> {
  const embedding = progress(`${set.name}: embedding`)
  const prompts = rows.map((row) => set.queries[row]!.prompt)
  const list = await toQueries(prompts, {
    encoder,
    cacheDir: resolve('.switchyard/vectors'),
    onProgress: embedding.update,
  })
  embedding.stop()
  return new Map(rows.map((row, i) => [row, list[i]!]))
}
