/** The main job: one request of either dialect, from its bytes to its answer. Reads top to bottom as the flow does. */
import { readBytes } from '../admit/body.ts'
import { ClientAbort, call } from '../call/call.ts'
import { toSwitchyardError } from '../errors.ts'
import { type Body, type Dialect, readBody } from '../wire/index.ts'
import { openAccount, statusOf } from './account.ts'
import { toArms } from './arms.ts'
import { runCascade } from './cascade.ts'
import { type Asker, choose } from './choose.ts'
import { deliver, named } from './deliver.ts'
import type { Deps } from './deps.ts'
import { renderFailure } from './failure.ts'
import { openPurse } from './purse.ts'
import { logDecision, toDecision } from './record.ts'

/** What arrives: the request and who sent it. */
export interface Incoming extends Asker {
  readonly request: Request
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
  const { plan, candidates } = chosen
  const decision = toDecision(deps, { ask, tenant: incoming.principal.name, chosen })
  deps.learning.notice(decision)
  const request = { dialect, body, headers: incoming.headers, url: incoming.request.url }
  const first = candidates[plan.arm]!
  const hears = plan.kind === 'cascade' ? plan.logprobs : undefined
  const armsOf = (arm: number) =>
    toArms(world, deps.health, candidates[arm]!, { ...request, logprobs: hears?.includes(arm) ?? false })
  const purse = openPurse(deps.allowances, incoming.principal, chosen.exploring)
  try {
    await purse.reserve(chosen.expectedUsd[plan.arm]!)
  } catch (thrown) {
    purse.settle(0)
    throw thrown
  }
  // From here on every way leads to the account being settled.
  const account = openAccount(deps, decision, {
    started,
    json: ask.json,
    onSettled: (costUsd) => {
      onSettled()
      purse.settle(costUsd ?? 0)
    },
  })
  const { breakers, clock, random, sleep } = deps
  // The upstream is asked while the decision is being written; the decision's id leaves only when it is durable.
  const logging = logDecision(deps, world, decision, chosen)
  const options = { decision: decision.id, signal: incoming.request.signal, clock, random, sleep, breakers }
  const calling =
    plan.kind === 'single'
      ? call([plan.arm, ...plan.alternates].flatMap(armsOf), { ...options, onAttempt: account.attempt })
      : runCascade(plan, { ...chosen, armsOf, call: options, account, reserve: purse.reserve, logging })
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
      keepText: world.log.text || ask.json !== undefined,
    })
  } catch (thrown) {
    // Where it is the log that failed, nobody will read the reply: the upstream must not go on talking.
    calling.then((reply) => (reply.kind === 'stream' ? reply.frames.return?.() : undefined)).catch(() => {})
    const status = thrown instanceof ClientAbort ? 'client_abort' : statusOf(toSwitchyardError(thrown).code)
    const { candidate, usage, outputChars } = account.steps?.last ?? { candidate: first, usage: null, outputChars: 0 }
    account.settle({ status, candidate, usage, outputChars, ttftMs: null, finish: null })
    if (thrown instanceof ClientAbort) return new Response(null, { status: 499 })
    return renderFailure(deps, thrown, {
      dialect,
      requestId: incoming.requestId,
      headers: named(candidate, { account, decision }),
    })
  }
}

function wantsUsage({ json }: Body): boolean {
  const options = json.stream_options
  return typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
}
