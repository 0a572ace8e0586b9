/** `parseConfig`: a value of any shape becomes a configuration, or everything that is wrong with it. */
import type { Config, Problem } from './config.ts'
import { reportIssues } from './issues.ts'
import { createReport } from './report.ts'
import type { Environment } from './resolve.providers.ts'
import { type Declared, resolveConfig } from './resolve.ts'
import { salvage } from './salvage.ts'
import { configSchema } from './schema.ts'
import { isRecord } from './walk.ts'

export type Parsed =
  | { readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] }

/**
 * Checks a configuration as it was read from JSON or YAML, and resolves it. All problems are told at once: what the
 * schema finds, and, in the parts that are sound, wrong references, addresses, secrets and limits as well.
 * `env` is where `{"env": "NAME"}` is looked up. No input makes it throw.
 */
export async function parseConfig(value: unknown, env: Environment): Promise<Parsed> {
  const report = createReport()
  const checked = configSchema.safeParse(value)
  if (checked.success) {
    const config = await resolveConfig(checked.data, env, { declared: declaredIn(checked.data), report })
    return report.problems.length > 0 ? report : { config, warnings: report.warnings }
  }
  reportIssues(checked.error.issues, value, report)
  const salvaged = salvage(value)
  if (!salvaged) return { problems: report.problems }
  const further = createReport()
  await resolveConfig(salvaged.file, env, { declared: declaredIn(value), order: salvaged.order, report: further })
  // Where something was taken out, what is missing now is no problem of its own.
  const fresh = further.problems.filter(({ path }) => !report.problems.some((known) => isWithin(known.path, path)))
  return { problems: [...report.problems, ...fresh] }
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`)
}

function declaredIn(value: unknown): Declared {
  const { providers, candidates, routes = { auto: {} }, keys } = isRecord(value) ? value : {}
  const entries = Array.isArray(candidates) ? candidates : []
  return {
    providers: isRecord(providers) ? Object.keys(providers) : [],
    candidates: entries.map((entry) => (isRecord(entry) ? entry.id : null)).filter((id) => typeof id === 'string'),
    routes: isRecord(routes) ? Object.keys(routes) : [],
    keys: Array.isArray(keys) ? keys.length : 0,
  }
}
