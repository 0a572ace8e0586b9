/** One unit of an evaluation's work: a contender fitted on one part of a split, and what it decides there. Plain data in and out. */
import { findEstimator, findPlanner } from '../../../routers/index.ts'
import type { EncoderInfo, Query } from '../../spec.ts'
import { CASCADES, decideCascades } from '../../train/cascade/cascades.ts'
import { decidePlanned } from '../../train/cascade/planned.ts'
import { fitBaselines, fitContender } from '../../train/contenders.ts'
import { type Decided, decideOn } from '../../train/decided.ts'
import { fitPolicy } from '../../train/fit.ts'
import type { OutcomeSet } from '../../train/outcomes.ts'
import { createRandom } from '../../train/random.ts'
import { withHidden } from '../../train/rows.ts'
import type { Part } from '../../train/splits.node.ts'
import { type Contender, showNamed } from './routers.ts'

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
export function runJob(job: Job): Decided[] {
  const { set: whole, part, contender, queries, encoder, lambdas, strong } = job
  const set = part.hidden === undefined ? whole : withHidden(whole, part.hidden)
  if (contender.kind === 'cascades') return runCascades(set, job, contender)
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

function runCascades(
  set: OutcomeSet,
  { set: recorded, part, queries, encoder, lambdas }: Job,
  { estimator, seed }: Extract<Contender, { kind: 'cascades' }>,
): Decided[] {
  const family = findEstimator(estimator.name)
  const planner = findPlanner('cascade')
  const { manifest, state, heldOut } = fitPolicy({
    set,
    rows: part.train,
    queries: part.train.map((row) => queries.get(row)!),
    family,
    options: estimator.options,
    planner,
    judge: findPlanner('utility').load({}),
    encoder,
    random: createRandom(seed),
    createdAt: '',
  })
  const { guard, candidates } = manifest
  const name = showNamed(estimator)
  const policy = {
    estimator: family.load(state, candidates),
    planner: planner.load(manifest.planner.options),
    guard,
    candidates,
  }
  const options = { policy, heldOut, queries, recorded, lambdas, seed }
  return [
    ...decideCascades(set, part, { ...options, name }),
    decidePlanned(set, part, { ...options, name: `${name} · ${CASCADES[2]}`, family: planner, plannerOptions: {} }),
  ]
}
