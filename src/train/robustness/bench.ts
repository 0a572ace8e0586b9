/** What all routers of a set are judged with. */
import type { Encoder } from '../../spec.ts'
import type { Texts, Wording } from './texts.ts'

export interface Bench {
  readonly texts: Texts
  /** Recorded rows that prefixes are searched on. */
  readonly train: readonly number[]
  /** Recorded rows to judge on, all outcomes known. */
  readonly test: readonly number[]
  /** One entry per perturbation, each with the other wording of every test row. */
  readonly rewordings: readonly (readonly Wording[])[]
  /** Mean cost of each candidate on the training queries, USD. */
  readonly costs: readonly number[]
  /** Words that prefixes are made of. */
  readonly vocabulary: readonly string[]
  readonly encoder: Encoder | null
  /** Prefixes scored in one search. */
  readonly evaluations: number
  readonly seed: number
  /** Bootstrap draws. */
  readonly draws: number
}

/** The column of the candidate that costs most on the training queries. */
export function dearestOf({ costs }: Pick<Bench, 'costs'>): number {
  return costs.indexOf(Math.max(...costs))
}
