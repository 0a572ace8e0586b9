/** Friendly words for mistakes: the nearest known name for a misspelt one. */
import { meantName } from '../nearest.ts'

/** ` Did you mean "host"?`, or the list of what is known when nothing is near. Starts with a space. */
export function hint(name: string, known: readonly string[]): string {
  const near = meantName(name, known)
  if (near !== null) return ` Did you mean "${near}"?`
  return known.length > 0 ? ` Known: ${known.join(', ')}.` : ''
}

/** One line per key, in the order of `keys`. */
export function describeUnknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `unknown key "${key}".${hint(key, known)}`).join('\n')
}
