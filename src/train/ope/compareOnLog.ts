/** The comparison that a promotion rests on. */
import { lowerForAnyKey } from './anyKey.ts'
import type { ModelOptions } from './model.ts'
import { type Comparison, compare, openLog } from './onLog.ts'
import type { LoggedRequest } from './request.ts'
import { createTarget, type Target, type TargetOptions } from './target.ts'

/**
 * What is proved by a log is proved to 99.9 %, one-sided. A gateway that learns from its log every day looks 365 times a year, and each look may be misled; there the interval is
 * also a little too narrow, as it takes the policies of the folds for the one that will serve. Outcomes that somebody had graded once are held to 95 %.
 */
export const LOG_CONFIDENCE = 0.999

/** What suffices to be tried on a share of the requests, where a canary's own test ends what is worse. */
export const CANARY_CONFIDENCE = 0.95

/**
 * Whether `a` is better than `b` by what a gateway logged: the difference of their mean utilities, quality − λ · cost at each request's λ, doubly robust,
 * with a two-sided interval and a one-sided lower bound, both at the confidence (without the requests of any one key), paired and robust to texts that were asked again. No number is given where
 * the log holds too little of what would tell them apart (`lackOf`).
 *
 * The figures are of requests that get a score. Throws `policy_unfit` for a policy that judges answers before it sends one.
 */
export function compareOnLog(
  rows: readonly LoggedRequest[],
  a: Target,
  b: Target,
  options: ModelOptions & TargetOptions & { readonly confidence: number },
): Comparison {
  const log = openLog(rows, options)
  const [ours, theirs] = [log.judge(createTarget(a, options)), log.judge(createTarget(b, options))]
  const comparison = compare(log, ours, theirs)
  if (comparison.difference === null || comparison.verdict.kind === 'alike') return comparison
  // Where too little is left without a key, all was that key's word.
  const lower = lowerForAnyKey(log, ours, theirs) ?? Number.NEGATIVE_INFINITY
  return { ...comparison, lower }
}
