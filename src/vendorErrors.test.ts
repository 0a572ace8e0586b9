import { expect, it } from 'vitest'
import { codeOfWord } from './vendorErrors.ts'

it.each([
  ['overloaded_error', 'upstream_overloaded'],
  ['529', 'upstream_overloaded'],
  ['rate_limit_exceeded', 'upstream_rate_limited'],
  // Waiting brings no money.
  ['insufficient_quota', 'upstream_rejected'],
  ['billing_error', 'upstream_rejected'],
  ['timeout_error', 'upstream_timeout'],
  ['context_length_exceeded', 'context_length_exceeded'],
  ['content_filter', 'invalid_request'],
  ['invalid_request_error', 'invalid_request'],
  ['invalid_api_key', 'upstream_rejected'],
  ['authentication_error', 'upstream_rejected'],
  ['api_error', 'upstream_error'],
  ['4290', 'upstream_error'],
  ['toString', 'upstream_error'],
  ['upstream_truncated', 'upstream_truncated'],
])('%s is %s', (word, code) => {
  expect(codeOfWord(word)).toBe(code)
})
