/** What vendors call their failures, as codes of our table: one list for error answers and for errors inside a stream. */
import { type ErrorCode, isErrorCode } from './errors.ts'

/** The gateway's account, not the client's request: another provider may help. Also in messages. */
export const NO_MONEY = /insufficient_quota|billing_|credit balance is too low|exceeded your current quota/i
/** Both vendors and the compatible servers, as far as their messages are known. Also in messages. */
export const CONTEXT_LENGTH =
  /prompt is too long|maximum context length|context_length_exceeded|context (?:length|window|limit)|too many (?:input )?tokens/i
/** The vendor will not have this content, and asking again will not help. */
export const FILTERED = /content_filter|content_policy|moderation_blocked|safety_system/i

/** The first that matches counts; statuses are words too, since some servers give one as `code`. */
const WORDS: readonly (readonly [RegExp, ErrorCode])[] = [
  [NO_MONEY, 'upstream_rejected'],
  [CONTEXT_LENGTH, 'context_length_exceeded'],
  [FILTERED, 'invalid_request'],
  [/overloaded|^(503|529)$/i, 'upstream_overloaded'],
  [/rate_limit|quota|^429$/i, 'upstream_rate_limited'],
  [/timeout|^(408|504)$/i, 'upstream_timeout'],
  [/api_key|authentication|permission|^(401|402|403)$/i, 'upstream_rejected'],
  [/invalid_|^(400|422)$/i, 'invalid_request'],
]

/** The code of a failed stream's word: a vendor's `code` or `type`, or one of ours from the reader. */
export function codeOfWord(word: string): ErrorCode {
  if (isErrorCode(word)) return word
  return WORDS.find(([pattern]) => pattern.test(word))?.[1] ?? 'upstream_error'
}
