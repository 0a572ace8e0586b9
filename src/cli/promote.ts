/** `switchyard promote` and `switchyard rollback`: who decides for a route. Every act is a row in the log, with its reason and what was known. */
import { readEmbedded } from '../compose/embedded.node.ts'
import { embeddedMisfit, hasDemo } from '../compose/embedded.ts'
import { openEncoder } from '../compose/encoder.node.ts'
import type { Config, RouteSettings } from '../config/config.ts'
import { SwitchyardError } from '../errors.ts'
import type { FileStore } from '../log/store.node.ts'
import { HISTORY, previousPolicy, standingOf } from '../policy/standing.ts'
import type { Activation, JsonObject, Policy } from '../spec.ts'
import { type ConfigArguments, findRoute, requireConfig } from './config.ts'
import { type Contest, type Evidence, weigh } from './evidence.ts'
import { withLog } from './log.ts'
import { EXIT, print } from './output.ts'
import { folderOf } from './policies.ts'
import { percent, readShare } from './share.ts'

interface PromoteArguments extends ConfigArguments {
  readonly route: string
  /** Share of the requests. */
  readonly canary?: string
  readonly hold?: boolean
  /** Why it shall serve though that it is better is not proved. */
  readonly force?: string
}

/** Puts a policy in charge of a route, or of a share of it, where it is proved to be better; ends with 1 where it is not. */
export async function promote(named: string, args: PromoteArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const route = findRoute(config, args.route)
  const share = args.canary === undefined ? 1 : readShare(args.canary)
  const force = args.force?.trim()
  if (force === '') throw new SwitchyardError('invalid_request', '--force needs a reason: it is kept in the log.')
  const policy = await policyNamed(named, config, route)
  await withLog(config, async (store) => {
    const standing = standingOf(await store.history(route.name, HISTORY))
    const serves = await servesNow(standing.incumbent, config, route)
    const id = policy?.id ?? null
    // An act is a row of its own, also where it confirms what nobody had asked for.
    if (id === serves && (share < 1 || (standing.incumbent !== null && standing.canary === null))) {
      print(`Route ${route.name} is served by ${nameOf(id)} already.`)
      return
    }
    // The constant is what everything else has to beat, and the demo's policy came with the demo.
    const isFree = policy === null || named === 'demo'
    const evidence = isFree ? null : await evidenceFor(policy, { config, route, serves, standing, share, store })
    for (const line of evidence?.says ?? []) print(line)
    if (evidence && !evidence.isProved && force === undefined) {
      print(
        `Not promoted: that ${nameOf(id)} is better than ${nameOf(serves)}, which serves route ${route.name}, is not proved. With --force "why" it serves all the same, with --canary 0.1 on a share of the requests, and the reason is kept.`,
      )
      process.exitCode = EXIT.no
      return
    }
    await activate(store, {
      route: route.name,
      policy: id,
      reason: force ?? (evidence === null ? 'promoted, which needs no proof' : 'promoted: proved to be better'),
      share,
      ...(share < 1 && args.hold && { hold: true }),
      ...(evidence && { evidence: toFigures(evidence) }),
    })
    print(
      share === 1
        ? `Route ${route.name} is served by ${nameOf(id)} from now on.`
        : `Route ${route.name}: ${nameOf(id)} decides ${percent(share)} of the requests from now on, ${nameOf(serves)} the others. ${
            args.hold
              ? 'When it has shown to be worse it ends by itself; when better you decide.'
              : 'When it has shown to be better it serves all of them, when worse none, by itself.'
          } See: switchyard policies list`,
    )
  })
}

/** Ends a canary, or puts what served before back in charge. */
export async function rollback({ route: name, ...args }: ConfigArguments & { route: string }): Promise<void> {
  const { config } = await requireConfig(args)
  const route = findRoute(config, name)
  await withLog(config, async (store) => {
    const history = await store.history(route.name, HISTORY)
    if (history.length === 0) {
      throw new SwitchyardError(
        'not_found',
        `Nothing was ever put in charge of route "${route.name}": there is nothing to go back to.`,
      )
    }
    const policy = await availableAgain(previousPolicy(history), config, route)
    await activate(store, { route: route.name, policy, reason: 'rolled back', share: 1 })
    print(`Route ${route.name} is served by ${nameOf(policy)} again.`)
  })
}

function activate(store: FileStore, row: Omit<Activation, 'at'>): Promise<void> {
  return store.append([{ table: 'policies', row: { ...row, at: Date.now() } }])
}

function toFigures({ isProved, figures }: Evidence): JsonObject {
  return { ...figures, proved: isProved }
}

function nameOf(id: string | null): string {
  return id ?? 'the constant'
}

/** What decides now: what was put in charge last, else the embedded policy where it serves, else `null`, the constant. */
async function servesNow(activation: Activation | null, config: Config, route: RouteSettings): Promise<string | null> {
  if (activation) return activation.policy
  const embedded = await embeddedOf(config, route)
  return embedded.misfit === null ? embedded.policy.id : null
}

interface Candidacy extends Pick<Contest, 'config' | 'route' | 'standing' | 'share' | 'store'> {
  readonly serves: string | null
}

/** A policy without vectors needs no encoder, whichever is configured. */
async function evidenceFor(policy: Policy, { serves, ...rest }: Candidacy): Promise<Evidence> {
  const { config, route } = rest
  const embedded = await embeddedOf(config, route)
  const isEmbedded = embedded.misfit === null && embedded.policy.id === serves
  const incumbent = serves === null ? null : isEmbedded ? embedded.policy : await folderOf(config).read(serves)
  const dims = [policy, incumbent].map((one) => one?.manifest.encoder.dim ?? 0)
  const encoder = Math.max(...dims) === 0 ? null : await openEncoder(config.encoder)
  try {
    return await weigh({ ...rest, policy, incumbent, encoder: encoder?.info ?? null, now: Date.now() })
  } finally {
    await encoder?.close()
  }
}

/** Verifies what shall serve again. `undefined` is what served before anything was put in charge: the embedded policy or the constant. */
async function availableAgain(
  id: string | null | undefined,
  config: Config,
  route: RouteSettings,
): Promise<string | null> {
  if (id === null) return null
  const embedded = await embeddedOf(config, route)
  if (embedded.misfit === null && (id ?? embedded.policy.id) === embedded.policy.id)
    return folderOf(config).write(embedded.bytes)
  return id === undefined ? null : (await folderOf(config).read(id)).id
}

/** What shall serve: `null` for the constant; the embedded policy is stored like any other. */
async function policyNamed(name: string, config: Config, route: RouteSettings): Promise<Policy | null> {
  if (name === 'constant') return null
  if (name !== 'demo') return folderOf(config).read(name)
  const embedded = await embeddedOf(config, route)
  if (embedded.misfit !== null)
    throw new SwitchyardError('policy_unfit', `The demo policy cannot serve route "${route.name}": ${embedded.misfit}.`)
  await folderOf(config).write(embedded.bytes)
  return embedded.policy
}

type EmbeddedHere =
  | { readonly misfit: null; readonly policy: Policy; readonly bytes: Uint8Array }
  | { readonly misfit: string }

async function embeddedOf(config: Config, route: RouteSettings): Promise<EmbeddedHere> {
  if (!hasDemo(config)) return { misfit: 'no provider of the kind "demo" is configured' }
  const { policy, bytes } = await readEmbedded()
  const misfit = embeddedMisfit(policy, config, route)
  return misfit === null ? { misfit, policy, bytes } : { misfit }
}
