import { describe, expect, it } from 'vitest'
import type { Encoder } from '../spec.ts'
import { cachedEncoder } from './cache.ts'
import { createHashEncoder } from './hash.ts'

/** The hash encoder, with a record of what it was asked. */
function recorded(fail = () => false): { encoder: Encoder; asked: string[][] } {
  const hash = createHashEncoder()
  const asked: string[][] = []
  const embed = async (texts: readonly string[]) => {
    asked.push([...texts])
    if (fail()) throw new Error('down')
    return hash.embed(texts)
  }
  return { encoder: { ...hash, embed }, asked }
}

describe('cachedEncoder', () => {
  it('asks once per text and answers hits at once', async () => {
    const { encoder, asked } = recorded()
    const cached = cachedEncoder(encoder, { maxEntries: 10 })
    expect(cached.peek('a')).toBeUndefined()
    const [a, b, again] = await cached.embed(['a', 'b', 'a'])
    expect(again).toBe(a)
    expect(cached.peek('b')).toBe(b)
    await cached.embed(['b', 'c'])
    expect(asked).toEqual([['a', 'b'], ['c']])
    expect([a, b]).toEqual(await createHashEncoder().embed(['a', 'b']))
  })

  it('shares what is under way', async () => {
    const { encoder, asked } = recorded()
    const cached = cachedEncoder(encoder, { maxEntries: 10 })
    const answers = await Promise.all([cached.embed(['a']), cached.embed(['a', 'b']), cached.embed(['b'])])
    expect(asked).toEqual([['a'], ['b']])
    expect(answers[1]).toEqual([answers[0]![0], answers[2]![0]])
  })

  it('does not keep failures', async () => {
    let down = true
    const { encoder } = recorded(() => down)
    const cached = cachedEncoder(encoder, { maxEntries: 10 })
    await expect(cached.embed(['a'])).rejects.toThrow('down')
    down = false
    await expect(cached.embed(['a'])).resolves.toHaveLength(1)
  })

  it('is bounded by entries and by bytes, dropping the least recently used', async () => {
    const few = cachedEncoder(createHashEncoder(), { maxEntries: 2 })
    await few.embed(['a'])
    await few.embed(['b'])
    few.peek('a')
    await few.embed(['c'])
    expect(['a', 'b', 'c'].map((text) => few.peek(text) !== undefined)).toEqual([true, false, true])

    const small = cachedEncoder(createHashEncoder({ dim: 100 }), { maxEntries: 100, maxBytes: 1000 })
    await small.embed(['a', 'b', 'c'])
    expect(['a', 'b', 'c'].filter((text) => small.peek(text) !== undefined)).toHaveLength(2)
    expect(await small.embed(['too long to keep '.repeat(100)])).toHaveLength(1)
  })
})
