/** `--planner` and `--planner-options`: the schema of the configuration, from the command line. */
import { plannerProblems } from '../config/resolve.planner.ts'
import { PLANNERS, type PlannerName, type PlannerOptions, plannerOptionsSchema } from '../config/schema.ts'
import { SwitchyardError } from '../errors.ts'

export interface PlannerArguments {
  readonly planner?: PlannerName
  readonly plannerOptions?: PlannerOptions
}

/** Nothing where no planner is named. Throws `invalid_request` with all that is wrong. */
export function readPlanner(name: string | undefined, json: string | undefined): PlannerArguments {
  if (name === undefined) {
    if (json === undefined) return {}
    throw invalid(['--planner-options needs --planner, the planner that they are for.'])
  }
  const planner = PLANNERS.find((known) => known === name)
  if (!planner) throw invalid([`there is no planner "${name}"; choose one of: ${PLANNERS.join(', ')}.`])
  const parsed = plannerOptionsSchema.safeParse(parse(json ?? '{}'))
  if (!parsed.success) {
    throw invalid(parsed.error.issues.map(({ path, message }) => `--planner-options: ${path.join('.')} ${message}`))
  }
  const problems = plannerProblems(planner, parsed.data)
  if (problems.length > 0) throw invalid(problems.map(({ key, message }) => `--planner-options: ${key} ${message}`))
  return { planner, plannerOptions: parsed.data }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw invalid(['--planner-options is not JSON; write it like {"usdPerThousand": 2}.'])
  }
}

function invalid(problems: readonly string[]): SwitchyardError {
  return new SwitchyardError('invalid_request', problems.join('\n'))
}
