/** One unit of an evaluation's work: a contender fitted on one part of a split, and what it decides there. Plain data in and out. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import type { EncoderInfo, Query } from '../spec.ts'
import { fitBaselines, fitContender } from '../train/contenders.ts'
import type { OutcomeSet } from '../train/dataset.node.ts'
import { type Decided, decideOn } from '../train/decided.ts'
import { withHidden } from '../train/rows.ts'
import type { Part } from '../train/splits.node.ts'
import { type Contender, showNamed } from './eval.routers.ts'

export interface Job {
  readonly set: OutcomeSet
  readonly part: Part
  readonly contender: Contender
  /** By row. */
  readonly queries: ReadonlyMap<number, Query>
  readonly encoder: EncoderInfo | null
  readonly lambdas: readonly number[]
  readonly strong: number | null
}

/** One entry per router that comes of the fit. */
export function runJob({ set: whole, part, contender, queries, encoder, lambdas, strong }: Job): Decided[] {
  const set = part.hidden === undefined ? whole : withHidden(whole, part.hidden)
  const fitted =
    contender.kind === 'baselines'
      ? fitBaselines(set, part.train)
      : fitContender(set, {
          name: `${showNamed(contender.estimator)} · ${showNamed(contender.planner)}`,
          train: part.train,
          queries,
          family: findEstimator(contender.estimator.name),
          options: contender.estimator.options,
          planner: findPlanner(contender.planner.name),
          plannerOptions: contender.planner.options,
          judge: findPlanner('utility').load({}),
          encoder,
          seed: contender.seed,
          unguarded: contender.unguarded,
        })
  return fitted.map((one) => decideOn(set, part, { fitted: one, lambdas, strong }))
}
