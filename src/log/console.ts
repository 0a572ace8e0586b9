/** The gateway's own messages: one line per event, only fields from a list, no secret and no text of a request. */
import { SwitchyardError } from '../errors.ts'
import { cutLong, redactSecrets, toPlainJson } from './redact.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** The fields that a message may have. What is not here is not written, whatever the caller passes. */
const FIELDS = [
  'decision',
  'request',
  'tenant',
  'route',
  'candidate',
  'provider',
  'policy',
  'share',
  'encoder',
  'method',
  'path',
  'status',
  'code',
  'reason',
  'attempts',
  'count',
  'rows',
  'dropped',
  'bytes',
  'ttftMs',
  'latencyMs',
  'address',
  'file',
  'version',
  'pid',
  'signal',
  'error',
  'stack',
] as const
export type Fields = { readonly [Name in (typeof FIELDS)[number]]?: string | number | boolean | null | undefined }

export type Console = { readonly [Name in Level]: (event: string, fields?: Fields) => void }

export interface ConsoleOptions {
  readonly level: Level
  /** For people at a terminal; otherwise one JSON object per line. */
  readonly pretty: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Secrets of the configuration as they are now: never written, not even as a part of something else. */
  readonly secrets: () => Iterable<string>
}

/** Writes each event through `write`, which gets one whole line with its line feed. */
export function createConsole(write: (line: string) => void, options: ConsoleOptions): Console {
  function log(level: Level, event: string, fields: Fields = {}): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(options.level)) return
    const secrets = [...options.secrets()]
    const clean = (text: string) => cutLong(redactSecrets(text, secrets))
    const entries = FIELDS.flatMap((name) => {
      const value = fields[name]
      if (value === undefined) return []
      return [[name, typeof value === 'string' ? clean(value) : value] as const]
    })
    const time = new Date(options.now()).toISOString()
    const line = options.pretty
      ? prettyLine(time, level, clean(event), entries)
      : toPlainJson({ time, level, event: clean(event), ...Object.fromEntries(entries) })
    write(`${line}\n`)
  }

  return {
    debug: (event, fields) => log('debug', event, fields),
    info: (event, fields) => log('info', event, fields),
    warn: (event, fields) => log('warn', event, fields),
    error: (event, fields) => log('error', event, fields),
  }
}

type Entry = readonly [name: string, value: string | number | boolean | null]

/** `12:30:01 warn  Log is full  rows=3 reason="disk is full"`: what needs no quotes goes without. */
function prettyLine(time: string, level: Level, event: string, entries: readonly Entry[]): string {
  const bare = (value: Entry[1]) => {
    const text = toPlainJson(value)
    return /^"[\w./:@-]+"$/.test(text) ? text.slice(1, -1) : text
  }
  const fields = entries.map(([name, value]) => ` ${name}=${bare(value)}`).join('')
  return `${time.slice(11, 19)} ${level.padEnd(5)} ${toPlainJson(event).slice(1, -1)}${fields && ` ${fields}`}`
}

/**
 * Fields that describe anything thrown. Messages of our own errors are written; of others only the class, the code and
 * the stack frames, since messages of parsers and databases quote what they were given.
 */
export function describeError(thrown: unknown): Fields {
  if (!(thrown instanceof Error)) return { error: typeof thrown }
  if (thrown instanceof SwitchyardError) {
    const cause = thrown.cause === undefined ? {} : describeError(thrown.cause)
    return { ...cause, code: thrown.code, reason: thrown.message }
  }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  // The stack begins with the message, which may itself have lines that look like frames.
  const header = thrown.stack?.indexOf(thrown.message) ?? -1
  const frames = thrown.stack?.slice(Math.max(header, 0) + thrown.message.length).match(/^ {4}at .+$/gm) ?? []
  return { error: thrown.constructor.name, code, stack: frames.map((frame) => frame.trim()).join(' | ') }
}
