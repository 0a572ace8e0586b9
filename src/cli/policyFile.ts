/** Policies as commands name them. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SwitchyardError } from '../errors.ts'
import { decodePolicy } from '../policy/file.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import type { Policy } from '../spec.ts'
import { type ConfigArguments, requireConfig } from './config.ts'

export interface PolicyFile {
  readonly bytes: Uint8Array
  readonly policy: Policy
}

/**
 * @param named an id of a stored policy, or its beginning, or the path of a file
 * @throws SwitchyardError `not_found`, `policy_damaged`
 */
export async function readPolicyFile(named: string, args: ConfigArguments): Promise<PolicyFile> {
  const path = /^[0-9a-f]{4,64}$/.test(named) ? await storedPath(named, args) : named
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new SwitchyardError('not_found', `There is no policy file ${path} that can be read.`, { cause })
  })
  return { bytes, policy: await decodePolicy(bytes) }
}

async function storedPath(id: string, args: ConfigArguments): Promise<string> {
  const { config } = await requireConfig(args)
  return createPolicyFolder(join(resolve(config.data), 'policies')).path(id)
}
