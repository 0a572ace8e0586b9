/** `switchyard policies`: what is stored, what each is, how two differ, and what served a route when and why. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { createPolicyFolder, type PolicyFolder } from '../policy/folder.node.ts'
import { HISTORY } from '../policy/standing.ts'
import type { Activation, Policy } from '../spec.ts'
import { type ConfigArguments, findRoute, requireConfig } from './config.ts'
import { diffManifests } from './diff.ts'
import { withLog } from './log.ts'
import { print } from './output.ts'
import { describeServing } from './serving.ts'
import { percent } from './share.ts'

interface ListArguments extends ConfigArguments {
  readonly json?: boolean
  /** Its history is told. */
  readonly route?: string
}

/** Where a configuration's policies are stored. */
export function folderOf({ data }: Pick<Config, 'data'>): PolicyFolder {
  return createPolicyFolder(join(resolve(data), 'policies'))
}

export async function list({ json, route, ...args }: ListArguments): Promise<void> {
  const { config } = await requireConfig(args)
  if (route !== undefined) return listHistory(config, findRoute(config, route).name, json)
  const folder = folderOf(config)
  const policies = await Promise.all((await folder.list()).map((id) => folder.read(id)))
  await withLog(config, async (store) => {
    if (json) {
      const activations = await store.activations()
      print(JSON.stringify({ activations, policies: policies.map(({ id, manifest }) => ({ id, manifest })) }, null, 2))
      return
    }
    for (const line of await describeServing(config, store)) print(line)
    for (const policy of policies) print(describePolicy(policy))
    if (policies.length === 0) print('No policy is stored yet. `switchyard train --data FOLDER/NAME` makes one.')
  })
}

function describePolicy({ id, manifest: { estimator, planner, trainedOn, guard } }: Policy): string {
  const names = planner.name === 'utility' ? estimator.name : `${estimator.name} · ${planner.name}`
  return `${id.slice(0, 12)}  ${names}  ${trainedOn.rows} rows of ${trainedOn.source}  shrink ${guard.shrink}  ${trainedOn.createdAt}`
}

/** Newest first. */
async function listHistory(config: Config, route: string, json: boolean | undefined): Promise<void> {
  const history = await withLog(config, (store) => store.history(route, HISTORY))
  if (json) print(JSON.stringify({ route, history }, null, 2))
  else if (history.length === 0) print(`Nothing was ever put in charge of route ${route}.`)
  else for (const activation of history) print(describeActivation(activation))
}

function describeActivation({ policy, at, reason, share, evidence }: Activation): string {
  const who = policy === null ? 'the constant' : policy.slice(0, 12)
  const part = share === 1 ? '' : ` on ${percent(share)} of the requests`
  const known = evidence === undefined ? '' : `  ${JSON.stringify(evidence)}`
  return `${new Date(at).toISOString()}  ${who}${part}  ${reason}${known}`
}

export async function show(id: string, args: ConfigArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const policy = await folderOf(config).read(id)
  print(JSON.stringify({ id: policy.id, ...policy.manifest, labels: policy.manifest.labels?.length ?? 0 }, null, 2))
}

/** What differs between two stored policies. */
export async function diff(
  a: string,
  b: string,
  { json, ...args }: ConfigArguments & { json?: boolean },
): Promise<void> {
  const { config } = await requireConfig(args)
  const folder = folderOf(config)
  const [one, other] = await Promise.all([folder.read(a), folder.read(b)])
  const differences = diffManifests(one.manifest, other.manifest)
  if (json) return print(JSON.stringify({ a: one.id, b: other.id, differences }, null, 2))
  print(`a  ${describePolicy(one)}`)
  print(`b  ${describePolicy(other)}`)
  for (const { path, a, b } of differences) print(`${path}: ${shown(a)} → ${shown(b)}`)
  if (differences.length === 0)
    print(one.id === other.id ? 'They are the same.' : 'They differ in what was learned alone.')
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)
}

export async function importFile(file: string, args: ConfigArguments): Promise<void> {
  const { config } = await requireConfig(args)
  const id = await folderOf(config).write(await readFile(file))
  print(`Stored policy ${id}. Serve it with: switchyard promote ${id.slice(0, 12)}`)
}
