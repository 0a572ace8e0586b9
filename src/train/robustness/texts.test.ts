import { expect, it } from 'vitest'
import { createWorld } from './fixture.ts'
import { createTexts, readOnce } from './texts.ts'

it('lends a row to a wording and takes it back, whatever happens meanwhile', async () => {
  const { set, queries } = await createWorld(8)
  const texts = createTexts(set, queries)
  const [query] = await readOnce(['Other'], null)
  const wording = { origin: 3, prompt: 'Other', query: query! }
  const first = texts.lend([wording], ([row]) => {
    expect(texts.set.queries[row!]).toEqual({ ...set.queries[3], prompt: 'Other' })
    expect(texts.queries.get(row!)).toBe(query)
    expect(texts.originOf(row!)).toBe(3)
    return row!
  })
  expect(first).toBe(8)
  expect(texts.queries.size).toBe(8)
  expect(texts.set.queries[first]!.prompt).toBe('')
  expect(() =>
    texts.lend([wording], () => {
      throw new Error('midway')
    }),
  ).toThrow('midway')
  expect(texts.queries.size).toBe(8)
  expect(texts.lend([wording], ([row]) => row)).toBe(10)
  expect(set.queries).toHaveLength(8)
  expect(texts.originOf(5)).toBe(5)
})
