/** From the configuration to what requests are served from. The same for every runtime; only the transports differ. */
import type { ClientKey } from '../admit/keys.ts'
import type { Config, KeySettings, ProviderSettings, RouteSettings } from '../config/config.ts'
import type { Route, World } from '../flow/world.ts'
import type { Shelf } from '../policy/shelf.ts'
import { lambdaLevels } from '../route/lambda.ts'
import { priorQuality, withPriors } from '../route/priors.ts'
import type { Candidate, Provider, Transport } from '../spec.ts'
import { type Compiled, constantPolicy } from './policy.ts'

export interface WorldParts {
  readonly generation: number
  readonly transport: (provider: ProviderSettings) => Transport
  readonly shelf: Shelf<Compiled>
  /** Fills in a candidate for a model that the configuration does not list. */
  readonly unlisted: World['unlisted']
}

/** Requests begun in the old world end in it. */
export function buildWorld(config: Config, { generation, transport, shelf, unlisted }: WorldParts): World {
  const providers = new Map(
    config.providers.map((settings) => [settings.id, toProvider(settings, transport(settings))]),
  )
  const routes = config.routes.map((settings) => toRoute(settings, config.candidates, shelf))
  return {
    generation,
    providers,
    routes: new Map(routes.map((route) => [route.name, route])),
    names: { routes, candidates: config.candidates, patterns: patternsOf(config.providers) },
    unlisted,
    keys: config.keys.map(toClientKey),
    maxBodyBytes: config.server.maxBodyBytes,
    log: { text: config.log.text, required: config.log.required },
  }
}

function toProvider(
  { kind: _, models: __, replay: ___, ...provider }: ProviderSettings,
  transport: Transport,
): Provider {
  return { ...provider, transport }
}

function toRoute(settings: RouteSettings, all: readonly Candidate[], shelf: Shelf<Compiled>): Route {
  const candidates = withPriors(settings.candidates.flatMap((id) => all.find((candidate) => candidate.id === id) ?? []))
  const levels = { ...lambdaLevels(candidates, priorQuality(candidates)), ...settings.lambda }
  const active = shelf.active(settings.name)
  return {
    name: settings.name,
    candidates,
    levels,
    lambda: levels.auto,
    limits: settings.limits,
    policy: active?.value.policy ?? constantPolicy(settings.router),
    policyId: active?.id ?? null,
  }
}

/** Lists of patterns are asked first, in the order of the configuration, then the providers that take any name. */
function patternsOf(providers: readonly ProviderSettings[]): { provider: string; pattern: string }[] {
  const listed = providers.flatMap(({ id, models }) =>
    models === '*' ? [] : models.map((pattern) => ({ provider: id, pattern })),
  )
  const any = providers.flatMap(({ id, models }) => (models === '*' ? [{ provider: id, pattern: '*' }] : []))
  return [...listed, ...any]
}

function toClientKey({ name, sha256, routes, models, lambda, limits }: KeySettings): ClientKey {
  return {
    sha256,
    principal: {
      name,
      models,
      lambda: {
        min: lambda.min,
        ...(lambda.default !== null && { default: lambda.default }),
        ...(Number.isFinite(lambda.max) && { max: lambda.max }),
      },
      ...(routes !== '*' && { routes }),
      ...limits,
    },
  }
}
