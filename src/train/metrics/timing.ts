/** How long decisions take. */
import { mean, quantile } from './statistics.ts'

export interface DecisionTime {
  readonly decisions: number
  readonly meanUs: number
  readonly p50Us: number
  readonly p95Us: number
  readonly p99Us: number
}

/** Summary of the durations of single decisions, in microseconds; all `NaN` of none. Leave the first, cold ones out. */
export function decisionTime(microseconds: ArrayLike<number>): DecisionTime {
  return {
    decisions: microseconds.length,
    meanUs: mean(microseconds),
    p50Us: quantile(microseconds, 0.5),
    p95Us: quantile(microseconds, 0.95),
    p99Us: quantile(microseconds, 0.99),
  }
}
