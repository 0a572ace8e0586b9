/** Decisions of a policy offline, by the gateway's own code. */
import type { Candidate, Estimate, Guard, Planner, Query } from '../spec.ts'

export interface Rules {
  readonly candidates: readonly Candidate[]
  readonly planner: Planner
  readonly random: () => number
}

/** STUB until src/route exists. */
export function decideFrom(query: Query, estimate: Estimate, guard: Guard, lambda: number, rules: Rules): number {
  const s =
    estimate.support < guard.minSupport
      ? 0
      : guard.shrink * (guard.minSupport >= 1 ? 1 : (estimate.support - guard.minSupport) / (1 - guard.minSupport))
  const quality = estimate.quality.map((q, m) => guard.quality[m]! + s * (q - guard.quality[m]!))
  const outputTokens = estimate.outputTokens.map((q, m) => guard.outputTokens[m]! + s * (q - guard.outputTokens[m]!))
  const costUsd = outputTokens.map((t, m) => {
    const p = rules.candidates[m]!.price
    return p === null ? Number.NaN : (query.inputTokens * p.inputPerMTok + t * p.outputPerMTok) / 1e6
  })
  const plan = rules.planner.plan(
    query,
    rules.candidates,
    { ...estimate, quality, outputTokens, costUsd },
    { lambda, limits: {} },
    rules.random,
  )
  return plan.kind === 'single' ? plan.arm : 0
}
