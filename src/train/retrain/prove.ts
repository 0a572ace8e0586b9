/**
 * The proof of a policy that is being fitted on a log: its held-out decisions against each candidate alone, doubly robust on the same requests. The lower bound is
 * the lowest of those without any one key's requests: what a single key says proves nothing.
 */
import type { Estimator, EstimatorFamily, Guard, Planner, Query } from '../../spec.ts'
import { lowerForAnyKey } from '../ope/anyKey.ts'
import { LOG_CONFIDENCE } from '../ope/compareOnLog.ts'
import { compare, openLog } from '../ope/onLog.ts'
import type { LoggedRequest } from '../ope/request.ts'
import { createTarget } from '../ope/target.ts'
import type { OutcomeSet } from '../outcomes.ts'
import type { Gain, Proof } from '../proof.ts'
import { at } from '../rows.ts'

export interface DrawnCross {
  /** By fold, without the fold's outcomes in its constant. */
  readonly guards: readonly Guard[]
  /** The fold of each query. */
  readonly foldOf: readonly number[]
  /** Predicts each query as an estimator did that had not seen it. */
  readonly heldOut: Estimator
  /** One that was not fitted on the queries. */
  readonly planner: Planner
  /** What models the outcomes of those who were not asked. */
  readonly family: EstimatorFamily
  readonly lambda: number
}

/** `queries[i]` belongs to `rows[i]` of a set with chances. `null` where the log has too little of what would tell the policy from any candidate. */
export function proveDrawn(
  set: OutcomeSet & { readonly chances: Float64Array },
  rows: readonly number[],
  queries: readonly Query[],
  { guards, foldOf, heldOut, planner, family, lambda }: DrawnCross,
): Proof | null {
  const ids = set.candidates.map(({ id }) => id)
  const requests = rows.map((row, i): LoggedRequest => toRequest(set, row, { query: queries[i]!, lambda }))
  const foldByRequest = new Map(requests.map((request, i) => [request, foldOf[i]!]))
  const targets = guards.map((guard) =>
    createTarget({ estimator: heldOut, planner, guard, candidates: ids }, { candidates: set.candidates }),
  )
  const log = openLog(requests, { family, confidence: LOG_CONFIDENCE })
  const own = log.judge((request) => targets[foldByRequest.get(request)!]!(request))
  const over = ids.flatMap((id): [string, Gain][] => {
    const alone = log.judge(({ decision }) => decision.considered.candidates.map((one) => (one === id ? 1 : 0)))
    const { difference } = compare(log, own, alone)
    return difference === null ? [] : [[id, { gain: difference.value, lower: lowerForAnyKey(log, own, alone) }]]
  })
  if (over.length === 0) return null
  const [against, gain] = over.reduce((a, b) => (b[1].gain < a[1].gain ? b : a))
  return {
    method: 'cross-fitted',
    confidence: LOG_CONFIDENCE,
    lambda,
    rows: log.requests.length,
    against,
    ...gain,
    over: Object.fromEntries(over),
  }
}

/** A row as the log had it. Who could not be asked is a candidate all the same: what it would have come to is not known, and must not count as nothing. */
function toRequest(
  set: OutcomeSet & { readonly chances: Float64Array },
  row: number,
  { query, lambda }: { readonly query: Query; readonly lambda: number },
): LoggedRequest {
  const { candidates } = set
  const { prompt, key } = set.queries[row]!
  const arm = candidates.findIndex((_, column) => !Number.isNaN(at(set, set.quality, row, column)))
  const costUsd = at(set, set.costUsd, row, arm)
  return {
    arm,
    query,
    decision: {
      lambda,
      ...(key !== undefined && { tenant: key }),
      considered: {
        candidates: candidates.map(({ id }) => id),
        chances: candidates.map((_, column) => at(set, set.chances, row, column)),
      },
      query: { hash: prompt },
    },
    worth: { quality: at(set, set.quality, row, arm) },
    outcome: { costUsd: Number.isNaN(costUsd) ? null : costUsd },
  }
}
