/** Reads the configuration on Node: the file, or the environment where there is none, with what overrides both. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Problem } from './config.ts'
import { environmentConfig } from './environment.ts'
import type { ConfigText } from './json.ts'
import { type Parsed, parseConfig } from './parse.ts'
import type { Environment } from './resolve.providers.ts'
import { parseText } from './text.ts'
import { isRecord } from './walk.ts'

export const CONFIG_NAMES = ['json', 'jsonc', 'yaml', 'yml'].map((ending) => `switchyard.config.${ending}`)

export interface LoadOptions {
  readonly env: Environment
  /** Folder that is searched and that a relative `path` starts from. */
  readonly cwd: string
  /** `--config`; without it the first of `CONFIG_NAMES` in `cwd` counts. */
  readonly path?: string
  /** `--host` and `--port`; they come before HOST, PORT and the file. */
  readonly host?: string
  readonly port?: string
}

/** `source`: the file's absolute path, or `null` when the environment alone was asked. */
export type Loaded = Parsed & { readonly source: string | null }

/**
 * Loads and checks the configuration. HOST, PORT and SWITCHYARD_DATA override the file; arguments override both. Two
 * files in one folder are a problem: none is silently preferred.
 */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const found = await readConfig(options)
  if (isProblem(found)) return { problems: [found], source: options.path ?? null }
  const source = found?.path ?? null
  const written = found ? parseText(found) : { value: environmentConfig(options.env) }
  if ('problems' in written) return { ...written, source }
  const overrides = overridesOf(options)
  const parsed = await parseConfig(override(written.value, overrides), options.env)
  if ('config' in parsed) return { ...parsed, source }
  const problems = parsed.problems.map(({ path, message }) => {
    const from = overrides.find((one) => one.path.join('.') === path)?.from
    return { path, message: from === undefined ? message : `${message} (from ${from})` }
  })
  return { problems, source }
}

/** The file as it is now; `null` when there is none, a problem when it cannot be read. */
export async function readConfig({ cwd, path }: LoadOptions): Promise<ConfigText | Problem | null> {
  const names = path === undefined ? CONFIG_NAMES.map((name) => join(cwd, name)) : [resolve(cwd, path)]
  const found: ConfigText[] = []
  for (const name of names) {
    try {
      found.push({ path: name, text: await readFile(name, 'utf8') })
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (missing && path === undefined) continue
      const reason = missing ? 'there is no such file' : error instanceof Error ? error.message : String(error)
      return { path: '', message: `cannot read the configuration ${name}: ${reason}.` }
    }
  }
  if (found.length > 1) {
    const both = found.map((file) => file.path).join(' and ')
    return { path: '', message: `${both} are both there. Keep one, or choose with --config.` }
  }
  return found[0] ?? null
}

interface Override {
  readonly path: readonly [string] | readonly [string, string]
  readonly value: string | number
  /** The variable or argument that says so. */
  readonly from: string
}

function overridesOf({ env, host, port }: LoadOptions): Override[] {
  const given = [
    { path: ['server', 'host'], from: host === undefined ? 'HOST' : '--host', value: host ?? env.HOST },
    { path: ['server', 'port'], from: port === undefined ? 'PORT' : '--port', value: readNumber(port ?? env.PORT) },
    { path: ['data'], from: 'SWITCHYARD_DATA', value: env.SWITCHYARD_DATA },
  ] as const
  return given.flatMap(({ path, from, value }) => (value === undefined || value === '' ? [] : [{ path, from, value }]))
}

/** What is no number stays a text, which the schema then refuses by name. */
function readNumber(text: string | undefined): string | number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text
}

function override(written: unknown, overrides: readonly Override[]): unknown {
  if (!isRecord(written)) return written
  const result = { ...written }
  for (const { path, value } of overrides) {
    const [outer, inner] = path
    if (inner === undefined) result[outer] = value
    else if (result[outer] === undefined || isRecord(result[outer]))
      result[outer] = { ...result[outer], [inner]: value }
  }
  return result
}

function isProblem(found: ConfigText | Problem | null): found is Problem {
  return found !== null && 'message' in found
}
