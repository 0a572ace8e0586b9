/** From the configuration to what requests are served from. The same for every runtime; only the transports differ. */
import type { Config, ProviderSettings, RouteSettings } from '../config/config.ts'
import type { Route, World } from '../flow/world.ts'
import type { Shelf, Shelved } from '../policy/shelf.ts'
import type { Online } from '../route/decide.ts'
import { type LambdaLevels, lambdaLevels } from '../route/lambda.ts'
import { priorQuality, withPriors } from '../route/priors.ts'
import type { Candidate, Provider, Transport } from '../spec.ts'
import { type Compiled, constantPolicy, routerOf } from './policy.ts'

export interface WorldParts {
  readonly generation: number
  readonly transport: (provider: ProviderSettings) => Transport
  /** What serves. */
  readonly shelf: Pick<Shelf<Compiled>, 'active'>
  /** What is tried beside it, on which share of the requests. */
  readonly canary: (route: string) => { readonly active: Shelved<Compiled> | null; readonly share: number } | null
  /** What was learned online while a policy decided for a route, where anything is. */
  readonly online: (route: string, policy: string | null) => Online | undefined
  /** Fills in a candidate for a model that the configuration does not list. */
  readonly unlisted: World['unlisted']
}

/** Requests begun in the old world end in it. */
export function buildWorld(config: Config, { generation, transport, unlisted, ...parts }: WorldParts): World {
  const providers = new Map(
    config.providers.map((settings) => [settings.id, toProvider(settings, transport(settings))]),
  )
  const routes = config.routes.map((settings) => toRoute(settings, config.candidates, parts))
  return {
    generation,
    providers,
    routes: new Map(routes.map((route) => [route.name, route])),
    names: { routes, candidates: config.candidates, patterns: config.patterns },
    unlisted,
    keys: config.keys,
    maxBodyBytes: config.server.maxBodyBytes,
    log: { text: config.log.text, required: config.log.required },
  }
}

function toProvider({ kind: _, replay: __, ...provider }: ProviderSettings, transport: Transport): Provider {
  return { ...provider, transport }
}

function toRoute(
  settings: RouteSettings,
  all: readonly Candidate[],
  { shelf, canary, online }: Pick<WorldParts, 'shelf' | 'canary' | 'online'>,
): Route {
  const candidates = candidatesOf(settings, all)
  const levels = levelsOf(settings, candidates)
  const ready = (active: Shelved<Compiled> | null): Pick<Route, 'policy' | 'policyId'> => {
    const policyId = active?.id ?? null
    const learned = online(settings.name, policyId)
    const policy = active?.value.policy ?? constantPolicy(routerOf(settings.router))
    return { policy: learned ? { ...policy, online: learned } : policy, policyId }
  }
  const tried = canary(settings.name)
  return {
    name: settings.name,
    candidates,
    levels,
    lambda: levels.auto,
    limits: settings.limits,
    exploration: settings.exploration,
    ...ready(shelf.active(settings.name)),
    canary: tried && { ...ready(tried.active), share: tried.share },
  }
}

/** Those of a route, with what is believed of them before anything is known. */
export function candidatesOf({ candidates }: RouteSettings, all: readonly Candidate[]): Candidate[] {
  return withPriors(candidates.flatMap((id) => all.find((candidate) => candidate.id === id) ?? []))
}

/** What the configuration sets, else what the pool itself suggests; never falling from best over auto to cheap. */
export function levelsOf({ lambda }: RouteSettings, candidates: readonly Candidate[]): LambdaLevels {
  const own = lambdaLevels(candidates, priorQuality(candidates))
  const best = lambda.best ?? own.best
  const auto = lambda.auto ?? Math.max(own.auto, best)
  return { best, auto, cheap: lambda.cheap ?? Math.max(own.cheap, auto) }
}
