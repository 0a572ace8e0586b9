import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SwitchyardError } from '../errors.ts'
import { MAX_DEPTH, MAX_ENTRIES, readBody } from './body.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array) => new TextDecoder().decode(value)

function refusal(body: string | Uint8Array): SwitchyardError {
  try {
    readBody(typeof body === 'string' ? bytes(body) : body)
  } catch (error) {
    if (error instanceof SwitchyardError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('withModel', () => {
  it.each([
    ['plain', '{"model":"auto","x":1}', '{"model":"m","x":1}'],
    ['odd spacing', ' {\n "model"\t:\r\n  "auto" , "x" : [ ] }\n', ' {\n "model"\t:\r\n  "m" , "x" : [ ] }\n'],
    ['last key', '{"x":{"model":"no"},"model":"auto"}', '{"x":{"model":"no"},"model":"m"}'],
    ['nested in arrays', '{"a":[{"model":"no"},"model"],"model":"a"}', '{"a":[{"model":"no"},"model"],"model":"m"}'],
    ['escaped value', '{"model":"a\\"b\\\\","x":"\\""}', '{"model":"m","x":"\\""}'],
    ['escaped key', '{"mod\\u0065l":"auto"}', '{"mod\\u0065l":"m"}'],
    ['as a value', '{"x":"model","y":"\\"model\\":","model":"auto"}', '{"x":"model","y":"\\"model\\":","model":"m"}'],
    ['unicode', '{"é":"😀","model":"ü😀","z":"\\ud83d"}', '{"é":"😀","model":"m","z":"\\ud83d"}'],
    [
      'numbers kept',
      '{"seed":12345678901234567890,"t":1.0,"model":"a"}',
      '{"seed":12345678901234567890,"t":1.0,"model":"m"}',
    ],
  ])('%s', (_name, before, after) => {
    expect(text(readBody(bytes(before)).withModel('m'))).toBe(after)
  })

  it('writes any name as a JSON string', () => {
    const out = readBody(bytes('{"model":"auto"}')).withModel('a"b\\c\u0001é')
    expect(JSON.parse(text(out))).toEqual({ model: 'a"b\\c\u0001é' })
  })

  it('changes nothing but the value, whatever surrounds it', () => {
    // JSON text with free white space and escapes, around a `model` at a random place.
    const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/)
    const value = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc.constantFrom(
        '{"model":"x"}',
        '["model",{"model":[]}]',
        '"\\\\"',
        '"\\"model\\":\\""',
        `"${'\\"'.repeat(60)}"`,
      ),
      fc.nat(200).map((n) => JSON.stringify(`${'x'.repeat(n)}\\`.repeat(3))),
    )
    const key = fc.string({ unit: 'grapheme' }).filter((name) => name !== 'model' && name !== 'stream')
    const member = fc.tuple(space, key, space, space, value, space)
    const write = (m: [string, string, string, string, string, string]) =>
      `${m[0]}${JSON.stringify(m[1])}${m[2]}:${m[3]}${m[4]}${m[5]}`
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 4 }),
        fc.array(member, { maxLength: 4 }),
        fc.string({ minLength: 1 }),
        fc.string(),
        (before, after, old, model) => {
          const head = `{${before.map((m) => `${write(m)},`).join('')} "model" : `
          const tail = ` ${after.map((m) => `,${write(m)}`).join('')}}`
          const out = readBody(bytes(`${head}${JSON.stringify(old)}${tail}`)).withModel(model)
          expect(text(out)).toBe(`${head}${JSON.stringify(model)}${tail}`)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('what is refused', () => {
  it.each([
    ['', 'invalid_json', 'empty'],
    ['{"model":}', 'invalid_json', 'not valid JSON'],
    ['{"model":"a"', 'invalid_json', 'not valid JSON'],
    ['{"model":"a', 'invalid_json', 'not valid JSON'],
    ['{"model":"a"}{"model":"b"}', 'invalid_json', 'not valid JSON'],
    ['["model"]', 'invalid_json', 'JSON object'],
    ['null', 'invalid_json', 'JSON object'],
    ['{}', 'invalid_request', 'names no model'],
    ['{"messages":[{"model":"a"}]}', 'invalid_request', 'names no model'],
    ['{"model":null}', 'invalid_request', 'non-empty string'],
    ['{"model":""}', 'invalid_request', 'non-empty string'],
    ['{"model":["a"]}', 'invalid_request', 'non-empty string'],
    ['{"model":"a","model":"b"}', 'invalid_request', 'twice'],
    ['{"model":"a","mod\\u0065l":"b"}', 'invalid_request', 'twice'],
    ['{"stream":true,"model":"a","stream":false}', 'invalid_request', 'twice'],
  ])('%s', (body, code, message) => {
    const error = refusal(body)
    expect(error.code).toBe(code)
    expect(error.status).toBe(400)
    expect(error.message).toContain(message)
  })

  it('names where the JSON breaks, and never quotes the body', () => {
    const error = refusal('{"model":"secret-name" "x":1}')
    expect(error.message).toContain('character 23')
    expect(error.message).not.toContain('secret')
    expect(error.cause).toBeUndefined()
  })

  it('bytes that are no UTF-8', () => {
    const body = bytes('{"model":"aXb"}')
    body[11] = 0xff
    expect(refusal(body).message).toContain('UTF-8')
  })

  it('a body that nests too deeply, before it is parsed', () => {
    const nest = (levels: number) => `{"model":"a","x":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect(refusal('{"a":'.repeat(1_000_000)).message).toContain('deeper than 64')
    expect(refusal(nest(MAX_DEPTH)).message).toContain('deeper than 64')
    expect(readBody(bytes(nest(MAX_DEPTH - 1))).json.model).toBe('a')
  })

  it('a body with too many entries', () => {
    const many = (count: number) => `{"model":"a","x":[${'0,'.repeat(count - 1)}0]}`
    expect(refusal(many(MAX_ENTRIES)).message).toContain('more than 100000')
    expect(readBody(bytes(many(MAX_ENTRIES - 3))).json.model).toBe('a')
  })
})

it('repeated keys that route nothing are left to JSON', () => {
  expect(readBody(bytes('{"model":"a","x":1,"x":2,"y":{"stream":1,"stream":2}}')).json.x).toBe(2)
})

it('a __proto__ key changes no prototype', () => {
  const { json } = readBody(bytes('{"model":"a","__proto__":{"polluted":true,"stream":true}}'))
  expect(json.polluted).toBeUndefined()
  expect(json.stream).toBeUndefined()
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})
