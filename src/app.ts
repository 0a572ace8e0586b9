/**
 * `createApp(deps)`: what Switchyard answers, as one page. The flow of the main job is `flow/answer.ts`; the two
 * composition roots (`node.ts`, `worker.ts`) give different values to this one function.
 */
import { type Context, Hono } from 'hono'
import { ulid } from 'ulid'
import { readBytes } from './admit/body.ts'
import { admit, type Principal, requireAdmin } from './admit/keys.ts'
import { SwitchyardError } from './errors.ts'
import { answer } from './flow/answer.ts'
import { countTokens } from './flow/countTokens.ts'
import type { Deps } from './flow/deps.ts'
import { explain } from './flow/explain.ts'
import { renderFailure } from './flow/failure.ts'
import { ownDecision, recordFeedback } from './flow/feedback.ts'
import { describeLog, readLogPage } from './flow/logPages.ts'
import { listModels } from './flow/models.ts'
import { activatePolicy, listPolicies, storePolicy } from './flow/policies.ts'
import { readStatistics } from './flow/statistics.ts'
import { LAMBDA_HEADER } from './route/resolve.ts'
import type { Wire } from './spec.ts'
import { dialects, FORWARDED_HEADERS } from './wire/index.ts'

/** A few fields and a comment: whatever is no model request and no file. */
const MAX_JSON_BYTES = 65_536

const READ_HEADERS = [...FORWARDED_HEADERS, LAMBDA_HEADER]

type App = Hono<{ Variables: { principal: Principal; requestId: string } }>
type AppContext = Context<{ Variables: { principal: Principal; requestId: string } }>

export function createApp(deps: Deps): App {
  const app: App = new Hono()

  // Everything under /v1 needs a key where keys are configured; what stands outside is listed here and nowhere else.
  app.get('/', (c) => c.text('Switchyard is listening. Point an OpenAI client at /v1, an Anthropic client at /.\n'))
  app.get('/healthz', (c) => c.json({ status: 'ok', encoder: deps.embedding?.describe() ?? null }))
  app.get('/readyz', (c) =>
    deps.draining()
      ? c.json({ status: 'draining' }, 503)
      : c.json({ status: 'ready', generation: deps.world().generation }),
  )

  app.use('/v1/*', async (c, next) => {
    c.set('requestId', `req_${ulid(deps.clock.now(), deps.random)}`)
    if (deps.draining())
      throw new SwitchyardError('draining', 'The gateway is shutting down. Try again in 1 s.', { retryAfterS: 1 })
    const principal = admit(c.req.raw.headers, deps.world().keys, deps.sha256)
    const { name, requestsPerMinute } = principal
    if (requestsPerMinute !== undefined) await deps.allowances.take(name, requestsPerMinute)
    c.set('principal', principal)
    await next()
  })

  app.post('/v1/chat/completions', (c) => answer(deps, dialects.openai, incoming(c)))
  app.post('/v1/messages', (c) => answer(deps, dialects.anthropic, incoming(c)))
  app.post('/v1/messages/count_tokens', (c) => countTokens(deps, incoming(c)))
  app.get('/v1/models', (c) => listModels(deps, { wire: wireOf(c), principal: c.var.principal }))
  app.get('/v1/models/:id{.+}', (c) =>
    listModels(deps, { wire: wireOf(c), principal: c.var.principal, id: c.req.param('id') }),
  )

  app.post('/v1/feedback', async (c) => {
    const body = parseJson(await readBytes(c.req.raw, MAX_JSON_BYTES))
    const options = { store: deps.store, learning: deps.learning, now: deps.clock.now() }
    return c.json(await recordFeedback(body, c.var.principal.name, options), 201)
  })
  app.get('/v1/decisions', async (c) => {
    const limit = Math.min(100, Math.max(1, Number(c.req.query('limit')) || 20))
    const before = c.req.query('before')
    const tenant = c.var.principal.name
    const records = await deps.store.decisions({ limit, tenant, ...(before === undefined ? {} : { before }) })
    return pretty(c, { data: records.map(explain) })
  })
  app.get('/v1/statistics', async (c) => {
    const days = Math.min(366, Math.max(1, Math.floor(Number(c.req.query('days'))) || 30))
    const data = await readStatistics(deps.store, c.var.principal.name, { days, now: deps.clock.now() })
    return pretty(c, { data })
  })
  app.get('/v1/decisions/:id', async (c) =>
    pretty(c, explain(await ownDecision(deps.store, c.req.param('id'), c.var.principal.name))),
  )

  // For keys with `admin: true` alone: what is behind these sees all tenants.
  for (const path of ['/v1/policies/*', '/v1/routes/*', '/v1/log/*']) {
    app.use(path, async (c, next) => {
      requireAdmin(c.var.principal)
      await next()
    })
  }
  app.get('/v1/policies', async (c) => pretty(c, await listPolicies(deps)))
  app.post('/v1/policies', async (c) => {
    const { maxBytes } = deps.policies
    return c.json(
      await storePolicy(deps, await readBytes(c.req.raw, maxBytes, { limit: 'the largest policy kept here' })),
      201,
    )
  })
  app.post('/v1/routes/:route/policy', async (c) => {
    const body = parseJson(await readBytes(c.req.raw, MAX_JSON_BYTES))
    return pretty(c, await activatePolicy(deps, body, { route: c.req.param('route'), by: c.var.principal.name }))
  })
  app.get('/v1/log', (c) => pretty(c, describeLog(deps)))
  app.get('/v1/log/:table', async (c) => c.json(await readLogPage(deps, c.req.param('table'), c.req.query())))

  app.notFound((c) =>
    failure(
      c,
      new SwitchyardError('not_found', `There is no ${c.req.method} ${c.req.path} here. See GET /v1/models and docs/.`),
    ),
  )
  app.onError((error, c) => failure(c, error))
  const failure = (c: AppContext, error: unknown) =>
    renderFailure(deps, error, { dialect: dialects[wireOf(c)], requestId: c.var.requestId ?? 'req_none' })
  return app
}

/** `null` for what is no JSON: the schema then says what is wanted. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

/** Both vendors' clients share paths such as /v1/models: the header that every Anthropic client sends tells them apart. */
function wireOf(c: AppContext): Wire {
  return c.req.header('anthropic-version') !== undefined || c.req.path.startsWith('/v1/messages')
    ? 'anthropic'
    : 'openai'
}

function incoming(c: AppContext) {
  return {
    request: c.req.raw,
    headers: pick(c.req.raw.headers),
    principal: c.var.principal,
    requestId: c.var.requestId,
  }
}

/** JSON for people: decisions are read in a browser or after curl. */
function pretty(c: AppContext, value: unknown): Response {
  return c.body(`${JSON.stringify(value, null, 2)}\n`, 200, { 'content-type': 'application/json' })
}

/** The headers that the flow reads, looked up by name: listing all of a request's headers costs more than routing it. */
function pick(headers: Headers): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of READ_HEADERS) {
    const value = headers.get(name)
    if (value !== null) found[name] = value
  }
  return found
}
