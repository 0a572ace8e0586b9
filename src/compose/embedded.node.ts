/** The policy in the package: our own `train` learned it from the demo models' outcomes, so that the first minutes show real decisions. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config, RouteSettings } from '../config/config.ts'
import { packageFolder } from '../package.node.ts'
import { decodePolicy } from '../policy/file.ts'
import type { Policy } from '../spec.ts'

export interface Embedded {
  readonly policy: Policy
  readonly bytes: Uint8Array
}

/** `null` where no provider of the kind `demo` is configured: then no route could be served by it. */
export async function readEmbedded({ providers }: Config): Promise<Embedded | null> {
  if (!providers.some(({ kind }) => kind === 'demo')) return null
  const bytes = await readFile(join(packageFolder(), 'models/demo/demo.safetensors'))
  return { bytes, policy: await decodePolicy(bytes) }
}

/**
 * Why the embedded policy cannot serve a route, or `null` where it can: then it does, until another policy or the
 * constant is put in charge. It knows the demo's own models and no others, by vectors of the embedded encoder.
 */
export function embeddedMisfit(
  { manifest }: Policy,
  config: Config,
  { name, candidates }: RouteSettings,
): string | null {
  const demo = new Set(config.providers.flatMap(({ id, kind }) => (kind === 'demo' ? [id] : [])))
  const own = config.candidates.flatMap(({ id, provider }) => (demo.has(provider) ? [id] : []))
  const same =
    manifest.candidates.length === candidates.length && candidates.every((id) => manifest.candidates.includes(id))
  if (!same || !candidates.every((id) => own.includes(id)))
    return `it knows the demo's own models, all of them (${manifest.candidates.join(', ')}), and route "${name}" has others`
  return config.encoder.driver === 'onnx'
    ? null
    : `it needs the encoder driver "onnx", and "${config.encoder.driver}" is configured`
}
