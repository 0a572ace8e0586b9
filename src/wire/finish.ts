/** Why an answer ended: each vendor's word ⇄ the common one. The vendor's own word is kept in `raw`. */
import type { Finish, UnifiedFinish } from '../spec.ts'

const FROM_OPENAI: ReadonlyMap<string, UnifiedFinish> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'refusal'],
])

const FROM_ANTHROPIC: ReadonlyMap<string, UnifiedFinish> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'refusal'],
])

const TO_OPENAI = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
  other: 'stop',
} as const satisfies Record<UnifiedFinish, string>

const TO_ANTHROPIC = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
  other: 'end_turn',
} as const satisfies Record<UnifiedFinish, string>

/** What an answer held, whatever word it ended with. */
export interface Held {
  readonly tools: boolean
  readonly refusal: boolean
}

/**
 * From `finish_reason`; a word that is not known, or none, is `other`. A forced tool is reported as `stop`, and so is a
 * refusal: what came counts.
 */
export function finishFromOpenai(raw: string | null, held: Held): Finish {
  const unified = FROM_OPENAI.get(raw ?? '') ?? 'other'
  if (unified !== 'stop') return { unified, raw }
  return { unified: held.tools ? 'tool_calls' : held.refusal ? 'refusal' : 'stop', raw }
}

/** From `stop_reason`; a word that is not known, or none, is `other`. */
export function finishFromAnthropic(raw: string | null): Finish {
  return { unified: FROM_ANTHROPIC.get(raw ?? '') ?? 'other', raw }
}

/** The `finish_reason` an OpenAI client sees for an answer of the other dialect. */
export function finishToOpenai(finish: Finish): (typeof TO_OPENAI)[UnifiedFinish] {
  return TO_OPENAI[finish.unified]
}

/** The `stop_reason` an Anthropic client sees for an answer of the other dialect. OpenAI never says which stop sequence hit. */
export function finishToAnthropic(finish: Finish): (typeof TO_ANTHROPIC)[UnifiedFinish] {
  return TO_ANTHROPIC[finish.unified]
}
