/**
 * Token counts of both vendors ⇄ the common form. OpenAI's `prompt_tokens` already contains cached and cache-writing
 * tokens; Anthropic's `input_tokens` contains neither, so they are added on the way in and taken off on the way out.
 */
import type { Usage } from '../spec.ts'
import { fieldsOf } from './json.ts'

/** OpenAI's `usage`. `null` when it is absent or names no tokens. */
export function usageFromOpenai(value: unknown): Usage | null {
  const usage = fieldsOf(value)
  if (usage.prompt_tokens === undefined && usage.completion_tokens === undefined) return null
  const prompt = fieldsOf(usage.prompt_tokens_details)
  const completion = fieldsOf(usage.completion_tokens_details)
  return {
    input: count(usage.prompt_tokens),
    cachedInput: count(prompt.cached_tokens),
    cacheWrite: count(prompt.cache_write_tokens),
    output: count(usage.completion_tokens),
    reasoning: count(completion.reasoning_tokens),
  }
}

/**
 * Anthropic's `usage`. `null` when it is absent or names no tokens. Of a stream it takes the usage of `message_start`
 * overlaid with that of `message_delta`: the latter is cumulative, and may leave out what did not change.
 */
export function usageFromAnthropic(value: unknown): Usage | null {
  const usage = fieldsOf(value)
  if (usage.input_tokens === undefined && usage.output_tokens === undefined) return null
  const cachedInput = count(usage.cache_read_input_tokens)
  const cacheWrite = count(usage.cache_creation_input_tokens)
  return {
    input: count(usage.input_tokens) + cachedInput + cacheWrite,
    cachedInput,
    cacheWrite,
    output: count(usage.output_tokens),
    reasoning: count(fieldsOf(usage.output_tokens_details).thinking_tokens),
  }
}

/** As OpenAI's `usage`, with the detail objects that its schema has. */
export function usageToOpenai(usage: Usage) {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cachedInput, cache_write_tokens: usage.cacheWrite },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  }
}

/** As Anthropic's `usage`. */
export function usageToAnthropic(usage: Usage) {
  return {
    input_tokens: Math.max(0, usage.input - usage.cachedInput - usage.cacheWrite),
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cachedInput,
    output_tokens: usage.output,
    output_tokens_details: { thinking_tokens: usage.reasoning },
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0
}
