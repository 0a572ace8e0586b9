/** Reading a planner's parameters. Every read is checked, so that a damaged policy fails when it is loaded. */
import type { JsonObject } from '../../src/spec.ts'

/** A number of 0 or more. */
export function readNumber(params: JsonObject, name: string): number {
  const value = params[name]
  if (typeof value === 'number' && value >= 0) return value
  throw new RangeError(`the planner's '${name}' must be a number of 0 or more; train the policy again`)
}

/** A number in [0, 1]. */
export function readShare(params: JsonObject, name: string): number {
  const value = readNumber(params, name)
  if (value <= 1) return value
  throw new RangeError(`the planner's '${name}' must be between 0 and 1; train the policy again`)
}

export function readText(params: JsonObject, name: string): string {
  const value = params[name]
  if (typeof value === 'string') return value
  throw new RangeError(`the planner's '${name}' must be a text; train the policy again`)
}

/** A text per name. */
export function readTexts(params: JsonObject, name: string): ReadonlyMap<string, string> {
  const value = params[name]
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : null
  const texts = entries?.flatMap(([key, text]): [string, string][] => (typeof text === 'string' ? [[key, text]] : []))
  if (entries && texts?.length === entries.length) return new Map(texts)
  throw new RangeError(`the planner's '${name}' must hold a text per name; train the policy again`)
}

/** A number, of any sign, per candidate id. */
export function readNumbers(params: JsonObject, name: string): ReadonlyMap<string, number> {
  const value = params[name]
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : null
  const numbers = entries?.flatMap(([id, number]): [string, number][] =>
    typeof number === 'number' ? [[id, number]] : [],
  )
  if (entries && numbers?.length === entries.length) return new Map(numbers)
  throw new RangeError(`the planner's '${name}' must hold a number per candidate; train the policy again`)
}
