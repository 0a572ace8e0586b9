/** Sums of records, as the statements of `statistics.ts` make them of rows. */
import { dayOf } from '../day.ts'
import type { DecisionRecord, Statistics } from '../spec.ts'

/** One request. */
export function sumRecord({ decision, outcome, feedback }: DecisionRecord): Statistics {
  const values = feedback.map(({ value }) => value)
  return {
    day: dayOf(decision.at),
    tenant: decision.tenant,
    route: decision.route,
    candidate: outcome?.candidate ?? decision.candidate,
    status: outcome?.status ?? 'unknown',
    requests: 1,
    inputTokens: outcome?.usage?.input ?? 0,
    outputTokens: outcome?.usage?.output ?? 0,
    costUsd: outcome?.costUsd ?? 0,
    priced: outcome && outcome.costUsd !== null ? 1 : 0,
    latencyMs: outcome?.latencyMs ?? 0,
    scored: values.length > 0 ? 1 : 0,
    score: values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0,
  }
}

/** One entry per day, tenant, route, candidate and status, in this order. */
export function addUp(all: readonly Statistics[]): Statistics[] {
  const keyOf = (one: Statistics) => [one.day, one.tenant, one.route ?? '', one.candidate, one.status] as const
  const groups = Map.groupBy(all, (one) => JSON.stringify(keyOf(one)))
  return [...groups.values()]
    .map((group) => group.reduce(add))
    .sort((a, b) => {
      const [left, right] = [keyOf(a), keyOf(b)]
      const at = left.findIndex((value, index) => value !== right[index])
      return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1
    })
}

function add(a: Statistics, b: Statistics): Statistics {
  return {
    ...a,
    requests: a.requests + b.requests,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    costUsd: a.costUsd + b.costUsd,
    priced: a.priced + b.priced,
    latencyMs: a.latencyMs + b.latencyMs,
    scored: a.scored + b.scored,
    score: a.score + b.score,
  }
}
