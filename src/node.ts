/** The Node composition root: one process, SQLite beside it, the encoder on worker threads. */
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { createGate, type Gate } from './admit/concurrency.ts'
import { createLedger } from './admit/ledger.ts'
import { createApp } from './app.ts'
import { createBreakers } from './call/breaker.ts'
import { createHealth } from './call/health.ts'
import { readEmbedded } from './compose/embedded.node.ts'
import { createEmbedding } from './compose/embedding.ts'
import { openEncoder } from './compose/encoder.node.ts'
import { withJudge } from './compose/judging.ts'
import { createLocalLearners } from './compose/learners.ts'
import { createLearning } from './compose/learning.ts'
import { openLive } from './compose/live.ts'
import { MAINTAIN_MS, maintainLog } from './compose/maintain.ts'
import { createTransports } from './compose/transports.node.ts'
import type { Config } from './config/config.ts'
import { SwitchyardError } from './errors.ts'
import type { Deps } from './flow/deps.ts'
import { type Console, describeError } from './log/console.ts'
import { createJournal } from './log/journal.ts'
import { sha256 } from './log/sha256.node.ts'
import { openStore } from './log/store.node.ts'
import { createPolicyFolder } from './policy/folder.node.ts'
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

/** How often the log is asked which policies serve, and what is due to be learned. */
const POLL_MS = 1000

/** Decisions of one turn of it. */
const SETTLED_ROWS = 1000

/** How often it is looked whether a canary is decided. */
const WATCH_MS = 5_000

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
      maxQueuedRows: options.config.log.maxQueuedRows,
    }),
    openEncoderOrNone(options.config, logger),
  ])
  const transports = createTransports()
  const folder = createPolicyFolder(join(data, 'policies'))
  const gate = createGate(options.config.server.maxConcurrentRequests)
  const learners = createLocalLearners(store, clock.now)
  const live = await openLive(options.config, {
    store,
    learners,
    encoder: encoder?.info ?? null,
    readPolicy: (id) => folder.read(id),
    readEmbedded: async () => (await readEmbedded()).policy,
    transports: transports.prepare,
    now: clock.now,
    logger,
  })
  const { config } = live
  const learning = createLearning({
    store,
    learners,
    config: () => live.config,
    encoder: encoder?.info.id ?? null,
    now: clock.now,
    logger,
    follow: learners.follow,
    keepAlive: () => {},
  })
  await learning.refresh()
  const health = createHealth(clock)
  let draining = false
  const journal = createJournal(store, {
    retention: () => live.world().log,
    maxKnownVectors: Math.max(1, config.encoder.cacheEntries),
  })
  const deps: Deps = {
    world: live.world,
    store: withJudge(journal, {
      store,
      config: () => live.config,
      deps: () => deps,
      random: Math.random,
      logger,
      keepAlive: () => {},
    }),
    log: store,
    policies: folder,
    serving: live,
    learning,
    embedding: encoder && createEmbedding(encoder, config.encoder),
    breakers: health.watch(createBreakers(clock)),
    health,
    gate,
    allowances: createLedger({ clock, spent: (since) => store.spent(since) }),
    clock,
    random: Math.random,
    sleep: async (ms, signal) => sleep(ms, undefined, { signal }),
    sha256,
    salt: store.salt,
    logger,
    draining: () => draining,
  }
  const app = createApp(deps)
  const server = await listen(app.fetch, config)
  const settleDue = async () => {
    for (let more = true; more && !draining; ) more = await learning.sweep(SETTLED_ROWS)
  }
  let sweeping: Promise<void> | null = null
  const poll = setInterval(() => {
    live.sync().catch((error: unknown) => logger.error('policies_not_read', describeError(error)))
    sweeping ??= settleDue().finally(() => {
      sweeping = null
    })
  }, POLL_MS)
  poll.unref()
  let watching: Promise<void> | null = null
  const watch = setInterval(() => {
    watching ??= live
      .watch()
      .catch((error: unknown) => logger.error('canaries_not_judged', describeError(error)))
      .finally(() => {
        watching = null
      })
  }, WATCH_MS)
  watch.unref()
  /** What was learned, before what it was learned from may be deleted. */
  const keep = () => Promise.all([learners.keep(), learning.keep()])
  const maintain = () =>
    maintainLog(store, { keep, now: clock.now, keepDays: live.config.log.keepDays, logger, stopping: () => draining })
  let maintaining = maintain()
  const hourly = setInterval(() => {
    maintaining = maintaining.then(maintain)
  }, MAINTAIN_MS)
  hourly.unref()

  return {
    url: urlOf(server, config.server.host),
    get config() {
      return live.config
    },
    reload: live.reload,
    async close() {
      draining = true
      clearInterval(poll)
      clearInterval(watch)
      clearInterval(hourly)
      await drain(server, gate, live.config.server.drainTimeoutMs)
      await Promise.all([maintaining, sweeping, watching])
      await Promise.all([store.close(), encoder?.close(), transports.close()])
    },
  }
}

async function openEncoderOrNone({ encoder }: Config, logger: Console): Promise<Encoder | null> {
  try {
    return await openEncoder(encoder, {
      onSwitch: (error) => logger.warn('encoder_switched_to_cpu', describeError(error)),
    })
  } catch (error) {
    if (error instanceof SwitchyardError && error.code === 'unsupported') throw error
    // Routing by prompt features alone is worse than with a vector, but far better than not serving.
    logger.error('encoder_unavailable', { encoder: encoder.driver, ...describeError(error) })
    return null
  }
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
