/** Plans that ask one candidate after the other, on recorded outcomes: every call is paid for, one answer is returned. */
import { type Belief, bestAnswer, cascadeRouting } from '../../../routers/cascade/cascadeRouting.ts'
import { nextInOrder, type ThresholdCascade } from '../../../routers/cascade/thresholdCascade.ts'
import type { OutcomeMatrix, Outcomes } from '../metrics/points.ts'

/** What is done about one query; a setting is an index, as a rule into the λ. */
export interface Sequential {
  /** Whom to ask next; `null`: nobody. Never one that was asked before, and never `null` before the first. */
  next(asked: readonly number[], setting: number): number | null
  /** Whose answer is returned. */
  answer(asked: readonly number[], setting: number): number
}

/** What a plan at one setting earned and spent per query, and whom it asked, in turn: so many answers were waited for one after the other. */
export interface Sequence {
  readonly outcomes: Outcomes
  readonly asked: readonly (readonly number[])[]
}

/** Whom a plan asks, in turn. */
export function walk(plan: Sequential, setting: number): readonly number[] {
  let asked: readonly number[] = []
  for (let next = plan.next(asked, setting); next !== null; next = plan.next(asked, setting)) asked = [...asked, next]
  return asked
}

/** One entry per setting. `planOf(query)` is made once per row of the matrix and walked at all settings. */
export function simulate(
  { models, qualities, costs }: OutcomeMatrix,
  settings: number,
  planOf: (query: number) => Sequential,
): Sequence[] {
  const count = qualities.length / models
  const sequences = Array.from({ length: settings }, () => ({
    outcomes: { qualities: new Float64Array(count), costs: new Float64Array(count) },
    asked: new Array<readonly number[]>(count),
  }))
  for (let query = 0; query < count; query++) {
    const plan = planOf(query)
    for (const [setting, { outcomes, asked: all }] of sequences.entries()) {
      const asked = walk(plan, setting)
      for (const m of asked) outcomes.costs[query]! += costs[query * models + m]!
      outcomes.qualities[query] = qualities[query * models + plan.answer(asked, setting)]!
      all[query] = asked
    }
  }
  return sequences
}

/** What is believed of a query's candidates once some have answered; in which order they did says nothing. */
export type Judge = (asked: readonly number[]) => Belief

/** A function of who was asked that works nothing out twice; in which order they were asked says nothing. */
export function remember<T>(compute: (asked: readonly number[]) => T): (asked: readonly number[]) => T {
  const known = new Map<string, { readonly value: T }>()
  return (asked) => {
    const key = asked.toSorted((a, b) => a - b).join()
    const found = known.get(key) ?? { value: compute(asked) }
    known.set(key, found)
    return found.value
  }
}

/** Cascade routing on one query, a setting per λ. What is believed does not hang on λ: it is worked out once. */
export function planRouting(judge: Judge, lambdas: readonly number[], maxSteps?: number): Sequential {
  const at = remember((asked) => {
    const belief = judge(asked)
    return { belief, next: cascadeRouting(belief, asked, maxSteps) }
  })
  return {
    next: (asked, setting) => at(asked).next(lambdas[setting]!),
    answer: (asked) => bestAnswer(at(asked).belief, asked),
  }
}

/** Threshold cascades on one query, one per setting. `scoreOf` scores the last of the answers. */
export function planThresholds(
  scoreOf: (asked: readonly number[]) => number,
  cascades: readonly ThresholdCascade[],
): Sequential {
  return {
    next: (asked, setting) =>
      nextInOrder(cascades[setting]!, asked.length, asked.length === 0 ? Number.NaN : scoreOf(asked)),
    answer: (asked) => asked.at(-1)!,
  }
}
