/** A failed stream's `error` part as an error of our table: its code is one of the table's, or the vendor's own word. */
import { ERRORS, type ErrorCode, SwitchyardError } from '../errors.ts'

const WORDS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/overloaded|^(503|529)$/, 'upstream_overloaded'],
  [/rate_limit|quota|^429$/, 'upstream_rate_limited'],
  [/timeout|^504$/, 'upstream_timeout'],
  [/context_length/, 'context_length_exceeded'],
  [/invalid_|content_(filter|policy)|^400$/, 'upstream_rejected'],
]

export function streamError(code: string, message: string): SwitchyardError {
  return new SwitchyardError(isErrorCode(code) ? code : readWord(code), message)
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

function readWord(word: string): ErrorCode {
  return WORDS.find(([pattern]) => pattern.test(word))?.[1] ?? 'upstream_error'
}
