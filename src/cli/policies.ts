/** `switchyard policies`. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { SwitchyardError } from '../errors.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import type { Activation } from '../spec.ts'
import { type ConfigArguments, requireConfig } from './config.ts'
import { withLog } from './log.ts'
import { print } from './output.ts'

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
  for (const { name } of config.routes) print(`route ${name}: ${serving(activations, name)}`)
  for (const { id, manifest } of policies) {
    const { estimator, trainedOn, guard } = manifest
    print(
      `${id.slice(0, 12)}  ${estimator.name}  ${trainedOn.rows} rows of ${trainedOn.source}  shrink ${guard.shrink}  ${trainedOn.createdAt}`,
    )
  }
  if (policies.length === 0) print('No policy is stored yet. `switchyard train --data FOLDER/NAME` makes one.')
}

function serving(activations: readonly Activation[], route: string): string {
  const activation = activations.find((one) => one.route === route)
  if (!activation) return 'the constant; nothing was ever promoted'
  return `${activation.policy ?? 'the constant'} since ${new Date(activation.at).toISOString()}`
}

export async function show(id: string, args: ConfigArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const policy = await folderOf(config).read(id)
  print(JSON.stringify({ id: policy.id, ...policy.manifest, labels: policy.manifest.labels?.length ?? 0 }, null, 2))
}

export async function use(id: string, { route, ...args }: ConfigArguments & { route: string }): Promise<void> {
  const { config } = await requireConfig(args)
  if (!config.routes.some(({ name }) => name === route)) {
    throw new SwitchyardError(
      'not_found',
      `There is no route "${route}"; there are ${config.routes.map(({ name }) => name).join(', ')}.`,
    )
  }
  const policy = id === 'constant' ? null : (await folderOf(config).read(id)).id
  const activation: Activation = { route, policy, at: Date.now(), reason: 'policies use' }
  await withLog(config, (store) => store.append([{ table: 'policies', row: activation }]))
  print(`Route ${route} is served by ${policy ?? 'the constant'} from now on.`)
}

export async function importFile(file: string, args: ConfigArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const id = await folderOf(config).write(await readFile(file))
  print(`Stored policy ${id}. Serve it with: switchyard policies use ${id.slice(0, 12)}`)
}
