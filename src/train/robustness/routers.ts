/** Routers that can be asked about any wording, each at the settings at which it is looked at. */
import type { RoutePolicy } from '../../route/decide.ts'
import { withPriors } from '../../route/priors.ts'
import type { EncoderInfo, Estimator, EstimatorFamily, JsonObject, Planner, PlannerFamily } from '../../spec.ts'
import { chooseMix } from '../aims.ts'
import { createChooser } from '../choose.ts'
import { fitBaselines } from '../contenders.ts'
import { fitPolicy } from '../fit.ts'
import { bestConstant, type CostQuality } from '../metrics/points.ts'
import { outcomesOf } from '../metrics/regret.ts'
import { pointsOf, sweepOf } from '../metrics/sweep.ts'
import { createRandom } from '../random.ts'
import { toMatrix } from '../rows.ts'
import { trusting, withoutGuard } from '../unguarded.ts'
import type { Choices } from './measure.ts'
import type { Texts } from './texts.ts'

/** The columns that are chosen for a row, one per λ. */
export type Decide = (row: number, lambdas: readonly number[]) => readonly number[]

export interface Router {
  readonly name: string
  readonly kind: 'policy' | 'baseline'
  readonly decide: Decide
  /** Of training rows, by fits that had not seen them where there are such. */
  readonly heldOut: Decide
}

/** The baselines that look at the prompt or at nothing. The label of a task is the same in every wording. */
const BASELINES: readonly string[] = ['best constant', 'prompt length', 'TF-IDF ridge']

export function baselineRouters(
  { set }: Texts,
  train: readonly number[],
  onProgress?: (done: number, total: number) => void,
): Router[] {
  return fitBaselines(set, train, onProgress)
    .filter(({ name }) => BASELINES.includes(name))
    .map(({ name, choose, heldOut }) => ({
      name,
      kind: 'baseline',
      decide: (row, lambdas) => lambdas.map((lambda) => choose(row, lambda)),
      heldOut: (row, lambdas) => lambdas.map((lambda) => heldOut(row, lambda)),
    }))
}

export interface FitRouterOptions {
  readonly name: string
  readonly train: readonly number[]
  readonly family: EstimatorFamily
  /** What differs from the family's defaults. */
  readonly options: JsonObject
  readonly planner: PlannerFamily
  readonly plannerOptions: JsonObject
  /** Judges the guard: `utility`. */
  readonly judge: Planner
  readonly encoder: EncoderInfo | null
  readonly seed: number
  /** Also the same fit with nothing between estimator and planner. */
  readonly unguarded: boolean
  readonly onProgress?: (done: number, total: number) => void
}

/** A policy as `train` makes it. */
export function fitRouters(texts: Texts, options: FitRouterOptions): Router[] {
  const { name, train, family, seed } = options
  const { manifest, state, heldOut } = fitPolicy({
    ...options,
    set: texts.set,
    rows: train,
    queries: train.map((row) => texts.queries.get(row)!),
    random: createRandom(seed),
    createdAt: '',
  })
  const { guard, candidates } = manifest
  const estimator = family.load(state, candidates)
  const planner = options.planner.load(manifest.planner.options)
  const policy: RoutePolicy = { estimator, planner, guard, candidates }
  const guarded = policyRouter(name, policy, { texts, seed, heldOut })
  if (!options.unguarded) return [guarded]
  return [guarded, policyRouter(`${name}, no guard`, withoutGuard(policy), { texts, seed, heldOut: trusting(heldOut) })]
}

/**
 * A policy as it would serve. Where its planner draws, all wordings of a prompt get the same draw: what changes is then due to the wording.
 * @param options.heldOut predicts training rows that it had not seen; without it the policy's own estimator does
 */
export function policyRouter(
  name: string,
  policy: RoutePolicy,
  options: { readonly texts: Texts; readonly seed: number; readonly heldOut?: Estimator },
): Router {
  const { texts, seed, heldOut = policy.estimator } = options
  const candidates = withPriors(texts.set.candidates)
  const columnOf = new Map(candidates.map(({ id }, column) => [id, column]))
  const decideBy =
    (one: RoutePolicy): Decide =>
    (row, lambdas) => {
      const query = texts.queries.get(row)!
      const choose = createChooser(one, { candidates, random: createRandom(seed + texts.originOf(row)) })
      return lambdas.map((lambda) => columnOf.get(choose(query, lambda))!)
    }
  return { name, kind: 'policy', decide: decideBy(policy), heldOut: decideBy({ ...policy, estimator: heldOut }) }
}

/** Where a router is looked at: at one λ, or where it spends `share` of what the best constant does. */
export type Aim =
  | { readonly kind: 'lambda'; readonly lambda: number }
  | { readonly kind: 'budget'; readonly share: number }

/** One λ, or two of which each query gets one at random; the weights sum to 1. */
export type Mix = readonly { readonly lambda: number; readonly weight: number }[]

/** What is chosen for rows, recorded or lent, at each setting of a mix. */
export function choose(router: Router, mix: Mix, rows: readonly number[]): Choices {
  const lambdas = mix.map(({ lambda }) => lambda)
  const chosen = rows.map((row) => router.decide(row, lambdas))
  return lambdas.map((_, k) => chosen.map((columns) => columns[k]!))
}

/**
 * The mix that meets each aim on training rows, by decisions that had not seen them; `null` where even the cheapest setting is over the budget.
 * @param rows training rows, all outcomes known
 */
export function mixesOf(
  { set }: Texts,
  rows: readonly number[],
  options: { readonly router: Router; readonly aims: readonly Aim[]; readonly lambdas: readonly number[] },
): (Mix | null)[] {
  const { router, aims, lambdas } = options
  const one = (lambda: number): Mix => [{ lambda, weight: 1 }]
  if (aims.every(({ kind }) => kind === 'lambda'))
    return aims.map((aim) => (aim.kind === 'lambda' ? one(aim.lambda) : null))
  const matrix = toMatrix(set, rows)
  const chosen = rows.map((row) => router.heldOut(row, lambdas))
  const points = pointsOf(sweepOf(lambdas.map((_, k) => outcomesOf(matrix, (query) => chosen[query]![k]!))))
  const singles = singlesOn(set, rows)
  const constant = singles[bestConstant(singles)]!
  return aims.map((aim) => {
    if (aim.kind === 'lambda') return one(aim.lambda)
    const mix = chooseMix(points, aim, constant)
    if (mix === null) return null
    const { first, second, share } = mix
    return share === 0
      ? one(lambdas[first]!)
      : [
          { lambda: lambdas[first]!, weight: 1 - share },
          { lambda: lambdas[second]!, weight: share },
        ]
  })
}

/** What each candidate earns and spends per query on `rows`, all outcomes known. */
export function singlesOn(set: Texts['set'], rows: readonly number[]): CostQuality[] {
  const matrix = toMatrix(set, rows)
  return set.candidates.map((_, column) => pointsOf(sweepOf([outcomesOf(matrix, () => column)]))[0]!)
}
