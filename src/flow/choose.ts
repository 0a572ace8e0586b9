/** Whom a request goes to: the model that its client named, or what the route's policy decides. */
import type { Reservation } from '../admit/allowance.ts'
import type { Principal } from '../admit/keys.ts'
import { makeQuery, unroutedQuery } from '../embed/query.ts'
import { windowText } from '../embed/window.ts'
import { describeError } from '../log/console.ts'
import { decideBetween } from '../route/between.ts'
import { namedCostUsd } from '../route/cost.ts'
import { type DecideInput, decide } from '../route/decide.ts'
import type { Ask, Candidate, Considered, Limits, Plan, Query } from '../spec.ts'
import type { Deps } from './deps.ts'
import { explorationOf } from './exploration.ts'
import { findTarget } from './target.ts'
import type { Route, World } from './world.ts'

export interface Chosen {
  readonly route: Route | null
  /** SHA-256 of the policy that decided; `null`: the constant, or nobody. */
  readonly policyId: string | null
  readonly query: Query
  /** Those that were able to answer; the plan's arms are indexes into these. */
  readonly candidates: readonly Candidate[]
  readonly plan: Plan
  readonly lambda: number | null
  /** What each candidate is expected to cost, in USD; `NaN`: price not known. */
  readonly expectedUsd: ArrayLike<number>
  readonly limits: Limits
  readonly considered: Considered | null
  /** Of an explored request, what is set aside for it. Whoever has chosen settles it. */
  readonly exploring: Reservation | null
}

/** Who asks, and what its headers say. */
export interface Asker {
  readonly principal: Principal
  readonly headers: Readonly<Record<string, string>>
}

/** Throws as `findTarget` and `decide` do. */
export async function choose(deps: Deps, world: World, ask: Ask, asker: Asker): Promise<Chosen> {
  const { principal } = asker
  const target = findTarget(world, ask.asked, asker)
  const text = windowText(ask.turns)
  if (target.kind === 'model') {
    const { candidate } = target
    const query = unroutedQuery(ask, text)
    return {
      route: null,
      policyId: null,
      query,
      candidates: [candidate],
      plan: NAMED,
      lambda: null,
      expectedUsd: [namedCostUsd(candidate, query)],
      limits: {},
      considered: null,
      exploring: null,
    }
  }
  const { route, lambda } = target
  const vector = deps.embedding?.peek(text) ?? (await embed(deps, text))
  const query = makeQuery(ask, text, vector)
  const limits = withinBudget(route.limits, principal)
  const learns = route.policy.online !== undefined || route.canary?.policy.online !== undefined
  const { plan, candidates, expectedUsd, considered, policyId } = decideFor(route, {
    query,
    candidates: route.candidates,
    preference: {
      lambda,
      limits,
      ...(learns && { exploration: explorationOf(deps, route, { principal, turns: ask.turns }) }),
    },
    random: deps.random,
  })
  // At once: whoever is asked about exploring next must find it set aside.
  const exploring = plan.explored ? deps.learning.reserveExplored(route.name, expectedUsd[plan.arm]!) : null
  return { route, policyId, query, candidates, plan, lambda, expectedUsd, limits, considered, exploring }
}

function decideFor({ policy, policyId, canary }: Route, input: Omit<DecideInput, 'policy'>) {
  if (canary === null) return { ...decide({ ...input, policy }), policyId }
  const drawn = decideBetween({ incumbent: policy, canary: canary.policy, share: canary.share }, input)
  return { ...drawn, policyId: drawn.by === 'canary' ? canary.policyId : policyId }
}

const NAMED: Plan = {
  kind: 'single',
  arm: 0,
  propensity: 1,
  chances: [1],
  alternates: [],
  explored: false,
  reason: 'The client named the model.',
}

/** No request costs more than a day may, and none has an unknown price: neither could ever be paid for. */
function withinBudget(limits: Limits, { usdPerDay }: Principal): Limits {
  if (usdPerDay === undefined) return limits
  return { ...limits, maxCostUsd: Math.min(usdPerDay, limits.maxCostUsd ?? usdPerDay) }
}

async function embed({ embedding, logger }: Deps, text: string): Promise<Float32Array | null> {
  if (!embedding) return null
  const embedded = await embedding.embed(text)
  // A late or busy encoder is a matter of load; one that fails needs somebody to look.
  if (embedded.reason === 'failed') logger.warn('encoder_failed', describeError(embedded.error))
  else if (embedded.reason !== null) logger.debug('no_vector', { reason: embedded.reason })
  return embedded.vector
}
