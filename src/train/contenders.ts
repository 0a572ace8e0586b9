/** Routers fitted on training rows, with the decisions by which their settings are chosen before anything is judged. */
import { assess, type RoutePolicy } from '../route/decide.ts'
import { withPriors } from '../route/priors.ts'
import type { EncoderInfo, Estimator, EstimatorFamily, JsonObject, Planner, PlannerFamily, Query } from '../spec.ts'
import { baselines } from './baselines.ts'
import { createChooser } from './choose.ts'
import { fitPolicy } from './fit.ts'
import type { OutcomeSet } from './outcomes.ts'
import { createRandom } from './random.ts'
import type { Choose } from './router.ts'
import { assignFolds } from './rows.ts'
import { trusting, withoutGuard } from './unguarded.ts'

/** The bar that every other router is held against. */
export const BEST_CONSTANT = 'best constant'
const FOLDS = 3
/** Fixed, so that the baselines are the same in every run. */
const FOLD_SEED = 1

/** A router after its fit. */
export interface Fitted {
  readonly name: string
  readonly kind: 'policy' | 'baseline'
  /** Decisions on training rows, each by a fit that had not seen the row. */
  readonly heldOut: Choose
  /** Decisions on any other row. */
  readonly choose: Choose
  /** Quality of each candidate as the router predicts it, before any guard, in the set's order. */
  readonly predict: (row: number) => Float64Array
  /** What the gateway would believe of the quality of each candidate; routers that are not policies believe nothing. */
  readonly believe?: (row: number) => Float64Array
  /** Share of the learned differences that the guard lets through; policies only. */
  readonly shrink?: number
}

export interface FitContenderOptions {
  readonly name: string
  readonly train: readonly number[]
  /** By row; training rows and those that will be decided on. */
  readonly queries: ReadonlyMap<number, Query>
  readonly family: EstimatorFamily
  /** What differs from the family's defaults. */
  readonly options?: JsonObject
  readonly planner: PlannerFamily
  readonly plannerOptions?: JsonObject
  /** Judges the guard: `utility`. */
  readonly judge: Planner
  readonly encoder: EncoderInfo | null
  readonly seed: number
  readonly unguarded?: boolean
  readonly onProgress?: (done: number, total: number) => void
}

/** A policy as `train` makes it; with `unguarded` a second one that believes all that its estimator says. */
export function fitContender(set: OutcomeSet, options: FitContenderOptions): Fitted[] {
  const { name, train, queries, family, seed, unguarded } = options
  const { manifest, state, heldOut } = fitPolicy({
    ...options,
    set,
    rows: train,
    queries: train.map((row) => queryOf(set, queries, row)),
    random: createRandom(seed),
    createdAt: '',
  })
  const planner = options.planner.load(manifest.planner.options)
  const estimator = family.load(state, manifest.candidates)
  const policy: RoutePolicy = { estimator, planner, guard: manifest.guard, candidates: manifest.candidates }
  const guarded = toContender(set, { name, policy, heldOut, queries, seed })
  if (!unguarded) return [guarded]
  return [
    guarded,
    toContender(set, {
      name: `${name}, unguarded`,
      policy: withoutGuard(policy),
      heldOut: trusting(heldOut),
      queries,
      seed,
    }),
  ]
}

export interface ContenderOptions {
  readonly name: string
  readonly policy: RoutePolicy
  /** Knows the training queries as they were predicted without having been seen. */
  readonly heldOut: Estimator
  readonly queries: ReadonlyMap<number, Query>
  readonly seed: number
}

/** A fitted policy. Its held-out decisions are those of the guard's own cross-fit, under the guard that came of it. */
export function toContender(set: OutcomeSet, { name, policy, heldOut, queries, seed }: ContenderOptions): Fitted {
  const candidates = withPriors(set.candidates)
  const columnOf = new Map(set.candidates.map(({ id }, column) => [id, column]))
  const decideBy = (one: RoutePolicy): Choose => {
    const choose = createChooser(one, { candidates, random: createRandom(seed) })
    return (row, lambda) => columnOf.get(choose(queryOf(set, queries, row), lambda))!
  }
  return {
    name,
    kind: 'policy',
    heldOut: decideBy({ ...policy, estimator: heldOut }),
    choose: decideBy(policy),
    predict: (row) => policy.estimator.estimate(queryOf(set, queries, row), candidates).quality,
    believe: (row) => {
      const assessed = assess({ query: queryOf(set, queries, row), candidates, policy, limits: {} })
      const quality = new Float64Array(candidates.length).fill(Number.NaN)
      for (const [m, { id }] of assessed.candidates.entries()) quality[columnOf.get(id)!] = assessed.priced.quality[m]!
      return quality
    },
    shrink: policy.guard.shrink,
  }
}

function queryOf({ name }: OutcomeSet, queries: ReadonlyMap<number, Query>, row: number): Query {
  const query = queries.get(row)
  if (query === undefined) throw new RangeError(`Row ${row} of ${name} has no query.`)
  return query
}

/** The baselines, learned once from all training rows and once without each of a few folds. */
export function fitBaselines(
  set: OutcomeSet,
  train: readonly number[],
  onProgress?: (done: number, total: number) => void,
): Fitted[] {
  const folds = assignFolds(set, train, FOLDS, createRandom(FOLD_SEED))
  const foldOf = new Map(train.map((row, i) => [row, folds[i]!]))
  const whole = baselines(set, train)
  onProgress?.(1, FOLDS + 1)
  const parts = Array.from({ length: FOLDS }, (_, fold) => {
    const part = baselines(
      set,
      train.filter((row) => foldOf.get(row) !== fold),
    )
    onProgress?.(fold + 2, FOLDS + 1)
    return part
  })
  return whole.map(({ name, choose, predict }, b) => ({
    name,
    kind: 'baseline',
    choose,
    predict,
    // A constant's only choice is which model is best on the training rows; there is nothing that a fold could hide from it.
    heldOut: name === BEST_CONSTANT ? choose : (row, lambda) => parts[foldOf.get(row)!]![b]!.choose(row, lambda),
  }))
}
