/** What the tests of translated requests share. */
import { SwitchyardError } from '../src/errors.ts'
import { anthropic } from '../src/wire/anthropic.ts'
import type { EncodeOptions } from '../src/wire/dialect.ts'
import { openai } from '../src/wire/openai.ts'

export type Json = Record<string, unknown>
export const PLAIN: EncodeOptions = { reasoning: false }
export const THINKS: EncodeOptions = { reasoning: true }
export const user = { role: 'user', content: 'Hi' }
export const weather = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
export const PNG = 'iVBORw0KGgo='

export function textBlock(text: string) {
  return { type: 'text', text }
}

/** An OpenAI client's request as Anthropic receives it. */
export function toAnthropic(body: Json, options: EncodeOptions = PLAIN): Json {
  return anthropic.encodeRequest(openai.decodeRequest({ model: 'auto', messages: [user], ...body }), 'm', options)
}

/** An Anthropic client's request as OpenAI receives it. */
export function toOpenai(body: Json, options: EncodeOptions = PLAIN): Json {
  const request = { model: 'auto', max_tokens: 100, messages: [user], ...body }
  return openai.encodeRequest(anthropic.decodeRequest(request), 'm', options)
}

/** The error that `run` throws; fails the test when it throws none, or one of another type. */
export function refusal(run: () => unknown): SwitchyardError {
  try {
    run()
  } catch (error) {
    if (error instanceof SwitchyardError) return error
    throw error
  }
  throw new Error('accepted')
}
