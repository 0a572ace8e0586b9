/** The policy in the package: our own `train` learned it from the demo models' outcomes, so that the first minutes show real decisions. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFolder } from '../package.node.ts'
import { decodePolicy } from '../policy/file.ts'
import type { Policy } from '../spec.ts'

export interface Embedded {
  readonly policy: Policy
  readonly bytes: Uint8Array
}

export async function readEmbedded(): Promise<Embedded> {
  const bytes = await readFile(join(packageFolder(), 'models/demo/demo.safetensors'))
  return { bytes, policy: await decodePolicy(bytes) }
}
