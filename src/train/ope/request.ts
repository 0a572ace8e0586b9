/** A logged decision as it is judged. */
import type { Considered } from '../../spec.ts'
import type { Logged } from '../logged.node.ts'

/** As much of a `Logged` as estimates need. */
export interface LoggedRequest extends Pick<Logged, 'arm' | 'query'> {
  readonly decision: {
    readonly lambda: number
    /** Who asked, where that is known. */
    readonly tenant?: string
    readonly considered: Pick<Considered, 'candidates' | 'chances'>
    /** What was asked again is one piece of evidence. */
    readonly query: { readonly hash: string }
  }
  readonly worth: { readonly quality: number }
  readonly outcome: { readonly costUsd: number | null }
}

/** Utility is quality − λ · cost, at the λ of the request. */
export const METRICS = ['utility', 'quality', 'costUsd'] as const
export type Metric = (typeof METRICS)[number]

/** Requests whose utility is known: those whose cost is, and those to which cost was no object. */
export function withUtility<Request extends LoggedRequest>(requests: readonly Request[]): Request[] {
  return requests.filter(({ decision, outcome }) => decision.lambda === 0 || outcome.costUsd !== null)
}

/** `NaN`: not known. */
export function costOf({ outcome }: LoggedRequest): number {
  return outcome.costUsd ?? Number.NaN
}

/** From quality and cost to what is measured; a cost that does not count need not be known. */
export function measure(metric: Metric, quality: number, costUsd: number, lambda: number): number {
  if (metric === 'costUsd') return costUsd
  return metric === 'quality' || lambda === 0 ? quality : quality - lambda * costUsd
}
