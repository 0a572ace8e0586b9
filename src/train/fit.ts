/** Trains a policy: the estimator on all rows, the guard and then the planner on cross-fitted predictions of the same rows. */
import { FEATURES } from '../embed/features.ts'
import type {
  Estimator,
  EstimatorFamily,
  EstimatorState,
  JsonObject,
  Planner,
  PlannerFamily,
  PolicyManifest,
  Query,
} from '../spec.ts'
import { fitGuard } from './guard.ts'
import type { OutcomeSet } from './outcomes.ts'
import { predict } from './predict.ts'
import { type Cross, decideHeldOut, proveDecided } from './proveFitted.ts'
import { proveDrawn } from './retrain/prove.ts'
import { toTrainingSet } from './rows.ts'

export interface FitOptions<Options extends object> {
  readonly set: OutcomeSet
  /** Rows to learn from. */
  readonly rows: readonly number[]
  /** `queries[i]` belongs to `rows[i]`. */
  readonly queries: readonly Query[]
  readonly family: EstimatorFamily<Options>
  /** What differs from the family's defaults. */
  readonly options?: Partial<Options>
  readonly planner: PlannerFamily
  readonly plannerOptions?: JsonObject
  /** Judges the guard: `utility`, whichever planner then acts on what the guard lets through. */
  readonly judge: Planner
  /** What made the queries' vectors; `null`: they have none. */
  readonly encoder: PolicyManifest['encoder'] | null
  readonly random: () => number
  /** At which the policy is held against each candidate alone, for `metrics.proof`; without it nothing is proved. */
  readonly lambda?: number
  /** ISO 8601. */
  readonly createdAt: string
  readonly parent?: string
  /** Which decisions of a log the rows are. */
  readonly log?: PolicyManifest['trainedOn']['log']
  /** Names of the rows for explanations, such as their ids. */
  readonly labels?: readonly string[]
  readonly folds?: number
  /** Called after each fold and after the last fit. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface FittedPolicy {
  readonly manifest: PolicyManifest
  readonly state: EstimatorState
  /** Knows the training queries alone: each as it was predicted without having been seen, where there were enough rows for that. */
  readonly heldOut: Estimator
  /** What `heldOut` is under the guards of its folds; without any where there was too little to judge. */
  readonly cross: Cross
}

/** A policy ready for `encodePolicy`. Deterministic given its arguments. */
export function fitPolicy<Options extends object>(fit: FitOptions<Options>): FittedPolicy {
  const { set, rows, queries, family, planner, plannerOptions = {}, encoder, random, folds = 5 } = fit
  const { chances } = set
  const options = { ...family.defaults, ...fit.options }
  const {
    guard,
    heldOut,
    folds: parts,
  } = fitGuard(set, rows, queries, {
    family,
    options,
    judge: fit.judge,
    folds,
    random,
    onProgress: (done) => fit.onProgress?.(done, folds + 1),
  })
  const state = family.fit(toTrainingSet(set, rows, queries), options, random)
  const ids = set.candidates.map((candidate) => candidate.id)
  const estimator = heldOut ?? family.load(state, ids)
  const params = planner.fit?.(predict(set, rows, queries, { estimator, guard }), plannerOptions)
  const cross = { ...parts, heldOut: estimator }
  const { lambda } = fit
  const prove = (lambda: number) => {
    // A planner that was fitted on the rows of a log would have to be fitted on parts of them to be judged by the others.
    if (chances && planner.fit) return null
    if (chances) {
      const drawn = {
        ...cross,
        planner: planner.load(plannerOptions),
        family: { ...family, defaults: options },
        lambda,
      }
      return proveDrawn({ ...set, chances }, rows, queries, drawn)
    }
    const decided = decideHeldOut(set, rows, queries, { ...cross, planner, plannerOptions, lambda })
    return decided && proveDecided(set, rows, decided, lambda)
  }
  const proof = heldOut === null || lambda === undefined ? null : prove(lambda)
  fit.onProgress?.(folds + 1, folds + 1)
  const manifest: PolicyManifest = {
    format: 1,
    estimator: { name: family.name, version: family.version, params: state.params },
    guard,
    planner: { name: planner.name, version: planner.version, options: params ?? plannerOptions },
    encoder: encoder ?? { id: 'none', precision: 'none', dim: 0, sha256: '' },
    features: FEATURES,
    candidates: ids,
    trainedOn: {
      source: set.name,
      rows: rows.length,
      sha256: set.sha256,
      createdAt: fit.createdAt,
      ...(fit.log && { log: fit.log }),
    },
    metrics: proof === null ? {} : { proof },
    ...(fit.parent === undefined ? {} : { parent: fit.parent }),
    ...(fit.labels === undefined ? {} : { labels: fit.labels }),
  }
  return { manifest, state, heldOut: estimator, cross }
}
