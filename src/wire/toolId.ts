/**
 * Tool call ids that both vendors accept: Anthropic wants `^[a-zA-Z0-9_-]+$`, OpenAI at most 40 characters.
 */
import { fnv1a } from '../fnv1a.ts'

const PORTABLE = /^[a-zA-Z0-9_-]{1,40}$/

/**
 * An id both vendors accept. The same id always gives the same result and a result maps to itself, so a call and its
 * result stay a pair however often a conversation crosses between dialects.
 */
export function toolId(id: string): string {
  if (PORTABLE.test(id)) return id
  return `${id.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 31)}_${fnv1a(id).toString(16).padStart(8, '0')}`
}
