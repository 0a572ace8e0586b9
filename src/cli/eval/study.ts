/** Fits and judges the routers of one study: what `eval` does with each set. */
import { resolve } from 'node:path'
import { findEstimator } from '../../../routers/index.ts'
import type { Encoder } from '../../spec.ts'
import type { Comparison } from '../../train/compare.ts'
import type { OutcomeSet } from '../../train/outcomes.ts'
import { queriesOf } from '../../train/queries.ts'
import { lackOf } from '../../train/rows.ts'
import type { Part, Study } from '../../train/splits.node.ts'
import { compareStudy, termsOf } from '../../train/study.ts'
import { progress } from '../output.ts'
import type { JobRunner } from './jobs.ts'
import type { Contender, Named } from './routers.ts'

export interface Judging {
  readonly encoder: Encoder | null
  readonly jobs: JobRunner
  readonly estimators: readonly Named[]
  readonly planners: readonly Named[]
  readonly seeds: readonly number[]
  readonly draws: number
  readonly unguarded: boolean
  /** Also cascades, which learn from the set's texts. */
  readonly cascades: boolean
}

/** The same without estimators that cannot learn from the set; which they are and why is said. */
export function ableOn(set: OutcomeSet, judging: Judging): Judging {
  const estimators = judging.estimators.filter(({ name }) => {
    const lack = lackOf(set, findEstimator(name))
    if (lack !== null) console.error(`Left out: ${lack}`)
    return lack === null
  })
  return { ...judging, estimators }
}

export function needsAnswers({ name }: Named): boolean {
  return findEstimator(name).needs === 'answers'
}

/** Fits and judges every router; one comparison per view of the study. `answered` is the set for those that learn from answers. */
export async function evaluateStudy(
  set: OutcomeSet,
  study: Study,
  judging: Judging,
  answered: OutcomeSet = set,
): Promise<Comparison[]> {
  const { encoder, jobs, estimators, planners, seeds, draws, unguarded, cascades } = judging
  const partsOf = new Map(seeds.map((seed) => [seed, study.parts(seed)]))
  const parts = [...partsOf.values()].flat()
  const embedding = progress(`${set.name}: embedding`)
  // A second run finds the vectors on disk.
  const queries = await queriesOf(set, [...new Set(parts.flatMap(({ train, test }) => [...train, ...test]))], {
    encoder,
    cacheDir: resolve('.switchyard/vectors'),
    onProgress: embedding.update,
  })
  embedding.stop()
  const terms = termsOf(set, parts)

  const bar = progress(`${set.name}: fitting`)
  let [done, total] = [0, 0]
  const decide = async (contender: Contender, part: Part) => {
    total++
    const decided = await jobs.run({
      set: contender.kind !== 'baselines' && needsAnswers(contender.estimator) ? answered : set,
      part,
      contender,
      queries,
      encoder: encoder?.info ?? null,
      lambdas: terms.lambdas,
      strong: terms.strong,
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
    ...policies.map((names) => runs((seed) => ({ kind: 'policy', ...names, seed, unguarded }), seeds)),
    ...(cascades ? estimators.map((estimator) => runs((seed) => ({ kind: 'cascades', estimator, seed }), seeds)) : []),
  ])
  bar.stop()
  const first = partsOf.get(seeds[0]!)!
  return study.views.map((view) =>
    compareStudy(set, { study: study.name, view, terms, parts: first, runs: all.flat(), draws, seed: seeds[0]! }),
  )
}
