/** The schema's findings in words: what is wrong, what was expected, what was probably meant. */
import type * as z from 'zod'
import { meantName } from '../nearest.ts'
import type { Report } from './report.ts'
import { valueAt } from './walk.ts'

type Issue = z.core.$ZodIssue

/** Reports every issue; `root` is the value that was checked. */
export function reportIssues(issues: readonly Issue[], root: unknown, report: Report): void {
  for (const issue of issues) tell(issue, [])

  function tell(issue: Issue, above: readonly PropertyKey[]): void {
    const path = [...above, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      const lines = issue.message.split('\n')
      issue.keys.forEach((key, i) => {
        report.problem([...path, key], lines[i] ?? issue.message)
      })
      return
    }
    const branch = issue.code === 'invalid_union' ? meantBranch(issue.errors) : null
    if (branch) for (const inner of branch) tell(inner, path)
    else report.problem(path, describe(issue, valueAt(root, path)))
  }
}

/** Of a union, the branch whose kind of value was given: the one that complains only about something inside. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const outside = ({ code, path }: Issue) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')
  return branches.find((branch) => !branch.some(outside)) ?? null
}

function describe(issue: Issue, value: unknown): string {
  const options = optionsOf(issue)
  if (options) {
    const wanted = `expected one of ${options.map((option) => JSON.stringify(option)).join(', ')}.`
    if (value === undefined) return `missing, ${wanted}`
    const meant = typeof value === 'string' ? meantName(value, options) : null
    return meant === null ? wanted : `${wanted} Did you mean ${JSON.stringify(meant)}?`
  }
  if (issue.code === 'invalid_union') {
    return `expected ${issue.errors
      .flat()
      .map(expected)
      .filter((text) => text !== null)
      .join(' or ')}.`
  }
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => message).join('; ')
  if (issue.code === 'invalid_type' && value === undefined) return `missing, expected ${issue.expected}.`
  return issue.message.replace(/^(Invalid input|Too \w+): /, '')
}

/** What an enumeration, a literal or a discriminator allows. */
function optionsOf(issue: Issue): string[] | null {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options) return issue.options.map(String)
  return null
}

function expected(issue: Issue): string | null {
  if (issue.code === 'invalid_type') return issue.expected
  if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value)).join(' or ')
  return null
}
