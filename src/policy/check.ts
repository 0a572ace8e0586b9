/** Does a policy fit this installation? What would give wrong numbers is refused, what is only worth knowing is noted. */
import { SwitchyardError } from '../errors.ts'
import type { EncoderInfo, Policy } from '../spec.ts'

/** The installation that a policy is to serve in. */
export interface Installation {
  /** `null`: no encoder is configured. */
  readonly encoder: EncoderInfo | null
  /** Feature names in the order in which queries carry them. */
  readonly features: readonly string[]
  /** Ids of the route's candidates. */
  readonly candidates: readonly string[]
}

/**
 * Notes on a policy that fits, in plain words; empty when there is nothing to say. A policy of `dim` 0 uses no vectors
 * and fits any encoder. Throws `policy_unfit` when the encoder or the features differ, or no candidate is known to it.
 */
export function checkPolicy(policy: Policy, installation: Installation): string[] {
  const { encoder, features, candidates } = policy.manifest
  const name = `Policy ${policy.id.slice(0, 12)}`
  const notes: string[] = []
  if (encoder.dim > 0) {
    const here = installation.encoder
    if (here === null)
      throw unfit(`${name} needs the encoder ${encoder.id} and none is configured: configure it, or train without one`)
    if (here.id !== encoder.id)
      throw unfit(
        `${name} was trained with the encoder ${encoder.id}, here is ${here.id}: configure ${encoder.id}, or train again with ${here.id}`,
      )
    if (here.dim !== encoder.dim)
      throw unfit(`${name} expects vectors of ${encoder.dim} dimensions, ${here.id} gives ${here.dim}: train again`)
    if (here.precision !== encoder.precision && encoder.exact)
      throw unfit(
        `${name} demands ${encoder.precision} vectors of ${encoder.id}, here they are ${here.precision}: serve it where the encoder has that precision, or train without --exact-precision`,
      )
    if (here.precision !== encoder.precision)
      notes.push(
        `Trained on ${encoder.precision} vectors of ${encoder.id}, served with ${here.precision}: small differences near ties.`,
      )
    else if (here.sha256 !== encoder.sha256)
      throw unfit(
        `${name} was trained with another file of ${encoder.id} (${encoder.precision}) than the one here: train again, or install the file with SHA-256 ${encoder.sha256}`,
      )
  }
  if (features.join('\n') !== installation.features.join('\n'))
    throw unfit(
      `${name} was trained on other prompt features (${features.join(', ')}) than this version computes: train again`,
    )
  const known = new Set(candidates)
  const unknown = installation.candidates.filter((id) => !known.has(id))
  if (unknown.length === installation.candidates.length)
    throw unfit(
      `${name} knows none of the route’s candidates (it knows ${candidates.join(', ')}): give the candidates those ids, or train on their outcomes`,
    )
  if (unknown.length > 0) notes.push(`Unknown to the policy, judged by their priors alone: ${unknown.join(', ')}.`)
  const offered = new Set(installation.candidates)
  const absent = candidates.filter((id) => !offered.has(id))
  if (absent.length > 0) notes.push(`Known to the policy but not offered by the route: ${absent.join(', ')}.`)
  return notes
}

function unfit(what: string): SwitchyardError {
  return new SwitchyardError('policy_unfit', `${what}.`)
}
