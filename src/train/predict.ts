/** The training queries as a planner would have met them: what planners are fitted on. */
import { assess } from '../route/decide.ts'
import { ableCandidates } from '../route/feasible.ts'
import { withPriors } from '../route/priors.ts'
import type { Estimate, Estimator, Guard, Prediction, Query } from '../spec.ts'
import type { OutcomeSet } from './outcomes.ts'
import { at } from './rows.ts'

/** `queries[i]` belongs to `rows[i]`. Queries that no candidate is able to answer are left out. */
export function predict(
  set: OutcomeSet,
  rows: readonly number[],
  queries: readonly Query[],
  { estimator, guard }: { readonly estimator: Estimator; readonly guard: Guard },
): Prediction[] {
  const pool = withPriors(set.candidates)
  const ids = pool.map(({ id }) => id)
  const policy = { estimator, guard, candidates: ids }
  return rows.flatMap((row, i) => {
    const query = queries[i]!
    if (ableCandidates(query, pool).arms.length === 0) return []
    const { candidates, priced, expectedUsd } = assess({ query, candidates: pool, policy, limits: {} })
    const recorded = (matrix: Float64Array) =>
      Float64Array.from(candidates, ({ id }) => at(set, matrix, row, ids.indexOf(id)))
    const costs = recorded(set.costUsd)
    const spentUsd = expectedUsd.map((expected, m) => (Number.isNaN(costs[m]!) ? expected : costs[m]!))
    const answers = set.texts && candidates.map(({ id }) => set.texts![row * ids.length + ids.indexOf(id)]!)
    const logprobs = set.logprobs && recorded(set.logprobs)
    return [
      {
        candidates,
        priced,
        spentUsd,
        quality: recorded(set.quality),
        ...(answers && { recorded: { prompt: query.text, answers, ...(logprobs && { logprobs }) } }),
      },
    ]
  })
}

/** An estimator that knows the given queries alone and repeats what was predicted of them; `estimates` follow `ids`. */
export function recall(
  name: string,
  known: {
    readonly queries: readonly Query[]
    readonly estimates: readonly Estimate[]
    readonly ids: readonly string[]
  },
): Estimator {
  const estimateOf = new Map(known.queries.map((query, i) => [query, known.estimates[i]!]))
  const columnOf = new Map(known.ids.map((id, column) => [id, column]))
  return {
    name,
    estimate(query, candidates) {
      const estimate = estimateOf.get(query)!
      const pick = (values: Float64Array) => Float64Array.from(candidates, ({ id }) => values[columnOf.get(id)!]!)
      return {
        ...estimate,
        quality: pick(estimate.quality),
        qualityStd: pick(estimate.qualityStd),
        outputTokens: pick(estimate.outputTokens),
      }
    },
  }
}
