/** The Node composition root: one process, SQLite beside it, the encoder on worker threads. */
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { createGate, type Gate } from './admit/concurrency.ts'
import { createApp } from './app.ts'
import { createBreakers } from './call/breaker.ts'
import { embeddedMisfit, readEmbedded } from './compose/embedded.node.ts'
import { openEncoder } from './compose/encoder.node.ts'
import { syncPolicies } from './compose/policies.ts'
import type { Compiled } from './compose/policy.ts'
import { createTransports } from './compose/transports.node.ts'
import { unlistedBy } from './compose/unlisted.ts'
import { buildWorld } from './compose/world.ts'
import type { Config } from './config/config.ts'
import { cachedEncoder } from './embed/cache.ts'
import { embedWithin } from './embed/deadline.ts'
import { FEATURES } from './embed/features.ts'
import type { Embedding } from './flow/deps.ts'
import type { World } from './flow/world.ts'
import { type Console, describeError } from './log/console.ts'
import { createJournal } from './log/journal.ts'
import { sha256 } from './log/sha256.node.ts'
import { openStore } from './log/store.node.ts'
import { createPolicyFolder } from './policy/folder.node.ts'
import { createShelf } from './policy/shelf.ts'
import type { Encoder } from './spec.ts'

export interface GatewayOptions {
  readonly config: Config
  /** Relative paths of the configuration start here. */
  readonly cwd: string
  readonly logger: Console
}

export interface Gateway {
  readonly url: string
  readonly config: Config
  /** Serves a new configuration from the next request on. Rejects and keeps the old one when it cannot be served. */
  reload(config: Config): Promise<void>
  /** Stops accepting, lets open answers end within the drain limit, flushes the log. */
  close(): Promise<void>
}

/** How often the log is asked which policies serve. */
const POLICY_POLL_MS = 1000

/** How long requests that were cut at the drain limit may take to account for themselves. */
const SETTLE_MS = 500

const clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Starts the gateway and resolves once it listens. Throws SwitchyardError when log or port cannot be had. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { logger, cwd } = options
  const data = resolve(cwd, options.config.data)
  const [store, encoder] = await Promise.all([
    openStore({
      file: join(data, 'switchyard.sqlite'),
      durability: options.config.log.durability,
      recover: true,
      maxQueuedRows: options.config.log.maxQueuedRows,
    }),
    openEncoderOrNone(options.config, logger),
  ])
  const transports = createTransports()
  const folder = createPolicyFolder(join(data, 'policies'))
  const shelf = createShelf<Compiled>()
  let embedded = await readEmbedded(options.config)
  const gate = createGate(options.config.server.maxConcurrentRequests)
  let config = options.config
  let draining = false
  let generation = 0

  const routeOf = (name: string) => config.routes.find((route) => route.name === name)
  const sources = {
    store,
    shelf,
    read: (id: string) => folder.read(id),
    embedded: (name: string) => {
      const route = routeOf(name)
      if (!encoder || !embedded || !route) return null
      return embeddedMisfit(embedded.policy, config, route) === null ? embedded.policy : null
    },
    installation: (route: string) => ({
      encoder: encoder?.info ?? null,
      features: FEATURES,
      candidates: routeOf(route)?.candidates ?? [],
    }),
  }
  const prepare = async (next: Config): Promise<World> => {
    embedded ??= await readEmbedded(next)
    const parts = {
      generation: generation + 1,
      transport: await transports.prepare(next),
      shelf,
      unlisted: await unlistedBy(next),
    }
    return buildWorld(next, parts)
  }
  const pollPolicies = async (): Promise<boolean> => {
    const routes = config.routes.map(({ name }) => name)
    const changed = await syncPolicies(routes, sources)
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

  await pollPolicies()
  let world = await prepare(config)
  generation = world.generation
  const refresh = async (next: Config): Promise<void> => {
    const prepared = await prepare(next)
    config = next
    world = prepared
    generation = prepared.generation
  }
  const app = createApp({
    world: () => world,
    store: createJournal(store, {
      retention: () => world.log,
      maxKnownVectors: Math.max(1, config.encoder.cacheEntries),
    }),
    embedding: encoder && createEmbedding(encoder, config),
    breakers: createBreakers(clock),
    gate,
    clock,
    random: Math.random,
    sleep: async (ms, signal) => sleep(ms, undefined, { signal }),
    sha256,
    salt: store.salt,
    logger,
    draining: () => draining,
  })
  const server = await listen(app.fetch, config)
  const poll = setInterval(() => {
    pollPolicies()
      .then((changed) => (changed ? refresh(config) : undefined))
      .catch((error: unknown) => logger.error('policies_not_read', describeError(error)))
  }, POLICY_POLL_MS)
  poll.unref()

  return {
    url: urlOf(server, config.server.host),
    get config() {
      return config
    },
    reload: refresh,
    async close() {
      draining = true
      clearInterval(poll)
      await drain(server, gate, config.server.drainTimeoutMs)
      await Promise.all([store.close(), encoder?.close(), transports.close()])
    },
  }
}

async function openEncoderOrNone({ encoder }: Config, logger: Console): Promise<Encoder | null> {
  try {
    return await openEncoder(encoder)
  } catch (error) {
    // Routing by prompt features alone is worse than with a vector, but far better than not serving.
    logger.error('encoder_unavailable', { encoder: encoder.driver, ...describeError(error) })
    return null
  }
}

function createEmbedding(encoder: Encoder, { encoder: { timeoutMs, maxPending, cacheEntries } }: Config): Embedding {
  const cached = cachedEncoder(encoder, { maxEntries: Math.max(1, cacheEntries) })
  return { encoder: encoder.info.id, peek: cached.peek, embed: embedWithin(cached, { timeoutMs, maxPending }) }
}

async function listen(
  fetch: Parameters<typeof createAdaptorServer>[0]['fetch'],
  { server: settings }: Config,
): Promise<ServerType> {
  const { headersTimeoutMs, requestTimeoutMs, host, port } = settings
  const server = createAdaptorServer({
    fetch,
    serverOptions: {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Node looks for slow requests only this often.
      connectionsCheckingInterval: 2000,
      keepAliveTimeout: 75_000,
    },
  })
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(port, host, () => done())
  })
  return server
}

function urlOf(server: ServerType, host: string): string {
  const { port } = server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${shown}:${port}`
}

/** New connections are refused at once; idle ones are closed as they fall idle; what is left at the limit is cut. */
async function drain(server: ServerType, gate: Gate, drainTimeoutMs: number): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()))
  const until = clock.monotonic() + drainTimeoutMs
  const idle = 'closeIdleConnections' in server ? () => server.closeIdleConnections() : () => {}
  while (gate.inFlight > 0 && clock.monotonic() < until) {
    idle()
    await sleep(20)
  }
  idle()
  await Promise.race([closed, sleep(Math.max(100, until - clock.monotonic()))])
  if ('closeAllConnections' in server) server.closeAllConnections()
  await closed
  // Requests whose connection was cut learn of it in their own time, and their outcomes belong in the log.
  for (let waited = 0; gate.inFlight > 0 && waited < SETTLE_MS; waited += 10) await sleep(10)
}
