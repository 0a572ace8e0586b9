/** `switchyard policies`. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readEmbedded } from '../compose/embedded.node.ts'
import { embeddedMisfit, hasDemo } from '../compose/embedded.ts'
import type { Config, RouteSettings } from '../config/config.ts'
import { SwitchyardError } from '../errors.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import { HISTORY, previousPolicy } from '../policy/standing.ts'
import type { Activation } from '../spec.ts'
import { type ConfigArguments, findRoute, requireConfig } from './config.ts'
import { withLog } from './log.ts'
import { print } from './output.ts'
import { describeServing } from './serving.ts'

const folderOf = (config: Config) => createPolicyFolder(join(resolve(config.data), 'policies'))

export async function list({ json, ...args }: ConfigArguments & { json?: boolean }): Promise<void> {
  const { config } = await requireConfig(args)
  const folder = folderOf(config)
  const policies = await Promise.all((await folder.list()).map((id) => folder.read(id)))
  const activations = await withLog(config, (store) => store.activations())
  if (json) {
    print(JSON.stringify({ activations, policies: policies.map(({ id, manifest }) => ({ id, manifest })) }, null, 2))
    return
  }
  for (const line of await describeServing(config, activations)) print(line)
  for (const { id, manifest } of policies) {
    const { estimator, planner, trainedOn, guard } = manifest
    const names = planner.name === 'utility' ? estimator.name : `${estimator.name} · ${planner.name}`
    print(
      `${id.slice(0, 12)}  ${names}  ${trainedOn.rows} rows of ${trainedOn.source}  shrink ${guard.shrink}  ${trainedOn.createdAt}`,
    )
  }
  if (policies.length === 0) print('No policy is stored yet. `switchyard train --data FOLDER/NAME` makes one.')
}

export async function show(id: string, args: ConfigArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const policy = await folderOf(config).read(id)
  print(JSON.stringify({ id: policy.id, ...policy.manifest, labels: policy.manifest.labels?.length ?? 0 }, null, 2))
}

export async function use(id: string, { route, ...args }: ConfigArguments & { route: string }): Promise<void> {
  const { config } = await requireConfig(args)
  const policy = await policyNamed(id, config, findRoute(config, route))
  const activation: Activation = { route, policy, at: Date.now(), reason: 'policies use', share: 1 }
  await withLog(config, (store) => store.append([{ table: 'policies', row: activation }]))
  print(`Route ${route} is served by ${policy ?? 'the constant'} from now on.`)
}

/** Puts what served before back in charge. */
export async function rollback({ route, ...args }: ConfigArguments & { route: string }): Promise<void> {
  const { config } = await requireConfig(args)
  const settings = findRoute(config, route)
  await withLog(config, async (store) => {
    const history = await store.history(route, HISTORY)
    if (history.length === 0) {
      throw new SwitchyardError(
        'not_found',
        `Nothing was ever put in charge of route "${route}": there is nothing to go back to.`,
      )
    }
    const policy = await availableAgain(previousPolicy(history), config, settings)
    const activation: Activation = { route, policy, at: Date.now(), reason: 'policies rollback', share: 1 }
    await store.append([{ table: 'policies', row: activation }])
    print(`Route ${route} is served by ${policy ?? 'the constant'} again.`)
  })
}

/** Verifies what shall serve again. `undefined` is what served before anything was put in charge: the embedded policy or the constant. */
async function availableAgain(
  id: string | null | undefined,
  config: Config,
  route: RouteSettings,
): Promise<string | null> {
  if (id === null) return null
  const embedded = hasDemo(config) ? await readEmbedded() : null
  if (embedded && (id ?? embedded.policy.id) === embedded.policy.id) {
    if (embeddedMisfit(embedded.policy, config, route) === null) return folderOf(config).write(embedded.bytes)
  }
  return id === undefined ? null : (await folderOf(config).read(id)).id
}

/** The id of what shall serve: `null` for the constant; the embedded policy is stored like any other. */
async function policyNamed(name: string, config: Config, route: RouteSettings): Promise<string | null> {
  if (name === 'constant') return null
  if (name !== 'demo') return (await folderOf(config).read(name)).id
  const embedded = hasDemo(config) ? await readEmbedded() : null
  const misfit = embedded
    ? embeddedMisfit(embedded.policy, config, route)
    : 'no provider of the kind "demo" is configured'
  if (embedded && misfit === null) return folderOf(config).write(embedded.bytes)
  throw new SwitchyardError('policy_unfit', `The demo policy cannot serve route "${route.name}": ${misfit}.`)
}

export async function importFile(file: string, args: ConfigArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const id = await folderOf(config).write(await readFile(file))
  print(`Stored policy ${id}. Serve it with: switchyard policies use ${id.slice(0, 12)}`)
}
