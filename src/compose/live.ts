/** What requests are served from, kept up to date: a reload or a newly activated policy puts a new world in the old one's place. */
import type { Config, ProviderSettings } from '../config/config.ts'
import { FEATURES } from '../embed/features.ts'
import { SwitchyardError } from '../errors.ts'
import type { ServedCanary, Serving } from '../flow/serving.ts'
import type { World } from '../flow/world.ts'
import type { Console } from '../log/console.ts'
import type { Installation } from '../policy/check.ts'
import { createShelf } from '../policy/shelf.ts'
import type { Activation, EncoderInfo, Policy, Store, Transport } from '../spec.ts'
import { createCanaries } from './canaries.ts'
import { embeddedMisfit, hasDemo } from './embedded.ts'
import type { Learners } from './learners.ts'
import { type Place, syncPolicies } from './policies.ts'
import { compilePolicy } from './policy.ts'
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
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly logger: Console
}

export interface Live extends Serving {
  readonly config: Config
  world(): World
  /** Serves a new configuration from the next request on. Rejects and keeps the old one when it cannot be served. */
  reload(config: Config): Promise<void>
  /** Reads what canaries have come to and ends those that are decided. To be called now and then; rejects where the log fails. */
  watch(): Promise<void>
}

export async function openLive(first: Config, parts: LiveParts): Promise<Live> {
  const { store, encoder, readPolicy, readEmbedded, learners, transports, now, logger } = parts
  const incumbents: Place = { shelf: createShelf(), tried: new Map() }
  const canaries: Place = { shelf: createShelf(), tried: new Map() }
  const running = new Map<string, Activation>()
  const judged = createCanaries({ store, now })
  let config = first
  let embedded = await embeddedFor(first)

  async function embeddedFor(config: Config): Promise<Policy | null> {
    return hasDemo(config) ? readEmbedded() : null
  }

  async function build(next: Config, generation: number): Promise<World> {
    const [transport, unlisted] = await Promise.all([transports(next), unlistedBy(next)])
    const tried = next.routes.filter(({ name }) => canaryOf(name) !== null)
    await learners.serve([
      ...recipesOf(next, incumbents.shelf, encoder),
      ...recipesOf({ ...next, routes: tried }, canaries.shelf, encoder),
    ])
    return buildWorld(next, {
      generation,
      transport,
      shelf: incumbents.shelf,
      canary: canaryOf,
      online: learners.find,
      unlisted,
    })
  }

  /** The canary of a route, where what the log asks for can serve. */
  function canaryOf(route: string) {
    const activation = running.get(route)
    const active = canaries.shelf.active(route)
    if (activation === undefined || activation.policy !== (active?.id ?? null)) return null
    return { activation, active, share: activation.share }
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
      { store, incumbents, canaries, running, read, embedded: original, installation },
    )
    for (const { route, place } of changed) {
      const { shelf } = place === 'incumbents' ? incumbents : canaries
      const [refusal, active] = [shelf.refusal(route), shelf.active(route)]
      const share = place === 'incumbents' ? undefined : (running.get(route)?.share ?? 0)
      if (refusal) logger.error('policy_refused', { route, policy: refusal.id, reason: refusal.reason })
      else
        logger.info(share === undefined ? 'policy_active' : 'policy_canary', {
          route,
          policy: active?.id ?? null,
          share,
          reason: active?.value.notes.join(' ') || undefined,
        })
    }
    return changed.length > 0
  }

  async function sync(): Promise<void> {
    if (await syncShelf()) world = await build(config, world.generation + 1)
  }

  function describeCanary(route: string): ServedCanary | null {
    const activation = running.get(route)
    if (activation === undefined) return null
    return { activation, refusal: canaries.shelf.refusal(route), state: judged.state(activation) }
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
        policy: incumbents.shelf.active(name)?.id ?? null,
        refusal: incumbents.shelf.refusal(name),
        original: original(name)?.id ?? null,
        canary: describeCanary(name),
      })),
    read,
    judge: (policy, route) => compilePolicy(policy, installation(route)).notes,
    async reload(next) {
      embedded ??= await embeddedFor(next)
      const built = await build(next, world.generation + 1)
      config = next
      world = built
    },
    sync,
    async watch() {
      const { keyShare } = config.learning.reward
      const arms = config.routes.flatMap(({ name }) => {
        const canary = canaryOf(name)
        const incumbent = incumbents.shelf.active(name)?.id ?? null
        return canary ? [{ canary: canary.activation, incumbent, keyShare }] : []
      })
      if (await judged.look(arms)) await sync()
    },
  }
}
