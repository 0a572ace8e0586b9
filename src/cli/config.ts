/** Loads the configuration for a command, or ends with every problem it has. */
import type { Config, Problem, RouteSettings } from '../config/config.ts'
import { type LoadOptions, loadConfig } from '../config/load.node.ts'
import { SwitchyardError } from '../errors.ts'

export interface ConfigArguments {
  readonly config?: string
  readonly host?: string
  readonly port?: string
}

export function loadOptions({ config, host, port }: ConfigArguments): LoadOptions {
  return {
    env: process.env,
    cwd: process.cwd(),
    ...(config !== undefined && { path: config }),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
  }
}

export interface LoadedConfig {
  readonly config: Config
  readonly warnings: readonly Problem[]
  /** The file's path, or `null` when the environment alone was asked. */
  readonly source: string | null
}

/** Throws `invalid_request` with all problems, a line each. */
export async function requireConfig(args: ConfigArguments): Promise<LoadedConfig> {
  const loaded = await loadConfig(loadOptions(args))
  if ('problems' in loaded)
    throw new SwitchyardError('invalid_request', describeProblems(loaded.problems, loaded.source))
  return loaded
}

/** A route by its name, the first one without. Throws `not_found`. */
export function findRoute({ routes }: Config, name?: string): RouteSettings {
  const found = name === undefined ? routes[0] : routes.find((route) => route.name === name)
  if (found) return found
  const names = routes.map((route) => route.name).join(', ')
  throw new SwitchyardError('not_found', `There is no route "${name}"; there are ${names}.`)
}

export function describeProblems(problems: readonly Problem[], source: string | null): string {
  const where = source ?? 'the environment'
  return [
    `${problems.length} problem${problems.length === 1 ? '' : 's'} in ${where}:`,
    ...problems.map(describeProblem),
  ].join('\n')
}

export function describeProblem({ path, message }: Problem): string {
  return `  ${path ? `${path}: ` : ''}${message}`
}
