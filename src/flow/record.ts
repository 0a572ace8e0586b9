/** A decision as the log keeps it. */
import { ulid } from 'ulid'
import { describeError } from '../log/console.ts'
import { hashText } from '../log/privacy.ts'
import type { Ask, Decision, LogRow } from '../spec.ts'
import type { Chosen } from './choose.ts'
import type { Deps } from './deps.ts'
import type { World } from './world.ts'

/** A new decision, with an id of its own. */
export function toDecision(
  deps: Deps,
  { ask, tenant, chosen }: { readonly ask: Ask; readonly tenant: string; readonly chosen: Chosen },
): Decision {
  const { query, candidates, plan } = chosen
  const at = deps.clock.now()
  return {
    id: ulid(at, deps.random),
    at,
    tenant,
    wire: ask.wire,
    route: chosen.route?.name ?? null,
    asked: ask.asked,
    candidate: candidates[plan.arm]!.id,
    alternates: plan.alternates.map((arm) => candidates[arm]!.id),
    propensity: plan.propensity,
    explored: plan.explored,
    reason: plan.reason,
    lambda: chosen.lambda,
    policy: chosen.policyId,
    stream: ask.stream,
    query: {
      hash: hashText(query.text, deps.salt, deps.sha256),
      chars: ask.turns.reduce((sum, turn) => sum + turn.text.length, 0),
      inputTokens: query.inputTokens,
      features: [...query.features],
      embedded: query.vector !== null,
      text: query.text,
    },
    considered: chosen.considered,
  }
}

/** True once the decision is durable, false when it could not be logged and the configuration says to serve all the same. */
export async function logDecision(deps: Deps, world: World, decision: Decision, { query }: Chosen): Promise<boolean> {
  const rows: LogRow[] = [{ table: 'decisions', row: decision }]
  if (query.vector && deps.embedding) {
    const { hash } = decision.query
    rows.push({
      table: 'embeddings',
      row: { hash, encoder: deps.embedding.encoder, vector: query.vector, at: decision.at },
    })
  }
  try {
    await deps.store.append(rows)
    return true
  } catch (error) {
    if (world.log.required) throw error
    deps.logger.error('decision_not_logged', describeError(error))
    return false
  }
}
