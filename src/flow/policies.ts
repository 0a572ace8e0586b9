/** The admin API for policies: what is stored, what serves, and putting another one in charge. */
import * as z from 'zod'
import { SwitchyardError } from '../errors.ts'
import { HISTORY, previousPolicy, standingOf } from '../policy/standing.ts'
import type { Activation, PolicyManifest } from '../spec.ts'
import type { Deps } from './deps.ts'
import type { Served, ServedCanary } from './serving.ts'

type Parts = Pick<Deps, 'policies' | 'serving' | 'log' | 'clock'>

/** `GET /v1/policies`: every stored policy, and what serves each route since when and why. */
export async function listPolicies({ policies, serving, log }: Parts) {
  await serving.sync()
  const stored: ReturnType<typeof summarize>[] = []
  // One after the other: in a Worker a manifest costs memory that all requests share.
  for (const id of await policies.list()) stored.push(summarize(id, await policies.manifest(id)))
  return { routes: await describeServing({ serving, log }), policies: stored }
}

/** `POST /v1/policies`: verifies and stores a policy file. Throws `policy_damaged`, `body_too_large`. */
export async function storePolicy({ policies }: Parts, bytes: Uint8Array): Promise<{ id: string }> {
  return { id: await policies.write(bytes) }
}

const wish = z.strictObject({
  policy: z.string().min(1).max(64),
  reason: z.string().min(1).max(500).optional(),
  share: z.number().gt(0).max(1).default(1),
  hold: z.boolean().default(false),
})

/**
 * `POST /v1/routes/{route}/policy`: puts a stored policy, the constant or what served before in charge of a route, or of a share of its requests, and
 * says what serves now. A policy that does not fit is refused here and nothing changes. That it is better need not be proved: the reason says why it is believed.
 * @param by name of the admin's key; it is the reason in the log where the body gives none
 * @throws `invalid_request`, `not_found`, `policy_damaged`, `policy_unfit`
 */
export async function activatePolicy(
  { serving, log, clock }: Parts,
  body: unknown,
  { route, by }: { readonly route: string; readonly by: string },
) {
  const parsed = wish.safeParse(body)
  if (!parsed.success) {
    throw new SwitchyardError(
      'invalid_request',
      'The body must be {"policy": ID, "constant" or "previous"}, and if you like "reason": text, "share": above 0 and at most 1, "hold": true.',
    )
  }
  const served = serving.served().find((one) => one.route === route)
  if (!served) throw new SwitchyardError('not_found', `There is no route "${route.slice(0, 80)}".`, { param: 'route' })
  const { policy: wanted, reason, share, hold } = parsed.data
  const previous = wanted === 'previous'
  if (previous && share < 1)
    throw new SwitchyardError('invalid_request', 'What served before serves again as a whole: leave "share" out.')
  const named = previous ? await findPrevious(log, served) : wanted === 'constant' ? null : wanted
  const policy = named === null ? null : await serving.read(named)
  const notes = policy ? serving.judge(policy, route) : []
  if (share < 1 && (policy?.id ?? null) === served.policy)
    throw new SwitchyardError('invalid_request', 'It serves this route already: there is nothing to try it against.')
  const doing = previous ? 'rolled back' : share < 1 ? 'tried' : 'activated'
  const activation: Activation = {
    route,
    policy: policy?.id ?? null,
    at: clock.now(),
    reason: reason ?? `${doing} with the key "${by}"`,
    share,
    ...(share < 1 && hold && { hold: true }),
  }
  await log.append([{ table: 'policies', row: activation }])
  await serving.sync()
  const now = await describeServing({ serving, log })
  return { activated: shown(activation), notes, serves: now.find((one) => one.route === route) }
}

/** The policy before the one activated last, `null` for the constant. Throws `not_found` where nothing was ever activated. */
async function findPrevious(log: Parts['log'], { route, original }: Served): Promise<string | null> {
  const history = await log.history(route, HISTORY)
  if (history.length === 0) {
    throw new SwitchyardError(
      'not_found',
      `Nothing was ever activated for route "${route}": there is nothing to go back to.`,
    )
  }
  const before = previousPolicy(history)
  return before === undefined ? original : before
}

async function describeServing({ serving, log }: Pick<Parts, 'serving' | 'log'>) {
  const activations = await log.activations()
  return Promise.all(
    serving.served().map(async ({ route, policy, refusal, original, canary }) => {
      const newest = activations.find((one) => one.route === route)
      const { incumbent } = standingOf(canary ? await log.history(route, HISTORY) : newest ? [newest] : [])
      const current = incumbent?.policy === policy ? incumbent : null
      return {
        route,
        policy,
        since: current && isoTime(current.at),
        reason: current?.reason ?? whyUnasked(incumbent, { policy, original }),
        refused: refusal && { policy: refusal.id, reason: refusal.reason },
        canary: canary && describeCanary(canary),
      }
    }),
  )
}

/** Figures of the rewards that were read so far: `null` until they were looked at first. */
function describeCanary({ activation, refusal, state }: ServedCanary) {
  const { policy, share, at, reason, hold } = activation
  return {
    policy,
    share,
    since: isoTime(at),
    reason,
    hold: hold ?? false,
    refused: refusal && { policy: refusal.id, reason: refusal.reason },
    state,
  }
}

/** Why something serves that the newest activation did not ask for. */
function whyUnasked(activation: Activation | null, { policy, original }: Pick<Served, 'policy' | 'original'>) {
  if (activation) return 'The policy activated last does not serve; the last good one does.'
  return policy !== null && policy === original
    ? 'Nothing was ever activated: the embedded policy serves.'
    : 'Nothing was ever activated: the constant serves.'
}

function shown({ at, ...activation }: Activation) {
  return { ...activation, at: isoTime(at) }
}

function isoTime(at: number): string {
  return new Date(at).toISOString()
}

function summarize(id: string, { estimator, guard, encoder, candidates, trainedOn, metrics }: PolicyManifest) {
  return {
    id,
    estimator: estimator.name,
    encoder: encoder.dim > 0 ? { id: encoder.id, precision: encoder.precision } : null,
    candidates,
    trainedOn,
    guard: { shrink: guard.shrink },
    metrics,
  }
}
