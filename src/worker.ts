/** The Worker composition root: D1 for the log, static assets for encoder and policy, the encoder in the isolate. */
import { DurableObject, waitUntil } from 'cloudflare:workers'
import { sha256 as digest } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
import { createGate } from './admit/concurrency.ts'
import { createApp } from './app.ts'
import { createHealth } from './call/health.ts'
import { keepInside } from './compose/alive.ts'
import { createEmbedding } from './compose/embedding.ts'
import { openWebEncoder } from './compose/encoder.web.ts'
import { createFolding } from './compose/folding.ts'
import { withJudge } from './compose/judging.ts'
import { createRemoteLearners } from './compose/learners.remote.ts'
import type { Recipe } from './compose/learners.ts'
import { createLearning } from './compose/learning.ts'
import { openLive } from './compose/live.ts'
import { maintainLog } from './compose/maintain.ts'
import { once } from './compose/once.ts'
import { createWebTransports, sleep } from './compose/transports.web.ts'
import type { Config } from './config/config.ts'
import { parseGiven } from './config/given.ts'
import { isLoopback } from './config/resolve.providers.ts'
import type { ConfigInput } from './config/schema.ts'
import { SwitchyardError, toSwitchyardError } from './errors.ts'
import type { Deps } from './flow/deps.ts'
import { type Console, createConsole, describeError } from './log/console.ts'
import { createJournal } from './log/journal.ts'
import { openD1Store } from './log/store.d1.ts'
import { decodePolicy } from './policy/file.ts'
import { createD1Policies } from './policy/files.d1.ts'
import { createRemoteAllowances } from './state/allowances.ts'
import { type Money, openCounts } from './state/counts.ts'
import { createSharedBreakers } from './state/health.ts'
import { type Opening, openOpenings } from './state/openings.ts'
import { openSnapshots } from './state/snapshots.ts'
import { dialects } from './wire/index.ts'

/** What `wrangler.toml` binds. */
export interface Env {
  readonly ASSETS: Fetcher
  readonly DB: D1Database
  /** One object per key that has a limit, one for the health of all upstreams, and one per model that learns online. */
  readonly STATE: DurableObjectNamespace<OnlineState>
  /** Secrets and variables: what `{"env": "NAME"}` in a configuration refers to. */
  readonly [name: string]: unknown
}

export interface WorkerOptions {
  /** The configuration, or its text (JSON with comments). Without it the environment decides, as on Node. */
  readonly config?: ConfigInput | string
}

/** What serves the requests of one isolate. */
interface Isolate {
  readonly app: ReturnType<typeof createApp>
  readonly config: Config
  /** Follows the log and the other isolates, when it is time to. Never rejects. */
  readonly sync: () => Promise<void>
  readonly maintain: () => Promise<void>
}

/** How often the log is asked which policies serve, and the other isolates which upstreams are down, at the most. */
const SYNC_MS = 5_000

/** How often, at the most, it is looked whether a canary is decided, and which answers nobody has scored in time. */
const WATCH_MS = 60_000

/**
 * Decisions that are settled beside one request, and how often as many when the cron trigger comes: each may take a read and a write, and D1 answers 1,000 queries of
 * one invocation. While there are more they go with the next requests.
 */
const SETTLED_ROWS = 100
const SETTLED_HOURLY = 4

/** How long a request waits for what another one began. */
const PATIENCE_MS = 10_000

const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const shared = { keepAlive: waitUntil, patienceMs: PATIENCE_MS }

/** The handlers of a Worker. Nothing happens before the first request. */
export function createWorker(options: WorkerOptions = {}): ExportedHandler<Env> {
  let opened: (() => Isolate | Promise<Isolate>) | null = null
  const isolateFor = (env: Env) => {
    opened ??= once(() => openIsolate(options, env), shared)
    return opened()
  }
  return {
    async fetch(request, env, context) {
      try {
        const { app, config, sync } = await isolateFor(env)
        requireKeys(config, request)
        context.waitUntil(sync())
        return await app.fetch(request)
      } catch (thrown) {
        return refuse(thrown, request)
      }
    },
    async scheduled(_controller, env) {
      await (await isolateFor(env)).maintain()
    },
  }
}

/**
 * A Worker is on the internet the moment it is deployed; under `wrangler dev` it is not. Without keys anyone who finds its
 * address could spend its owner's money; the demo costs nothing.
 */
function requireKeys({ keys, providers }: Config, request: Request): void {
  if (keys.length > 0 || providers.every(({ kind }) => kind === 'demo') || isLocal(request)) return
  throw new SwitchyardError(
    'forbidden',
    'This Worker has upstream providers and no client keys, so that anyone could use it. Add `keys` to its configuration and deploy again.',
  )
}

function isLocal(request: Request): boolean {
  return isLoopback(new URL(request.url).hostname)
}

/** What is wrong with an installation is for its log, and for whoever tries it on their own machine. */
function refuse(thrown: unknown, request: Request): Response {
  const error = toSwitchyardError(thrown)
  if (error.code !== 'forbidden') createLogger(() => []).error('worker_not_started', describeError(thrown))
  const told =
    error.code === 'forbidden' || isLocal(request)
      ? error
      : new SwitchyardError('internal', 'This Worker could not start. Its log says why: `wrangler tail`.')
  const dialect = dialects[request.headers.has('anthropic-version') ? 'anthropic' : 'openai']
  const { body, status, headers } = dialect.renderError(told, 'req_none')
  return new Response(body, { status, headers })
}

function createLogger(secrets: () => Iterable<string>): Console {
  return createConsole((line) => console.log(line.trimEnd()), { level: 'info', pretty: false, now: clock.now, secrets })
}

async function openIsolate(options: WorkerOptions, env: Env): Promise<Isolate> {
  const variables = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  const { config, warnings } = await parseGiven(options.config, Object.fromEntries(variables))
  const logger = createLogger(() => config.secrets)
  for (const warning of warnings) logger.warn('config_warning', { path: warning.path, reason: warning.message })
  const asset = async (path: string): Promise<Response> => {
    const response = await env.ASSETS.fetch(`https://assets.local/${path}`)
    if (!response.ok) throw new SwitchyardError('internal', `The asset ${path} is not deployed (${response.status}).`)
    return response
  }
  const bytes = async (path: string) => new Uint8Array(await (await asset(path)).arrayBuffer())
  const store = await openD1Store(env.DB, { keepAlive: waitUntil })
  const encoder = await openWebEncoder(
    config.encoder,
    { asset, wasm, ai: env.AI, fetch: fetch.bind(globalThis) },
    shared,
  )
  const policies = createD1Policies(env.DB)
  const stateOf = (name: string) => env.STATE.get(env.STATE.idFromName(name))
  const unreachable = (error: unknown) => logger.error('online_state_unreachable', describeError(error))
  const learners = createRemoteLearners((name) => stateOf(`online:${name}`), unreachable)
  const live = await openLive(config, {
    store,
    learners,
    encoder: encoder?.info ?? null,
    readPolicy: (id) => policies.read(id),
    readEmbedded: async () => decodePolicy(await bytes('demo/demo.safetensors')),
    transports: async () => createWebTransports(fetch.bind(globalThis)),
    now: clock.now,
    logger,
  })
  const health = createHealth(clock)
  const upstreams = createSharedBreakers({
    health: () => stateOf('health'),
    clock,
    keepAlive: waitUntil,
    onFailure: (error) => logger.error('health_unreachable', describeError(error)),
  })
  const learning = createLearning({
    store,
    learners,
    config: () => live.config,
    encoder: encoder?.info.id ?? null,
    now: clock.now,
    logger,
    // Isolates learn of it when they next ask the object that folds.
    follow: async () => {},
    keepAlive: waitUntil,
  })
  const gate = keepInside(createGate(config.server.maxConcurrentRequests), waitUntil)
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
      keepAlive: waitUntil,
    }),
    log: store,
    policies,
    serving: live,
    learning,
    embedding: encoder && createEmbedding(encoder, config.encoder),
    breakers: health.watch(upstreams.breakers),
    health,
    gate,
    allowances: createRemoteAllowances({
      countsOf: (name) => stateOf(`key:${name}`),
      keepAlive: waitUntil,
      now: clock.now,
      onFailure: (event, tenant, error) => logger.error(event, { tenant, ...describeError(error) }),
    }),
    clock,
    random: Math.random,
    sleep,
    sha256: (text) => bytesToHex(digest(utf8ToBytes(text))),
    salt: store.salt,
    logger,
    draining: () => false,
  }
  const app = createApp(deps)
  // A fresh isolate knows nothing yet of what the others have found broken.
  let synced = Number.NEGATIVE_INFINITY
  let watched = clock.now()
  let settled = clock.now()
  const follow = () => live.sync().catch((error: unknown) => logger.error('policies_not_read', describeError(error)))
  /** Resolves to whether there may be more. */
  const settleSome = async () => {
    const more = await learning.sweep(SETTLED_ROWS)
    await learning.keep().catch((error: unknown) => logger.error('progress_not_kept', describeError(error)))
    return more
  }
  const settleHourly = async () => {
    for (let n = 0; n < SETTLED_HOURLY && (await settleSome()); n++);
  }
  const watch = () => live.watch().catch((error: unknown) => logger.error('canaries_not_judged', describeError(error)))
  return {
    app,
    config,
    async sync() {
      if (clock.now() - synced < SYNC_MS) return
      synced = clock.now()
      await Promise.all([follow(), upstreams.sync(), learners.sync().catch(unreachable), learning.refresh()])
      if (clock.now() - settled >= WATCH_MS) {
        settled = clock.now()
        if (await settleSome()) settled = Number.NEGATIVE_INFINITY
      }
      if (clock.now() - watched < WATCH_MS) return
      watched = clock.now()
      await watch()
    },
    async maintain() {
      await Promise.all([settleHourly(), follow().then(watch)])
      const keep = () => Promise.all([learners.sync(), learning.keep()])
      const { keepDays } = config.log
      await maintainLog(store, { keep, now: clock.now, keepDays, logger, stopping: () => false })
    },
  }
}

/** What outlives an isolate and is shared by all of them: the counts of one key, the health of all upstreams, or what is learned online. */
export class OnlineState extends DurableObject<Env> {
  readonly #counts = openCounts(this.ctx.storage.sql, clock.now)
  readonly #openings = openOpenings(this.ctx.storage.sql, clock.now)
  readonly #folding = createFolding({
    snapshots: openSnapshots(this.ctx.storage.sql),
    open: () => openD1Store(this.env.DB, { keepAlive: (work) => this.ctx.waitUntil(work) }),
    now: clock.now,
  })

  take(requestsPerMinute: number) {
    return this.#counts.take(requestsPerMinute)
  }

  reserve(money: Money) {
    return this.#counts.reserve(money)
  }

  settle(id: number, actualUsd: number) {
    this.#counts.settle(id, actualUsd)
  }

  report(opening: Opening) {
    this.#openings.report(opening)
  }

  openings() {
    return this.#openings.list()
  }

  learned(recipe: Recipe, lessons: number) {
    return this.#folding.learned(recipe, lessons)
  }
}

export default createWorker()
