/** `switchyard eval`: which routing policy to run, and how sure that is, on recorded outcomes. */
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { openEncoder } from '../compose/encoder.node.ts'
import { packageFolder } from '../package.node.ts'
import type { Encoder, Query } from '../spec.ts'
import type { Comparison } from '../train/compare.ts'
import { type OutcomeSet, readDataset } from '../train/dataset.node.ts'
import { toQueries } from '../train/queries.ts'
import { type Part, SPLITS, type SplitName, type Study, studiesOf } from '../train/splits.node.ts'
import { compareStudy, termsOf } from '../train/study.ts'
import { createJobRunner, type JobRunner } from './eval.jobs.ts'
import { renderReport } from './eval.report.ts'
import { type Contender, type Named, readEstimators, readPlanners, showNamed } from './eval.routers.ts'
import { renderComparison } from './eval.table.ts'
import { print, progress } from './output.ts'
import { ENCODER } from './replay.gateways.ts'

export interface EvalArguments {
  readonly data: readonly string[]
  readonly estimators: readonly string[]
  readonly planners: readonly string[]
  readonly seeds: string
  readonly split: string
  readonly sizes: string
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

export interface Judging {
  readonly encoder: Encoder | null
  readonly jobs: JobRunner
  readonly estimators: readonly Named[]
  readonly planners: readonly Named[]
  readonly seeds: readonly number[]
  readonly draws: number
}

export async function evaluate(args: EvalArguments): Promise<void> {
  const [estimators, planners] = [readEstimators(args.estimators), readPlanners(args.planners)]
  const split = SPLITS.find((name) => name === args.split)
  if (split === undefined)
    throw new RangeError(`there is no split '${args.split}'; choose one of: ${SPLITS.join(', ')}`)
  const sizes = args.sizes.split(',').map((text) => count('sizes', text))
  const seeds = Array.from({ length: count('seeds', args.seeds) }, (_, i) => i + 1)
  const draws = count('draws', args.draws)
  const encoder = await openEncoder(ENCODER)
  const jobs = await createJobRunner(resolve('.switchyard/eval'))
  try {
    const judging: Judging = { encoder, jobs, estimators, planners, seeds, draws }
    const comparisons: Comparison[] = []
    for (const location of args.data) {
      const set = await readDataset(location)
      for (const comparison of await evaluateSplit(set, { split, sizes, judging })) {
        comparisons.push(comparison)
        if (!args.json) print(renderComparison(comparison))
      }
    }
    const ran = await describeRun(judging, split)
    if (args.json) print(JSON.stringify({ ran, sets: comparisons }))
    if (args.report !== undefined) {
      await writeFile(args.report, renderReport(ran, comparisons))
      if (!args.json) print(`Report: ${resolve(args.report)}`)
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

export async function describeRun(judging: Judging, split: string): Promise<Ran> {
  const manifest = await readFile(join(packageFolder(), 'package.json'), 'utf8')
  const info = judging.encoder?.info ?? null
  return {
    version: z.object({ version: z.string() }).parse(JSON.parse(manifest)).version,
    node: process.version,
    encoder: info && { id: info.id, precision: info.precision, sha256: info.sha256 },
    estimators: judging.estimators.map(showNamed),
    planners: judging.planners.map(showNamed),
    seeds: judging.seeds,
    split,
    draws: judging.draws,
  }
}

async function evaluateSplit(
  set: OutcomeSet,
  {
    split,
    sizes,
    judging,
  }: { readonly split: SplitName; readonly sizes: readonly number[]; readonly judging: Judging },
): Promise<Comparison[]> {
  const studies = studiesOf(set, split, sizes)
  const comparisons: Comparison[] = []
  for (const study of studies) comparisons.push(...(await evaluateStudy(set, study, judging)))
  return comparisons
}

/** Fits and judges every router; one comparison per view of the study. */
export async function evaluateStudy(set: OutcomeSet, study: Study, judging: Judging): Promise<Comparison[]> {
  const { encoder, jobs, estimators, planners, seeds, draws } = judging
  const partsOf = new Map(seeds.map((seed) => [seed, study.parts(seed)]))
  const parts = [...partsOf.values()].flat()
  const queries = await queriesOf(set, [...new Set(parts.flatMap(({ train, test }) => [...train, ...test]))], encoder)
  const terms = termsOf(set, parts)

  const bar = progress(`${set.name}: fitting`)
  let [done, total] = [0, 0]
  const decide = async (contender: Contender, part: Part) => {
    total++
    const decided = await jobs.run({
      set,
      part,
      contender,
      queries,
      encoder: encoder?.info ?? null,
      lambdas: terms.lambdas,
    })
    bar.update(++done, total)
    return decided
  }
  /** One entry per router of the contender, each with an entry per part. */
  const run = async (contender: Contender, seed: number) => {
    const decided = await Promise.all(partsOf.get(seed)!.map((part) => decide(contender, part)))
    return decided[0]!.map((_, router) => decided.map((one) => one[router]!))
  }
  /** One entry per router, each with an entry per seed. */
  const runs = async (contenderOf: (seed: number) => Contender, own: readonly number[]) => {
    const perSeed = await Promise.all(own.map((seed) => run(contenderOf(seed), seed)))
    return perSeed[0]!.map((_, router) => perSeed.map((one) => one[router]!))
  }
  const policies = estimators.flatMap((estimator) => planners.map((planner) => ({ estimator, planner })))
  const all = await Promise.all([
    // Baselines know no chance but the draw of their training queries.
    runs(() => ({ kind: 'baselines' }), study.drawn ? seeds : seeds.slice(0, 1)),
    ...policies.map((names) => runs((seed) => ({ kind: 'policy', ...names, seed }), seeds)),
  ])
  bar.stop()
  const first = partsOf.get(seeds[0]!)!
  return study.views.map((view) =>
    compareStudy(set, { study, view, terms, parts: first, runs: all.flat(), draws, seed: seeds[0]! }),
  )
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
