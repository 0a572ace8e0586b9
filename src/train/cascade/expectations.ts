/** What is expected of every candidate on recorded queries before any of them answers: by the gateway's own code, guarded and priced. */
import { assess, type RoutePolicy } from '../../route/decide.ts'
import { withPriors } from '../../route/priors.ts'
import type { Query } from '../../spec.ts'
import type { OutcomeSet } from '../outcomes.ts'

/** Row-major, queries × candidates. */
export interface Expectations {
  readonly quality: Float64Array
  readonly outputTokens: Float64Array
  /** USD; `NaN` where no price is known. */
  readonly costUsd: Float64Array
}

/** For training rows give the held-out estimator, so that nothing is expected of a row by who has seen it. */
export function expectationsOf(
  set: OutcomeSet,
  queries: readonly Query[],
  policy: Omit<RoutePolicy, 'planner'>,
): Expectations {
  const candidates = withPriors(set.candidates)
  const width = candidates.length
  const columnOf = new Map(candidates.map(({ id }, column) => [id, column]))
  const blank = () => new Float64Array(queries.length * width).fill(Number.NaN)
  const [quality, outputTokens, costUsd] = [blank(), blank(), blank()]
  for (const [i, query] of queries.entries()) {
    const { candidates: able, priced } = assess({ query, candidates, policy, limits: {} })
    for (const [m, { id }] of able.entries()) {
      const at = i * width + columnOf.get(id)!
      quality[at] = priced.quality[m]!
      outputTokens[at] = priced.outputTokens[m]!
      costUsd[at] = priced.costUsd[m]!
    }
  }
  return { quality, outputTokens, costUsd }
}
