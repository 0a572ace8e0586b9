/** The configuration that code gives, where there is no file to read. */
import { SwitchyardError } from '../errors.ts'
import { environmentConfig } from './environment.ts'
import { readJson, readText } from './json.ts'
import { type Parsed, parseConfig } from './parse.ts'
import type { Environment } from './resolve.providers.ts'
import type { ConfigInput } from './schema.ts'

/**
 * @param given the configuration, or its text (JSON with comments); without it the environment decides
 * @throws `internal` with all problems
 */
export async function parseGiven(
  given: ConfigInput | string | undefined,
  env: Environment,
): Promise<Extract<Parsed, { config: unknown }>> {
  const written =
    typeof given === 'string'
      ? readText({ path: 'switchyard.config.jsonc', text: given }, readJson)
      : { value: given ?? environmentConfig(env) }
  const parsed = 'problems' in written ? written : await parseConfig(written.value, env)
  if ('config' in parsed) return parsed
  const problems = parsed.problems.map(({ path, message }) => `${path === '' ? '' : `${path}: `}${message}`)
  throw new SwitchyardError('internal', `The configuration cannot be served. ${problems.join(' ')}`)
}
