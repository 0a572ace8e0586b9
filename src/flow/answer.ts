/** The main job: one request of either dialect, from its bytes to its answer. Reads top to bottom as the flow does. */
import { ulid } from 'ulid'
import { readBytes } from '../admit/body.ts'
import type { Principal } from '../admit/keys.ts'
import { type Arm, ClientAbort, call } from '../call/call.ts'
import { makeQuery, unroutedQuery } from '../embed/query.ts'
import { windowText } from '../embed/window.ts'
import { SwitchyardError, toSwitchyardError } from '../errors.ts'
import { describeError } from '../log/console.ts'
import { hashText } from '../log/privacy.ts'
import { namedCostUsd } from '../route/cost.ts'
import { decide } from '../route/decide.ts'
import type { Ask, Candidate, Considered, Decision, Limits, LogRow, Query } from '../spec.ts'
import { type Body, buildExchange, type Dialect, readBody } from '../wire/index.ts'
import { openAccount, statusOf } from './account.ts'
import { deliver, named } from './deliver.ts'
import type { Deps } from './deps.ts'
import { renderFailure } from './failure.ts'
import { findTarget } from './target.ts'
import type { Route, World } from './world.ts'

/** What arrives: the request and who sent it. */
export interface Incoming {
  readonly request: Request
  readonly headers: Readonly<Record<string, string>>
  readonly principal: Principal
  readonly requestId: string
}

/**
 * Answers one request. Every failure is thrown as a SwitchyardError for the caller to render, except those after the
 * answer has begun, which end the stream in the dialect's error event.
 */
export async function answer(deps: Deps, dialect: Dialect, incoming: Incoming): Promise<Response> {
  const started = deps.clock.monotonic()
  const leave = deps.gate.enter()
  try {
    return await answerOne(deps, dialect, incoming, { started, onSettled: leave })
  } catch (thrown) {
    leave()
    throw thrown
  }
}

async function answerOne(
  deps: Deps,
  dialect: Dialect,
  incoming: Incoming,
  { started, onSettled }: { started: number; onSettled: () => void },
): Promise<Response> {
  const world = deps.world()
  const body = readBody(await readBytes(incoming.request, world.maxBodyBytes))
  const ask = dialect.ask(body.json)
  const chosen = await choose(deps, world, ask, incoming)
  const decision = toDecision(deps, { ask, incoming, chosen })
  const arms = [chosen.candidate, ...chosen.alternates].map((candidate) =>
    toArm(world, { candidate, dialect, body, incoming }),
  )
  const { name, usdPerDay } = incoming.principal
  const reservation =
    usdPerDay === undefined ? null : await deps.allowances.reserve(name, { expectedUsd: chosen.expectedUsd, usdPerDay })
  // From here on every way leads to the account being settled.
  const account = openAccount(deps, decision, {
    started,
    onSettled: (costUsd) => {
      onSettled()
      reservation?.settle(costUsd ?? 0)
    },
  })
  const { breakers, clock, random, sleep } = deps
  // The upstream is asked while the decision is being written; the decision's id leaves only when it is durable.
  const logging = log(deps, world, decision, chosen)
  const calling = call(arms, {
    decision: decision.id,
    signal: incoming.request.signal,
    clock,
    random,
    sleep,
    breakers,
    onAttempt: account.attempt,
  })
  calling.catch(() => {}) // Whichever fails first is reported; the other must not go unhandled.
  try {
    account.logged = await logging
    const reply = await calling
    return deliver(deps, reply, {
      dialect,
      decision,
      account,
      requestId: incoming.requestId,
      includeUsage: dialect.name === 'anthropic' || wantsUsage(body),
      keepText: world.log.text,
    })
  } catch (thrown) {
    // Where it is the log that failed, nobody will read the reply: the upstream must not go on talking.
    calling.then((reply) => (reply.kind === 'stream' ? reply.frames.return?.() : undefined)).catch(() => {})
    const status = thrown instanceof ClientAbort ? 'client_abort' : statusOf(toSwitchyardError(thrown).code)
    account.settle({ status, candidate: chosen.candidate, usage: null, outputChars: 0, ttftMs: null, finish: null })
    if (thrown instanceof ClientAbort) return new Response(null, { status: 499 })
    return renderFailure(deps, thrown, {
      dialect,
      requestId: incoming.requestId,
      headers: named(chosen.candidate, { account, decision }),
    })
  }
}

/** The candidate that answers, those that stand in for it, and why. */
export interface Chosen {
  readonly route: Route | null
  readonly query: Query
  readonly candidate: Candidate
  readonly alternates: readonly Candidate[]
  readonly lambda: number | null
  /** What the candidate is expected to cost, in USD; `NaN`: price not known. */
  readonly expectedUsd: number
  readonly propensity: number
  readonly explored: boolean
  readonly reason: string
  readonly considered: Considered | null
}

async function choose(deps: Deps, world: World, ask: Ask, { principal, headers }: Incoming): Promise<Chosen> {
  const target = findTarget(world, ask.asked, { principal, headers })
  const text = windowText(ask.turns)
  if (target.kind === 'model') {
    const { candidate } = target
    const query = unroutedQuery(ask, text)
    return {
      route: null,
      query,
      candidate,
      alternates: [],
      lambda: null,
      expectedUsd: namedCostUsd(candidate, query),
      propensity: 1,
      explored: false,
      reason: 'The client named the model.',
      considered: null,
    }
  }
  const { route, lambda } = target
  const vector = deps.embedding?.peek(text) ?? (await embed(deps, text))
  const query = makeQuery(ask, text, vector)
  const { plan, candidates, expectedUsd, considered } = decide({
    query,
    candidates: route.candidates,
    policy: route.policy,
    preference: { lambda, limits: withinBudget(route.limits, principal) },
    random: deps.random,
  })
  return {
    route,
    query,
    candidate: candidates[plan.arm]!,
    alternates: plan.alternates.map((arm) => candidates[arm]!),
    lambda,
    expectedUsd: expectedUsd[plan.arm]!,
    propensity: plan.propensity,
    explored: plan.explored,
    reason: plan.reason,
    considered,
  }
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

function toDecision(deps: Deps, { ask, incoming, chosen }: { ask: Ask; incoming: Incoming; chosen: Chosen }): Decision {
  const { query } = chosen
  const at = deps.clock.now()
  return {
    id: ulid(at, deps.random),
    at,
    tenant: incoming.principal.name,
    wire: ask.wire,
    route: chosen.route?.name ?? null,
    asked: ask.asked,
    candidate: chosen.candidate.id,
    alternates: chosen.alternates.map(({ id }) => id),
    propensity: chosen.propensity,
    explored: chosen.explored,
    reason: chosen.reason,
    lambda: chosen.lambda,
    policy: chosen.route?.policyId ?? null,
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
async function log(deps: Deps, world: World, decision: Decision, { query }: Chosen): Promise<boolean> {
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

function toArm(
  world: World,
  { candidate, dialect, body, incoming }: { candidate: Candidate; dialect: Dialect; body: Body; incoming: Incoming },
): Arm {
  const provider = world.providers.get(candidate.provider)
  if (!provider) throw new SwitchyardError('internal', `Candidate "${candidate.id}" names no configured provider.`)
  return {
    candidate,
    provider,
    exchange: () => {
      const exchange = buildExchange(dialect.name, body, candidate, incoming.headers)
      // Claude clients mark beta requests in the query string; it belongs to the same-dialect request as its bytes do.
      const query = incoming.request.url.indexOf('?')
      if (query < 0 || dialect.name !== candidate.wire) return exchange
      return { ...exchange, path: exchange.path + incoming.request.url.slice(query) }
    },
  }
}

function wantsUsage({ json }: Body): boolean {
  const options = json.stream_options
  return typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
}
