/** One draw of training queries: a policy fitted on them with and without its guard, beside the best constant that the same queries name. */
import { findEstimator, findPlanner } from '../../routers/index.ts'
import type { RoutePolicy } from '../../src/route/decide.ts'
import { withPriors } from '../../src/route/priors.ts'
import type { Estimator } from '../../src/spec.ts'
import { chooseMix, type Mix } from '../../src/train/aims.ts'
import { createChooser } from '../../src/train/choose.ts'
import { rowsOf } from '../../src/train/dataset.node.ts'
import { fitPolicy } from '../../src/train/fit.ts'
import { bestConstant, type CostQuality } from '../../src/train/metrics/points.ts'
import { mean } from '../../src/train/metrics/statistics.ts'
import { createRandom, shuffle } from '../../src/train/random.ts'
import { at, completeRows, costsOf, lambdaGrid } from '../../src/train/rows.ts'
import type { Material } from './material.ts'

/** Shares of what the best constant costs. */
export const BUDGETS = [0.25, 0.5]

export interface Task {
  readonly set: string
  readonly estimator: string
  /** Training queries drawn. */
  readonly size: number
  /** Its number seeds the draw, the folds and the fits. */
  readonly draw: number
}

/** On the test queries, `costUsd` as a share of what the best constant costs there. */
type Reached = { readonly quality: number; readonly cost: number } | null

/** Training queries that were not drawn, in place of a split: at most so many. */
export const REST = 'rest'
const MOST_REST = 1500

export interface Trial extends Task {
  /** What it is judged by. */
  readonly split: string
  readonly shrink: number
  /** Mean quality at λ = 0. */
  readonly constant: number
  readonly unguarded: number
  readonly guarded: number
  /** Utility gained over what the policy serves at factor 0, the constant of the same λ, as a share of what the oracle gains; one per λ, from 0 up. */
  readonly perLambda: readonly number[]
  /** By `BUDGETS`: with settings chosen on the drawn queries, by decisions that had not seen them. `null`: no setting met the budget there. */
  readonly budgets: readonly { readonly hull: Reached; readonly unguarded: Reached; readonly guarded: Reached }[]
}

/** One entry for each of the splits that the set has. */
export function runTrial({ set, queries }: Material, task: Task, splits: readonly string[]): Trial[] {
  const drawn = shuffle(completeRows(set, rowsOf(set, 'train')), createRandom(task.draw))
  const train = drawn.slice(0, task.size)
  const family = findEstimator(task.estimator)
  const planner = findPlanner('utility')
  const judge = planner.load({})
  const { manifest, state, heldOut } = fitPolicy({
    set,
    rows: train,
    queries: train.map((row) => queries[row]!),
    family,
    planner,
    judge,
    encoder: null,
    random: createRandom(task.draw),
    createdAt: '',
  })
  const { guard, candidates: ids } = manifest
  const candidates = withPriors(set.candidates)
  const estimator = family.load(state, ids)
  const policy: RoutePolicy = { estimator, planner: judge, guard, candidates: ids }
  const shut = createChooser(
    { ...policy, guard: { ...guard, shrink: 0 } },
    { candidates, random: createRandom(task.draw) },
  )
  const bare: RoutePolicy = { ...policy, estimator: trusted(estimator), guard: { ...guard, shrink: 1, minSupport: 0 } }

  const lambdas = lambdaGrid(set, train, { points: 20, reach: 10 })
  const costs = costsOf(set)
  const outcome = (row: number, column: number) => ({
    quality: at(set, set.quality, row, column),
    costUsd: at(set, costs, row, column),
  })
  const pointOf = (rows: readonly number[], columnOf: (row: number) => number): CostQuality => {
    const outcomes = rows.map((row) => outcome(row, columnOf(row)))
    return { quality: mean(outcomes.map((one) => one.quality)), costUsd: mean(outcomes.map((one) => one.costUsd)) }
  }
  const sweep = (one: RoutePolicy, rows: readonly number[]) => {
    const choose = createChooser(one, { candidates, random: createRandom(task.draw) })
    return lambdas.map((lambda) => pointOf(rows, (row) => ids.indexOf(choose(queries[row]!, lambda))))
  }
  const singles = (rows: readonly number[]) => ids.map((_, column) => pointOf(rows, () => column))

  const known = singles(train)
  const constant = bestConstant(known)
  const learned = {
    unguarded: sweep({ ...bare, estimator: trusted(heldOut) }, train),
    guarded: sweep({ ...policy, estimator: heldOut }, train),
  }
  const judgeBy = (split: string, test: readonly number[]): Trial => {
    const alone = singles(test)
    const bar = alone[constant]!
    const [unguarded, guarded] = [sweep(bare, test), sweep(policy, test)]
    const reach = (mix: Mix | null, points: readonly CostQuality[]): Reached => {
      if (mix === null) return null
      const [first, second] = [points[mix.first]!, points[mix.second]!]
      const between = (a: number, b: number) => a + mix.share * (b - a)
      return {
        quality: between(first.quality, second.quality),
        cost: between(first.costUsd, second.costUsd) / bar.costUsd,
      }
    }
    return {
      ...task,
      split,
      shrink: guard.shrink,
      constant: bar.quality,
      unguarded: unguarded[0]!.quality,
      guarded: guarded[0]!.quality,
      perLambda: lambdas.map((lambda, k) => {
        const worth = ({ quality, costUsd }: CostQuality) => quality - lambda * costUsd
        // For a query that is no longer than those of the draw, as typical as any other.
        const incumbent = worth(alone[ids.indexOf(shut(queries[train[0]!]!, lambda))]!)
        const oracle = mean(test.map((row) => Math.max(...ids.map((_, column) => worth(outcome(row, column))))))
        return oracle > incumbent ? (worth(guarded[k]!) - incumbent) / (oracle - incumbent) : 0
      }),
      budgets:
        lambdas.length === 1
          ? []
          : BUDGETS.map((share) => {
              const chosen = (points: readonly CostQuality[]) =>
                chooseMix(points, { kind: 'budget', share }, known[constant]!)
              return {
                hull: reach(chosen(known), alone),
                unguarded: reach(chosen(learned.unguarded), unguarded),
                guarded: reach(chosen(learned.guarded), guarded),
              }
            }),
    }
  }
  const rowsFor = (split: string) =>
    split === REST
      ? drawn.slice(task.size, task.size + MOST_REST)
      : completeRows(
          set,
          [...set.queries.keys()].filter((row) => set.queries[row]!.split === split),
        )
  return splits.flatMap((split) => {
    const test = rowsFor(split)
    return test.length === 0 ? [] : [judgeBy(split, test)]
  })
}

/** The same predictions, with a support that lets all of them through a guard. */
function trusted(estimator: Estimator): Estimator {
  return {
    name: estimator.name,
    estimate: (query, candidates) => ({ ...estimator.estimate(query, candidates), support: 1 }),
  }
}
