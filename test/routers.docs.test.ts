/** docs/routers.md has a section for every router that ships, with the options that it has. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { estimators, planners } from '../routers/index.ts'
import { root } from './gateway.ts'

const page = readFileSync(join(root, 'docs/routers.md'), 'utf8')
const part = (heading: string) => page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
const namesIn = (text: string) => [...text.matchAll(/^### `([\w-]+)`$/gmu)].map(([, name]) => name!)

it('names all routers, in the order of the list', () => {
  expect(namesIn(part('Estimators'))).toEqual(estimators.map(({ name }) => name))
  expect(namesIn(part('Planners'))).toEqual(planners.map(({ name }) => name))
})

describe.each(estimators)('$name', ({ name, defaults }) => {
  const section = part('Estimators').split(`\n### \`${name}\`\n`)[1]?.split('\n### ')[0] ?? ''

  it('says where it comes from, when to take it and what it costs', () => {
    expect([...section.matchAll(/^- \*\*(\w+)\*\*/gmu)].map(([, what]) => what)).toEqual(['From', 'When', 'Cost'])
  })

  it('has its options with their defaults', () => {
    const like = /options are those of `([\w-]+)`/u.exec(section)?.[1]
    if (like !== undefined) {
      expect(defaults).toEqual(estimators.find((other) => other.name === like)?.defaults)
      return
    }
    const rows = [...section.matchAll(/^\| `(\w+)` \| (.+?) \|/gmu)].map(([, option, value]) => [option, value])
    const own = Object.entries(defaults).filter(([option]) => option !== 'pseudoCount')
    expect(rows).toEqual(
      own.map(([option, value]) => [option, Array.isArray(value) ? value.join(', ') : String(value)]),
    )
    expect(defaults).toMatchObject({ pseudoCount: 5 })
  })
})
