/** Who is asking: a client key to a principal. Keys are known by their digests only. */
import { SwitchyardError } from '../errors.ts'

/** Whoever a key stands for, and what it may do. */
export interface Principal {
  readonly name: string
  /** Routes it may ask for; all when absent. */
  readonly routes?: readonly string[]
  /** What one USD is worth in quality: the default and the bounds of what its requests may choose. */
  readonly lambda: { readonly default?: number; readonly min?: number; readonly max?: number }
  /** Whether it may name a model itself instead of a route. */
  readonly models: boolean
  /** Whether its requests may be used to explore. */
  readonly exploration: boolean
  /** Whether it may read the whole log and decide which policies serve. */
  readonly admin: boolean
  readonly requestsPerMinute?: number
  /** What its requests may cost per UTC day. */
  readonly usdPerDay?: number
}

export interface ClientKey {
  /** SHA-256 of the key, lower-case hex. */
  readonly sha256: string
  readonly principal: Principal
}

/** Serves every request where no keys are configured. */
export const ANONYMOUS: Principal = { name: 'anonymous', lambda: {}, models: true, exploration: true, admin: false }

/** No key worth hashing is longer. */
const MAX_KEY_CHARS = 512
const KEY = /^[\x21-\x7e]+$/

/**
 * The principal of a request, by `Authorization: Bearer` (both SDKs) or else `x-api-key` (older Anthropic SDKs).
 * Throws `unauthorized`. A malformed key costs no hash; the time of the comparison depends on the number of keys alone.
 */
export function admit(
  headers: { get(name: string): string | null },
  keys: readonly ClientKey[],
  sha256Hex: (text: string) => string,
): Principal {
  if (keys.length === 0) return ANONYMOUS
  const key = presentedKey(headers)
  if (key === null)
    throw new SwitchyardError(
      'unauthorized',
      'No API key was given. Send your Switchyard key as `Authorization: Bearer KEY` or `x-api-key: KEY`.',
    )
  const found = key.length <= MAX_KEY_CHARS && KEY.test(key) ? find(sha256Hex(key), keys) : null
  if (found === null)
    throw new SwitchyardError('unauthorized', 'The API key is not known here. Send a key of this Switchyard gateway.')
  return found
}

/** Throws `forbidden` for everyone else: who the admins are is said in the configuration alone. */
export function requireAdmin(principal: Principal): void {
  if (principal.admin) return
  throw new SwitchyardError(
    'forbidden',
    principal === ANONYMOUS
      ? 'This needs an admin key, and no keys are configured here. Add one under "keys" in the configuration, with "admin": true.'
      : `The key "${principal.name}" is no admin key. This needs one: a key with "admin": true in the configuration.`,
  )
}

function presentedKey(headers: { get(name: string): string | null }): string | null {
  const bearer = /^bearer +(.*)$/is.exec(headers.get('authorization') ?? '')?.[1]?.trim()
  return bearer || headers.get('x-api-key')?.trim() || null
}

function find(digest: string, keys: readonly ClientKey[]): Principal | null {
  let found: Principal | null = null
  for (const { sha256, principal } of keys) if (equal(digest, sha256)) found = principal
  return found
}

/** Reads both strings to their end whatever they hold. */
function equal(left: string, right: string): boolean {
  let difference = left.length ^ right.length
  for (let i = 0; i < left.length; i++) difference |= left.charCodeAt(i) ^ right.charCodeAt(i)
  return difference === 0
}
