/**
 * A request body: parsed once, and rewritten by replacing the value of `model` in the original bytes, so that every
 * other byte reaches the upstream as the client wrote it.
 */
import { SwitchyardError } from '../errors.ts'

export interface Body {
  readonly json: Readonly<Record<string, unknown>>
  /** The original bytes with another model name. */
  withModel(model: string): Uint8Array<ArrayBuffer>
}

/** Containers inside containers. */
export const MAX_DEPTH = 64
/** Keys and array elements in the whole body. */
export const MAX_ENTRIES = 100_000

/** Keys that decide where a request goes: two of a kind could mean one thing here and another to the upstream. */
const ROUTING_KEYS: ReadonlySet<string> = new Set(['model', 'stream'])

/**
 * Parses a body. Throws `invalid_json` for bytes that are no UTF-8 or no JSON object, nest too deeply or hold too many
 * entries, and `invalid_request` for a missing, empty or repeated `model` or a repeated `stream`.
 */
export function readBody(bytes: Uint8Array): Body {
  if (bytes.length === 0) throw new SwitchyardError('invalid_json', 'The request body is empty; send a JSON object.')
  const { span, repeated } = scan(bytes)
  const json = parse(bytes)
  if (repeated !== null) {
    const message = `\`${repeated}\` appears twice in the request body.`
    throw new SwitchyardError('invalid_request', message, { param: repeated })
  }
  if (json.model === undefined) {
    throw new SwitchyardError('invalid_request', 'The request names no model; set `model`.', { param: 'model' })
  }
  if (typeof json.model !== 'string' || json.model === '' || span === null) {
    throw new SwitchyardError('invalid_request', '`model` must be a non-empty string.', { param: 'model' })
  }
  return {
    json,
    withModel(model) {
      const name = new TextEncoder().encode(JSON.stringify(model))
      const out = new Uint8Array(bytes.length - (span.end - span.start) + name.length)
      out.set(bytes.subarray(0, span.start))
      out.set(name, span.start)
      out.set(bytes.subarray(span.end), span.start + name.length)
      return out
    },
  }
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new SwitchyardError('invalid_json', 'The request body is not valid UTF-8.', { cause })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    // The engine's own message quotes the body, which must not reach a log.
    const position = /position (\d+)/.exec(String(cause))?.[1]
    const where = position === undefined ? '' : ` (error at character ${position})`
    throw new SwitchyardError('invalid_json', `The request body is not valid JSON${where}.`)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new SwitchyardError('invalid_json', 'The request body must be a JSON object.')
  }
  return json as Record<string, unknown>
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

interface Scan {
  readonly span: { readonly start: number; readonly end: number } | null
  readonly repeated: string | null
}

/**
 * One pass over the bytes before anything is allocated: enforces the limits and finds where the string value of the
 * top-level `model` stands, quotes included. Only `JSON.parse` judges whether it is JSON; where it is, the span is right.
 */
function scan(bytes: Uint8Array): Scan {
  const seen = new Set<string>()
  let repeated: string | null = null
  let span: Scan['span'] = null
  let depth = 0
  let entries = 0
  let key = ''
  let inKey = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      const end = skipString(bytes, at)
      if (depth === 1) {
        if (inKey) key = routingKey(bytes, at, end)
        else if (key === 'model') span = { start: at, end }
      }
      at = end - 1
    } else if (byte === COMMA) {
      if (++entries > MAX_ENTRIES) throw tooMany()
      if (depth === 1) inKey = true
    } else if (byte === COLON) {
      if (depth !== 1) continue
      inKey = false
      if (key === '') continue
      if (seen.has(key)) repeated = key
      seen.add(key)
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (++entries > MAX_ENTRIES) throw tooMany()
      if (++depth > MAX_DEPTH) {
        throw new SwitchyardError('invalid_json', `The request body nests deeper than ${MAX_DEPTH} levels.`)
      }
      if (depth === 1) inKey = byte === OPEN_OBJECT
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth--
    }
  }
  return { span, repeated }
}

/** From an opening quote to the index after its closing quote. Short strings by a plain loop, long ones by the engine's search. */
export function skipString(bytes: Uint8Array, open: number): number {
  let at = open + 1
  for (;;) {
    const stop = Math.min(at + 48, bytes.length)
    while (at < stop) {
      const byte = bytes[at]!
      if (byte === QUOTE) return at + 1
      at += byte === BACKSLASH ? 2 : 1
    }
    const quote = bytes.indexOf(QUOTE, at)
    if (quote < 0) return bytes.length
    let slashes = 0
    while (quote - slashes > at && bytes[quote - slashes - 1] === BACKSLASH) slashes++
    at = quote + 1
    if (slashes % 2 === 0) return at
  }
}

/** The key between two quotes if it is one that routing reads, else `''`. Keys may be written with escapes. */
function routingKey(bytes: Uint8Array, start: number, end: number): string {
  // Every character of a six-letter key as a six-byte escape, and the quotes.
  if (end - start > 38) return ''
  let text = ''
  for (let at = start + 1; at < end - 1; at++) text += String.fromCharCode(bytes[at]!)
  if (text.includes('\\')) {
    try {
      text = String(JSON.parse(`"${text}"`))
    } catch {
      return ''
    }
  }
  return ROUTING_KEYS.has(text) ? text : ''
}

function tooMany(): SwitchyardError {
  return new SwitchyardError('invalid_json', `The request body has more than ${MAX_ENTRIES} keys and elements.`)
}
