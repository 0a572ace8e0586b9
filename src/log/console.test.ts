import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SwitchyardError } from '../errors.ts'
import { type ConsoleOptions, createConsole, describeError } from './console.ts'

const options: ConsoleOptions = {
  level: 'debug',
  pretty: false,
  now: () => 0,
  secrets: () => ['hunter2', 'hunter2 is a secret', ''],
}

function lines(changes: Partial<ConsoleOptions> = {}) {
  const written: string[] = []
  return { written, log: createConsole((line) => written.push(line), { ...options, ...changes }) }
}

/** Anything that can end a line, move a cursor or turn the writing direction. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u
const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\r', '\u001b[2J', '\u009b', '\u2028', '\u2029', '\u202e', '"}', '\u0000'),
    ),
  )
  .map((parts) => parts.join(''))

describe.each([false, true])('lines, pretty: %s', (pretty) => {
  test('one event is one line, whatever is in it', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (event, text) => {
        const { written, log } = lines({ pretty })
        log.info(event, { path: text, reason: text })
        expect(written).toHaveLength(1)
        expect(written[0]!.endsWith('\n')).toBe(true)
        expect(written[0]!.slice(0, -1)).not.toMatch(HOSTILE)
        if (!pretty) expect(JSON.parse(written[0]!)).toMatchObject({ level: 'info', time: '1970-01-01T00:00:00.000Z' })
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    'sk-proj-Ab12Cd34Ef56Gh78',
    'sk-ant-api03-abcdefghijklmnop',
    'AIzaSyA1234567890abcdefghijklmnopqrstuv',
    '0123456789abcdef0123456789abcdef',
    'eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl',
    'hunter2 is a secret',
  ])('a key is not written: %s', (key) => {
    const { written, log } = lines({ pretty })
    log.error(`failed with ${key}`, {
      reason: `upstream said: invalid key "${key}".`,
      path: `/v1/models?x=1&api_key=${key}`,
      address: `https://user:${key}@example.com/`,
      error: `Authorization: Bearer ${key}`,
    })
    expect(written[0]).not.toContain(key)
    for (let at = 0; at + 8 <= key.length; at++) expect(written[0]).not.toContain(key.slice(at, at + 8))
    expect(written[0]).toContain('[redacted]')
  })
})

test('a secret that comes later is not written from then on', () => {
  const secrets = ['the first one']
  const { written, log } = lines({ secrets: () => secrets })
  secrets.push('the second one')
  log.error('failed', { reason: 'the first one and the second one' })
  expect(JSON.parse(written[0]!)).toMatchObject({ reason: '[redacted] and [redacted]' })
})

test('short credentials are found by the word before them', () => {
  const { written, log } = lines()
  log.info('x', { reason: 'password=abc123 Bearer qwerty x-api-key: zxcvb' })
  for (const secret of ['abc123', 'qwerty', 'zxcvb']) expect(written[0]).not.toContain(secret)
})

test('names, paths and identifiers stay readable', () => {
  const fields = {
    decision: '01JD3M8V7Q2X4Z6B8D0F2H4K6M',
    candidate: 'anthropic/claude-3-5-sonnet-20241022',
    policy: 'a1'.repeat(32),
    path: '/v1/chat/completions',
    file: '/var/lib/switchyard/log.db',
    status: 200,
    latencyMs: 12.5,
  }
  const { written, log } = lines()
  log.info('Request answered', fields)
  expect(JSON.parse(written[0]!)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    level: 'info',
    event: 'Request answered',
    ...fields,
  })
})

test('a field that is not on the list is not written', () => {
  const { written, log } = lines()
  const fields = { status: 200, prompt: 'private', headers: 'private' }
  log.info('x', fields)
  expect(written[0]).not.toContain('private')
  expect(written[0]).toContain('"status":200')
})

test('levels below the chosen one are silent', () => {
  const { written, log } = lines({ level: 'warn' })
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  expect(written.map((line) => JSON.parse(line).event)).toEqual(['c', 'd'])
})

test('a pretty line reads well', () => {
  const { written, log } = lines({ pretty: true })
  log.warn('Log is full', { rows: 3, reason: 'disk is full', file: './log.db' })
  expect(written[0]).toBe('00:00:00 warn  Log is full  reason="disk is full" rows=3 file=./log.db\n')
})

describe('errors', () => {
  test('messages of others are not told, their place is', () => {
    let thrown: unknown
    try {
      JSON.parse('"my private prompt')
    } catch (error) {
      thrown = error
    }
    const fields = describeError(thrown)
    expect(JSON.stringify(fields)).not.toContain('private')
    expect(fields.error).toBe('SyntaxError')
    expect(fields.stack).toContain('console.test.ts')
  })

  test('a message that looks like a stack frame is not told either', () => {
    expect(describeError(new Error('x\n    at my private prompt')).stack).not.toContain('private')
  })

  test('our own messages are told, with the place of the cause', () => {
    const fields = describeError(new SwitchyardError('internal', 'It broke.', { cause: new RangeError('private') }))
    expect(fields).toMatchObject({ code: 'internal', reason: 'It broke.', error: 'RangeError' })
    expect(JSON.stringify(fields)).not.toContain('private')
  })
})
