import { describe, expect, it } from 'vitest'
import { type ErrorCode, SwitchyardError } from '../errors.ts'
import { anthropic } from './anthropic.ts'
import { readFailure } from './failure.ts'
import { openai } from './openai.ts'

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const openaiBody = (code: string | null, message = 'm', type = 'invalid_request_error') => ({
  error: { message, type, param: null, code },
})
const anthropicBody = (type: string, message = 'm') => ({
  type: 'error',
  error: { type, message },
  request_id: 'req_1',
})

describe('readFailure', () => {
  it.each<[number, unknown, ErrorCode, 'retryable' | '-', 'failover' | '-']>([
    [400, openaiBody('invalid_value'), 'invalid_request', '-', '-'],
    [400, openaiBody('context_length_exceeded'), 'context_length_exceeded', '-', 'failover'],
    [
      400,
      anthropicBody('invalid_request_error', 'prompt is too long: 9 tokens > 8 maximum'),
      'context_length_exceeded',
      '-',
      'failover',
    ],
    [
      400,
      anthropicBody('invalid_request_error', 'Your credit balance is too low'),
      'upstream_rejected',
      '-',
      'failover',
    ],
    [400, openaiBody('content_filter'), 'invalid_request', '-', '-'],
    [401, openaiBody('invalid_api_key'), 'upstream_rejected', '-', 'failover'],
    [402, anthropicBody('billing_error'), 'upstream_rejected', '-', 'failover'],
    [403, anthropicBody('permission_error'), 'upstream_rejected', '-', 'failover'],
    [404, openaiBody('model_not_found'), 'model_not_found', '-', 'failover'],
    [404, anthropicBody('not_found_error', 'model: claude-x'), 'model_not_found', '-', 'failover'],
    [404, '<html><title>404 Not Found</title></html>', 'not_found', '-', '-'],
    [408, '', 'upstream_timeout', 'retryable', 'failover'],
    [409, anthropicBody('conflict_error'), 'upstream_error', 'retryable', 'failover'],
    [413, anthropicBody('request_too_large'), 'body_too_large', '-', 'failover'],
    [422, { detail: 'unprocessable' }, 'invalid_request', '-', '-'],
    [
      429,
      openaiBody('rate_limit_exceeded', 'Too many tokens', 'tokens'),
      'upstream_rate_limited',
      'retryable',
      'failover',
    ],
    [429, openaiBody('insufficient_quota', 'm', 'insufficient_quota'), 'upstream_rejected', '-', 'failover'],
    [429, anthropicBody('rate_limit_error'), 'upstream_rate_limited', 'retryable', 'failover'],
    [500, anthropicBody('api_error'), 'upstream_error', 'retryable', 'failover'],
    [502, 'Bad gateway', 'upstream_error', 'retryable', 'failover'],
    [503, '', 'upstream_overloaded', 'retryable', 'failover'],
    [504, anthropicBody('timeout_error'), 'upstream_timeout', 'retryable', 'failover'],
    [529, anthropicBody('overloaded_error'), 'upstream_overloaded', 'retryable', 'failover'],
    [302, '', 'upstream_rejected', '-', 'failover'],
  ])('%i %j is %s', (status, body, code, retryable, failover) => {
    const failure = readFailure(status, {}, bytes(body))
    expect(failure.code).toBe(code)
    expect(failure.retryable).toBe(retryable === 'retryable')
    expect(failure.failover).toBe(failover === 'failover')
  })

  it('x-should-retry overrules', () => {
    expect(readFailure(500, { 'x-should-retry': 'false' }, bytes('')).retryable).toBe(false)
    expect(readFailure(400, { 'x-should-retry': 'true' }, bytes('')).retryable).toBe(true)
  })

  it.each<[Record<string, string>, number | null]>([
    [{}, null],
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '250', 'retry-after': '2' }, 250],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, 10_000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT', date: 'Wed, 21 Oct 2026 07:28:10 GMT' }, 0],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT' }, null],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after-ms': '-5' }, null],
  ])('waits %j', (headers, ms) => {
    expect(readFailure(429, headers, bytes('')).retryAfterMs).toBe(ms)
  })

  it.each<[unknown, string]>([
    [openaiBody(null, 'said so'), 'said so'],
    [{ error: 'plain' }, 'plain'],
    [{ message: 'outer' }, 'outer'],
    [{ detail: 'detail' }, 'detail'],
    ['<html><head><title>502\n Bad Gateway</title></head><body>x</body></html>', '502 Bad Gateway'],
    ['upstream connect error', 'upstream connect error'],
    ['', 'The upstream answered 500 without a readable error.'],
    ['null', 'The upstream answered 500 without a readable error.'],
  ])('message of %j', (body, message) => {
    expect(readFailure(500, {}, bytes(body)).message).toBe(message)
  })

  it('never shows the key that was refused', () => {
    const body = openaiBody('invalid_api_key', 'Incorrect API key provided: sk-ab***yz')
    expect(readFailure(401, {}, bytes(body)).message).not.toContain('sk-')
  })
})

describe('renderError', () => {
  it.each<[ErrorCode, number, string, string, number, string]>([
    ['invalid_json', 400, 'invalid_request_error', 'invalid_json', 400, 'invalid_request_error'],
    ['invalid_request', 400, 'invalid_request_error', 'invalid_request', 400, 'invalid_request_error'],
    ['unsupported', 400, 'invalid_request_error', 'unsupported_parameter', 400, 'invalid_request_error'],
    ['unauthorized', 401, 'invalid_request_error', 'invalid_api_key', 401, 'authentication_error'],
    ['forbidden', 403, 'invalid_request_error', 'forbidden', 403, 'permission_error'],
    ['model_not_found', 404, 'invalid_request_error', 'model_not_found', 404, 'not_found_error'],
    ['body_too_large', 413, 'invalid_request_error', 'body_too_large', 413, 'request_too_large'],
    ['rate_limited', 429, 'requests', 'rate_limit_exceeded', 429, 'rate_limit_error'],
    ['budget_exceeded', 429, 'insufficient_quota', 'insufficient_quota', 429, 'rate_limit_error'],
    ['upstream_rate_limited', 429, 'requests', 'rate_limit_exceeded', 429, 'rate_limit_error'],
    ['internal', 500, 'server_error', 'internal', 500, 'api_error'],
    ['upstream_error', 502, 'server_error', 'upstream_error', 502, 'api_error'],
    ['upstream_overloaded', 503, 'server_error', 'upstream_overloaded', 529, 'overloaded_error'],
    ['draining', 503, 'server_error', 'draining', 529, 'overloaded_error'],
    ['upstream_timeout', 504, 'server_error', 'upstream_timeout', 504, 'timeout_error'],
  ])('%s', (code, status, type, vendorCode, anthropicStatus, anthropicType) => {
    const error = new SwitchyardError(code, 'What happened.')
    const forOpenai = openai.renderError(error, 'r1')
    expect(forOpenai.status).toBe(status)
    expect(forOpenai.headers).toMatchObject({ 'content-type': 'application/json', 'x-request-id': 'r1' })
    expect(JSON.parse(forOpenai.body)).toEqual({
      error: { message: 'What happened.', type, param: null, code: vendorCode },
    })
    const forAnthropic = anthropic.renderError(error, 'r1')
    expect(forAnthropic.status).toBe(anthropicStatus)
    expect(forAnthropic.headers).toMatchObject({ 'content-type': 'application/json', 'request-id': 'r1' })
    expect(JSON.parse(forAnthropic.body)).toEqual({
      type: 'error',
      error: { type: anthropicType, message: 'What happened.' },
      request_id: 'r1',
    })
    for (const { headers } of [forOpenai, forAnthropic]) {
      expect(headers['x-should-retry']).toBe(String(error.retryable))
      expect(headers).not.toHaveProperty('retry-after')
    }
  })

  it('a status of 529 reaches OpenAI clients as 503', () => {
    const error = new SwitchyardError('upstream_error', 'm', { status: 529 })
    expect(openai.renderError(error, 'r').status).toBe(503)
    expect(anthropic.renderError(error, 'r').status).toBe(529)
  })

  it.each([
    [0, '1'],
    [2.2, '3'],
    [60, '60'],
  ])('retry-after of %f s', (retryAfterS, header) => {
    const error = new SwitchyardError('rate_limited', 'm', { retryAfterS })
    for (const dialect of [openai, anthropic])
      expect(dialect.renderError(error, 'r').headers['retry-after']).toBe(header)
  })

  it('too long a context, in the words that clients act on', () => {
    const said = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."
    const error = new SwitchyardError('context_length_exceeded', said)
    expect(JSON.parse(openai.renderError(error, 'r').body).error).toEqual({
      message: said,
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    })
    const message = (text: string) =>
      JSON.parse(anthropic.renderError(new SwitchyardError('context_length_exceeded', text), 'r').body).error.message
    expect(message(said)).toBe('prompt is too long: 9001 tokens > 8192 maximum')
    expect(message('prompt is too long: 9 tokens > 8 maximum')).toBe('prompt is too long: 9 tokens > 8 maximum')
    expect(message('No candidate is large enough.')).toBe('prompt is too long: No candidate is large enough.')
  })

  it('names the field for OpenAI clients', () => {
    const error = new SwitchyardError('invalid_request', 'm', { param: 'messages[0]' })
    expect(JSON.parse(openai.renderError(error, 'r').body).error.param).toBe('messages[0]')
  })
})

describe('renderStreamError', () => {
  const error = new SwitchyardError('upstream_truncated', 'Cut\noff.')
  it('OpenAI: one data frame', () => {
    const frame = openai.renderStreamError(error, 'r')
    expect(frame).toMatch(/^data: .*\n\n$/)
    expect(JSON.parse(frame.slice(6)).error).toMatchObject({ message: 'Cut\noff.', code: 'upstream_truncated' })
  })
  it('Anthropic: an event that is named', () => {
    const frame = anthropic.renderStreamError(error, 'r')
    expect(frame).toMatch(/^event: error\ndata: .*\n\n$/)
    expect(JSON.parse(frame.slice(frame.indexOf('{')))).toMatchObject({ type: 'error', request_id: 'r' })
  })
})
