/** Where the policy in the package may serve. */
import { findPlanner } from '../../routers/index.ts'
import type { Config, RouteSettings } from '../config/config.ts'
import type { Policy } from '../spec.ts'
import { routerOf } from './policy.ts'

/** Whether the configuration has the demo's models: without them no route could be served by the embedded policy. */
export function hasDemo({ providers }: Config): boolean {
  return providers.some(({ kind }) => kind === 'demo')
}

/**
 * Why the embedded policy cannot serve a route, or `null` where it can: then it does, until another policy or the
 * constant is put in charge. It knows the demo's own models and no others, by vectors of the embedded encoder, and explores nothing.
 */
export function embeddedMisfit(
  { manifest }: Policy,
  config: Config,
  { name, candidates, router }: RouteSettings,
): string | null {
  const demo = new Set(config.providers.flatMap(({ id, kind }) => (kind === 'demo' ? [id] : [])))
  const own = config.candidates.flatMap(({ id, provider }) => (demo.has(provider) ? [id] : []))
  const same =
    manifest.candidates.length === candidates.length && candidates.every((id) => manifest.candidates.includes(id))
  if (!same || !candidates.every((id) => own.includes(id)))
    return `it knows the demo's own models, all of them (${manifest.candidates.join(', ')}), and route "${name}" has others`
  const { planner } = routerOf(router)
  if (findPlanner(planner).explores)
    return `it explores nothing, and route "${name}" is to, by the planner "${planner}"`
  return config.encoder.driver === 'onnx'
    ? null
    : `it needs the encoder driver "onnx", and "${config.encoder.driver}" is configured`
}
