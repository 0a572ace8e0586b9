/** What an answer must be to be the JSON that was asked for, in every runtime: run by the tests of each. */
import { describe, expect, it } from 'vitest'
import { isAsked } from './json.ts'

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    pattern: { type: 'integer' },
    tags: { type: 'array', items: { $ref: '#/$defs/tag' } },
    size: { anyOf: [{ type: 'number', minimum: 1 }, { type: 'null' }] },
  },
  required: ['name', 'pattern', 'tags', 'size'],
  additionalProperties: false,
  $defs: { tag: { type: 'string', enum: ['a', 'b'] } },
}
const good = { name: 'n', pattern: 1, tags: ['a'], size: null }

export function describeJson(runtime: string): void {
  describe(`an answer in JSON, in ${runtime}`, () => {
    it('is JSON', () => {
      for (const text of ['{}', '[1]', '"a"', 'null', ' {"a": 1}\n']) expect(isAsked(text, {})).toBe(true)
      for (const text of ['', 'Sure!', '{"a": 1', '```json\n{}\n```', "{'a': 1}"]) expect(isAsked(text, {})).toBe(false)
    })

    it('is by the schema', () => {
      const holds = (changes: object) => isAsked(JSON.stringify({ ...good, ...changes }), { schema })
      expect(holds({})).toBe(true)
      expect(holds({ tags: ['a', 'b'], size: 3 })).toBe(true)
      for (const changes of [
        { name: 1 },
        { pattern: 'x' },
        { tags: ['c'] },
        { size: 0 },
        { more: 1 },
        { tags: null },
      ]) {
        expect(holds(changes)).toBe(false)
      }
      expect(isAsked('{"name": "n"}', { schema })).toBe(false)
    })

    it('knows schemas that refer to themselves', () => {
      const tree = { type: 'object', properties: { child: { $ref: '#' } }, additionalProperties: false }
      expect(isAsked('{"child": {"child": {}}}', { schema: tree })).toBe(true)
      expect(isAsked('{"child": {"child": 3}}', { schema: tree })).toBe(false)
    })

    it('is any JSON where the schema cannot be checked here', () => {
      for (const odd of [
        { $ref: 'https://example.com/s' },
        { type: 'nope' },
        { dependentRequired: {} },
        'text',
        7,
        null,
        [],
      ]) {
        expect(isAsked('3', { schema: odd })).toBe(true)
        expect(isAsked('no', { schema: odd })).toBe(false)
      }
    })

    it('is not held against a pattern, which could take for ever to match', () => {
      const slow = { type: 'string', pattern: '^(a+)+$' }
      const text = JSON.stringify(`${'a'.repeat(50)}!`)
      expect(isAsked(text, { schema: slow })).toBe(true)
      const keys = { type: 'object', patternProperties: { '^(a+)+$': { type: 'number' } } }
      expect(isAsked(`{${text}: 1}`, { schema: keys })).toBe(true)
    })
  })
}
