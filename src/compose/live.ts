/** What requests are served from, kept up to date: a reload or a newly activated policy puts a new world in the old one's place. */
import type { Config, ProviderSettings } from '../config/config.ts'
import { FEATURES } from '../embed/features.ts'
import { SwitchyardError } from '../errors.ts'
import type { Serving } from '../flow/serving.ts'
import type { World } from '../flow/world.ts'
import type { Console } from '../log/console.ts'
import type { Installation } from '../policy/check.ts'
import { createShelf } from '../policy/shelf.ts'
import type { EncoderInfo, Policy, Store, Transport } from '../spec.ts'
import { embeddedMisfit, hasDemo } from './embedded.ts'
import type { Learners } from './learners.ts'
import { syncPolicies } from './policies.ts'
import { type Compiled, compilePolicy } from './policy.ts'
import { recipesOf } from './recipes.ts'
import { unlistedBy } from './unlisted.ts'
import { buildWorld } from './world.ts'

export interface LiveParts {
  readonly store: Store
  /** `null`: no policy that needs vectors can serve. */
  readonly encoder: EncoderInfo | null
  /** Reads and verifies a policy by its id. */
  readonly readPolicy: (id: string) => Promise<Policy>
  /** The policy in the package; asked only where a configuration has the demo's models. */
  readonly readEmbedded: () => Promise<Policy>
  readonly learners: Learners
  /** How bytes reach each provider of a configuration. */
  readonly transports: (config: Config) => Promise<(provider: ProviderSettings) => Transport>
  readonly logger: Console
}

export interface Live extends Serving {
  readonly config: Config
  world(): World
  /** Serves a new configuration from the next request on. Rejects and keeps the old one when it cannot be served. */
  reload(config: Config): Promise<void>
}

export async function openLive(first: Config, parts: LiveParts): Promise<Live> {
  const { store, encoder, readPolicy, readEmbedded, learners, transports, logger } = parts
  const shelf = createShelf<Compiled>()
  const tried = new Map<string, number | null>()
  let config = first
  let embedded = await embeddedFor(first)

  async function embeddedFor(config: Config): Promise<Policy | null> {
    return hasDemo(config) ? readEmbedded() : null
  }

  async function build(next: Config, generation: number): Promise<World> {
    const [transport, unlisted] = await Promise.all([transports(next), unlistedBy(next)])
    await learners.serve(recipesOf(next, shelf, encoder))
    return buildWorld(next, { generation, transport, shelf, online: learners.find, unlisted })
  }

  const routeOf = (name: string) => config.routes.find((route) => route.name === name)

  function installation(name: string): Installation {
    return { encoder, features: FEATURES, candidates: routeOf(name)?.candidates ?? [] }
  }

  /** What serves a route for which nothing was ever activated; `null` is the constant. */
  function original(name: string): Policy | null {
    const route = routeOf(name)
    if (!encoder || !embedded || !route) return null
    return embeddedMisfit(embedded, config, route) === null ? embedded : null
  }

  /** The embedded policy is there without being stored; a stored one comes first. */
  async function read(id: string): Promise<Policy> {
    try {
      return await readPolicy(id)
    } catch (thrown) {
      const missing = thrown instanceof SwitchyardError && thrown.code === 'not_found'
      if (missing && embedded && id.length >= 4 && embedded.id.startsWith(id)) return embedded
      throw thrown
    }
  }

  /** Whether anything changed. */
  async function syncShelf(): Promise<boolean> {
    const changed = await syncPolicies(
      config.routes.map(({ name }) => name),
      { store, shelf, read, embedded: original, installation, tried },
    )
    for (const route of changed) {
      const [refusal, active] = [shelf.refusal(route), shelf.active(route)]
      if (refusal) logger.error('policy_refused', { route, policy: refusal.id, reason: refusal.reason })
      else
        logger.info('policy_active', {
          route,
          policy: active?.id ?? null,
          reason: active?.value.notes.join(' ') || undefined,
        })
    }
    return changed.length > 0
  }

  await syncShelf()
  let world = await build(config, 1)
  return {
    get config() {
      return config
    },
    world: () => world,
    served: () =>
      config.routes.map(({ name }) => ({
        route: name,
        policy: shelf.active(name)?.id ?? null,
        refusal: shelf.refusal(name),
        original: original(name)?.id ?? null,
      })),
    read,
    judge: (policy, route) => compilePolicy(policy, installation(route)).notes,
    async reload(next) {
      embedded ??= await embeddedFor(next)
      const built = await build(next, world.generation + 1)
      config = next
      world = built
    },
    async sync() {
      if (await syncShelf()) world = await build(config, world.generation + 1)
    },
  }
}
