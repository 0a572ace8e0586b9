/** Where policies are kept: a folder on Node, a database in a Worker. */
import { SwitchyardError } from '../errors.ts'
import type { Policy, PolicyManifest } from '../spec.ts'

export interface PolicyFiles {
  /** The largest file that is taken, in bytes. */
  readonly maxBytes: number
  /**
   * Stores a policy file durably and returns its id. What does not decode is refused with `policy_damaged`, what is
   * larger than `maxBytes` with `body_too_large`; storing it twice is harmless, and nobody ever sees half of it.
   */
  write(bytes: Uint8Array): Promise<string>
  /** Reads by id or by an unambiguous beginning of it, and verifies every byte. Throws `not_found`, `policy_damaged`. */
  read(id: string): Promise<Policy>
  /** The manifest alone, for lists: read without the tensors, and not verified against the id. Throws like `read`. */
  manifest(id: string): Promise<PolicyManifest>
  /** All ids, sorted. */
  list(): Promise<string[]>
}

/** The one id that begins with `wanted`, of at least four digits. `place` ends the message of a `not_found`. */
export function findId(ids: readonly string[], wanted: string, place: string): string {
  const named = wanted.slice(0, 64)
  const found = /^[0-9a-f]{4,64}$/.test(wanted) ? ids.filter((id) => id.startsWith(wanted)) : []
  if (found.length > 1)
    throw new SwitchyardError(
      'not_found',
      `${named} is the beginning of ${found.length} policies ${place}: give more digits.`,
    )
  if (found[0] === undefined) throw new SwitchyardError('not_found', `There is no policy ${named} ${place}.`)
  return found[0]
}

/** Throws `body_too_large`. `place` ends the message's first half. */
export function requireFit(bytes: Uint8Array, maxBytes: number, place: string): void {
  if (bytes.length <= maxBytes) return
  throw new SwitchyardError(
    'body_too_large',
    `The policy has ${bytes.length} bytes; at most ${maxBytes} fit ${place}. Train on fewer rows, or with an estimator other than knn.`,
  )
}
