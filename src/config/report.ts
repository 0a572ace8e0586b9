/** Collects what is wrong, so that everything is told at once. */
import type { Problem } from './config.ts'

export interface Report {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  problem(path: readonly PropertyKey[], message: string): void
  warning(path: readonly PropertyKey[], message: string): void
}

export function createReport(): Report {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  return {
    problems,
    warnings,
    problem: (path, message) => void problems.push({ path: formatPath(path), message }),
    warning: (path, message) => void warnings.push({ path: formatPath(path), message }),
  }
}

/** `['candidates', 0, 'id']` → `candidates[0].id`; keys that would be ambiguous are quoted. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((segment, i) => {
      if (typeof segment === 'number') return `[${segment}]`
      const key = String(segment)
      if (!/^[\w$-]+$/.test(key)) return `[${JSON.stringify(key)}]`
      return i === 0 ? key : `.${key}`
    })
    .join('')
}
