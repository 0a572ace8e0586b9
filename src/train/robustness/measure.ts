/** What other wordings change: whom a router asks, what that costs, and what the recorded answers were worth. */
import { bootstrap } from '../metrics/bootstrap.ts'
import type { Interval } from '../metrics/interval.ts'
import type { OutcomeMatrix } from '../metrics/points.ts'
import { mean, weightedMean } from '../metrics/statistics.ts'

/** Chosen columns, one per query; one such row for each setting of a mix. */
export type Choices = readonly ArrayLike<number>[]

export interface Change {
  /** Share of the queries for which another candidate is asked; 1 − RouterArena's robustness. */
  readonly flips: Interval
  /** Spend after / spend before − 1, by recorded costs; `NaN` where nothing was spent. */
  readonly costRise: Interval
  /** Quality after less quality before, by recorded outcomes: those of the prompt as it was recorded. */
  readonly quality: Interval
  /** Share of the queries at the dearest candidate. */
  readonly dearest: {
    readonly before: number
    readonly after: Interval /** That were not there before. */
    readonly moved: Interval
  }
}

export interface MeasureOptions {
  /** Of the settings of the mix; they sum to 1. */
  readonly weights: readonly number[]
  readonly before: Choices
  /** One per wording of every query. Each counts alike. */
  readonly after: readonly Choices[]
  /** Column of the dearest candidate. */
  readonly dearest: number
  readonly random: () => number
  /** Bootstrap draws over the queries, all wordings of one together. */
  readonly draws: number
}

/** @param outcomes of the queries as recorded */
export function measureChange(outcomes: OutcomeMatrix, options: MeasureOptions): Change {
  const { weights, before, after, dearest, random, draws } = options
  const { models, qualities, costs } = outcomes
  const count = before[0]!.length
  const sums = () => new Float64Array(count)
  const [flips, spent, spends, gained, was, is, moved] = [sums(), sums(), sums(), sums(), sums(), sums(), sums()]
  for (const choices of after) {
    for (const [k, weight] of weights.entries()) {
      const share = weight / after.length
      for (let i = 0; i < count; i++) {
        const [from, to] = [before[k]![i]!, choices[k]![i]!]
        if (from !== to) flips[i]! += share
        spent[i]! += share * costs[i * models + from]!
        spends[i]! += share * costs[i * models + to]!
        gained[i]! += share * (qualities[i * models + to]! - qualities[i * models + from]!)
        if (from === dearest) was[i]! += share
        if (to === dearest) is[i]! += share
        if (to === dearest && from !== dearest) moved[i]! += share
      }
    }
  }
  const [flip, rise, quality, at, move] = bootstrap(
    count,
    (drawn) => [
      weightedMean(flips, drawn),
      weightedMean(spends, drawn) / weightedMean(spent, drawn) - 1,
      weightedMean(gained, drawn),
      weightedMean(is, drawn),
      weightedMean(moved, drawn),
    ],
    { random, draws },
  )
  return {
    flips: flip!,
    costRise: rise!,
    quality: quality!,
    dearest: { before: mean(was), after: at!, moved: move! },
  }
}
