/**
 * Readers for bodies of unknown shape: they return what was asked for or throw `invalid_request` naming the field.
 * `null` counts as absent, since SDKs write it for options that were not set; unknown fields are never looked at.
 */
import { SwitchyardError } from '../errors.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Whether a parsed value is an object; arrays are not. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The error for a field of the wrong type. `expected` with its article: `a string`. */
export function wrongType(path: string, expected: string): SwitchyardError {
  return new SwitchyardError('invalid_request', `\`${path}\` must be ${expected}.`, { param: path })
}

/** The error for a field that has no counterpart at the chosen upstream. */
export function unsupported(path: string, what: string): SwitchyardError {
  return new SwitchyardError(
    'unsupported',
    `${what} (\`${path}\`) cannot be translated for the model that was chosen; name a model of your own API, or leave it out.`,
    { param: path },
  )
}

export function fields(value: unknown, path: string): Fields {
  if (isFields(value)) return value
  throw wrongType(path, 'an object')
}

export function text(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw wrongType(path, 'a string')
}

export function list(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw wrongType(path, 'an array')
}

export function optionalFields(value: unknown, path: string): Fields | undefined {
  return value === undefined || value === null ? undefined : fields(value, path)
}

export function optionalText(value: unknown, path: string): string | undefined {
  return value === undefined || value === null ? undefined : text(value, path)
}

export function optionalList(value: unknown, path: string): readonly unknown[] {
  return value === undefined || value === null ? [] : list(value, path)
}

export function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'boolean') return value
  throw wrongType(path, 'a boolean')
}

export function optionalNumber(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number') return value
  throw wrongType(path, 'a number')
}

/** A count of tokens or choices: a whole number from 0. */
export function optionalCount(value: unknown, path: string): number | undefined {
  const number = optionalNumber(value, path)
  if (number === undefined || (Number.isInteger(number) && number >= 0)) return number
  throw wrongType(path, 'a whole number, 0 or more')
}

/** `{ [key]: value }`, or nothing where the value is undefined: for optional properties. */
export function maybe<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V })
}

/** A complete answer's body. Throws `upstream_malformed` for what is no JSON object, or is an error under a success status. */
export function parseReply(body: Uint8Array): Fields {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(body))
  } catch {
    throw new SwitchyardError('upstream_malformed', 'The upstream sent an answer that is not JSON.')
  }
  if (!isFields(value)) {
    throw new SwitchyardError('upstream_malformed', 'The upstream sent an answer that is not a JSON object.')
  }
  if (!isFields(value.error)) return value
  const message = typeof value.error.message === 'string' ? value.error.message : 'no message'
  throw new SwitchyardError('upstream_malformed', `The upstream sent an error in place of an answer: ${message}`)
}
