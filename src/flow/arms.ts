/** A candidate as something that can be called: who serves it, and the request as it must receive it. */
import type { Arm } from '../call/call.ts'
import type { Health } from '../call/health.ts'
import { SwitchyardError } from '../errors.ts'
import type { Candidate } from '../spec.ts'
import { type Body, buildExchange, type Dialect, type ExchangeOptions } from '../wire/index.ts'
import type { World } from './world.ts'

export interface ClientRequest {
  readonly dialect: Dialect
  readonly body: Body
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
}

/** One arm for each upstream of a candidate, the one in best health first. */
export function toArms(
  world: World,
  health: Health,
  candidate: Candidate,
  request: ClientRequest & ExchangeOptions,
): Arm[] {
  if (!candidate.elsewhere) return [toArm(world, candidate, request)]
  const upstreams = [candidate, ...candidate.elsewhere.map((upstream) => ({ ...candidate, ...upstream }))]
  return health.order(upstreams).map((upstream) => toArm(world, upstream, request))
}

function toArm(
  world: World,
  candidate: Candidate,
  { dialect, body, headers, url, ...options }: ClientRequest & ExchangeOptions,
): Arm {
  const provider = world.providers.get(candidate.provider)
  if (!provider) throw new SwitchyardError('internal', `Candidate "${candidate.id}" names no configured provider.`)
  return {
    candidate,
    provider,
    exchange: () => {
      const exchange = buildExchange(dialect.name, body, candidate, headers, options)
      // Claude clients mark beta requests in the query string; it belongs to the same-dialect request as its bytes do.
      const query = url.indexOf('?')
      if (query < 0 || dialect.name !== candidate.wire) return exchange
      return { ...exchange, path: exchange.path + url.slice(query) }
    },
  }
}
