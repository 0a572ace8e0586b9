/** What serves best at each level of λ by the graded prompts: which constant and how sure, and what the policy makes of it. */
import { bootstrap, type ResampleOptions, resample } from '../metrics/bootstrap.ts'
import type { Interval } from '../metrics/interval.ts'
import { bestConstant, type CostQuality, type OutcomeMatrix } from '../metrics/points.ts'
import { weightedMean } from '../metrics/statistics.ts'
import type { HeldOutDecisions } from '../proveFitted.ts'

export interface Level {
  readonly name: string
  readonly lambda: number
  /** The best constant, by its column, and what it reaches. */
  readonly constant: { readonly column: number; readonly point: CostQuality }
  /** Share of the resamples of the prompts in which it is the best. */
  readonly sure: number
  /** What the policy's held-out decisions reach beside it; `null`: none can be had. */
  readonly policy: Beside | null
}

/** Two-sided intervals at 95 %, of a paired bootstrap over prompts. */
export interface Beside {
  /** Quality more than the constant's. */
  readonly quality: Interval
  /** Share of the constant's cost that is saved; negative: it costs more. */
  readonly saving: Interval
}

/** @param outcomes of every candidate on the judged prompts, in the order of the decisions */
export function levelOf(
  outcomes: OutcomeMatrix,
  { name, lambda, decided }: Pick<Level, 'name' | 'lambda'> & { readonly decided: HeldOutDecisions | null },
  options: ResampleOptions,
): Level {
  const { models, qualities, costs } = outcomes
  const count = qualities.length / models
  const columnOf = (values: Float64Array, column: number) =>
    Float64Array.from({ length: count }, (_, i) => values[i * models + column]!)
  const alone = Array.from({ length: models }, (_, column) => ({
    qualities: columnOf(qualities, column),
    costs: columnOf(costs, column),
  }))
  const pointsBy = (weights: Float64Array) =>
    alone.map((one) => ({
      quality: weightedMean(one.qualities, weights),
      costUsd: weightedMean(one.costs, weights),
    }))
  const points = pointsBy(new Float64Array(count).fill(1))
  const column = bestConstant(points, lambda)
  const [winner] = resample(count, (weights) => [bestConstant(pointsBy(weights), lambda)], options)
  return {
    name,
    lambda,
    constant: { column, point: points[column]! },
    sure: winner!.draws.filter((drawn) => drawn === column).length / winner!.draws.length,
    policy: decided && beside(decided, alone[column]!, options),
  }
}

function beside(
  decided: HeldOutDecisions,
  constant: Pick<HeldOutDecisions, 'qualities' | 'costs'>,
  options: ResampleOptions,
): Beside {
  const [quality, saving] = bootstrap(
    decided.qualities.length,
    (weights) => [
      weightedMean(decided.qualities, weights) - weightedMean(constant.qualities, weights),
      1 - weightedMean(decided.costs, weights) / weightedMean(constant.costs, weights),
    ],
    options,
  )
  return { quality: quality!, saving: saving! }
}
