/** Whether an answer is the JSON that was asked for. */
import * as z from 'zod'
import type { Ask } from '../spec.ts'

/** What is longer is not looked at: the time that it takes is everybody's. */
const MAX_CHARS = 1_000_000

/**
 * False for what is no JSON or not by the schema. Patterns are not held against it: an expression can take for ever to match. A schema of a kind that
 * cannot be checked here demands JSON, whichever.
 */
export function isAsked(text: string, { schema }: NonNullable<Ask['json']>): boolean {
  if (text.length > MAX_CHARS) return true
  try {
    const value: unknown = JSON.parse(text)
    return toCheck(schema)?.safeParse(value, { jitless: true }).success ?? true
  } catch {
    return false
  }
}

function toCheck(schema: unknown): z.ZodType | null {
  try {
    return isSchema(schema) ? z.fromJSONSchema(withoutPatterns(schema)) : null
  } catch {
    return null
  }
}

function isSchema(value: unknown): value is z.core.JSONSchema.JSONSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `pattern` is a text where it is a pattern; a property of that name has a schema. */
function withoutPatterns(schema: z.core.JSONSchema.JSONSchema): z.core.JSONSchema.JSONSchema {
  return JSON.parse(JSON.stringify(schema), (key, value) => {
    const pattern = key === 'patternProperties' || (key === 'pattern' && typeof value === 'string')
    return pattern ? undefined : value
  })
}
