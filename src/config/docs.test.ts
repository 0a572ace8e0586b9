import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { estimators, planners, presets } from '../../routers/index.ts'
import { configJsonSchema, configReference } from './docs.ts'
import { parseConfig } from './parse.ts'
import { ESTIMATORS, PLANNERS, PRESETS } from './schema.ts'
import { parseText } from './text.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const example = read('examples/switchyard.config.jsonc')

describe('the reference', () => {
  it('is current: `npm run docs:config` was run after the last change of the schema', () => {
    expect(read('docs/config.md')).toBe(configReference(example))
    expect(JSON.parse(read('schema/config.schema.json'))).toEqual(configJsonSchema())
  })

  it('describes every key', () => {
    const undescribed: string[] = []
    const visit = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, value] of Object.entries(node)) {
        if (key === 'properties') {
          for (const [name, property] of Object.entries(value)) {
            if (typeof property === 'object' && property && !('description' in property))
              undescribed.push(`${path}.${name}`)
          }
        }
        visit(value, key === 'properties' ? path : `${path}.${key}`)
      }
    }
    visit(configJsonSchema(), '')
    expect(undescribed).toEqual([])
  })

  it('has one row for a key that only some kinds of provider have', () => {
    const rows = read('docs/config.md')
      .split('\n')
      .filter((line) => line.startsWith('| `providers.ID.apiKey` '))
    expect(rows).toHaveLength(1)
    expect(rows[0]).toContain('Only `openai`, `anthropic`.')
  })
})

it('the example is valid, and safe to copy', async () => {
  const text = parseText({ path: 'x.jsonc', text: example })
  const env = { OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a', SWITCHYARD_WEB_KEY: 'w' }
  const parsed = await parseConfig('value' in text ? text.value : null, env)
  expect(parsed).not.toHaveProperty('problems')
  expect(parsed).toHaveProperty('warnings', [])
  // A digest of a known word would open the gateway of whoever copies the example.
  expect(example.match(/"sha256": "([^"]*)"/)?.[1]).toBe('0'.repeat(64))
})

it('the names of routers in the schema are those there are', () => {
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)
  expect([...ESTIMATORS]).toEqual(names(estimators))
  expect([...PLANNERS]).toEqual(names(planners))
  expect([...PRESETS]).toEqual(names(presets))
})
