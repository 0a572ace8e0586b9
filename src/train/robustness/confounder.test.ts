import { describe, expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { climb, randomPrefix, vocabularyOf } from './confounder.ts'

const vocabulary = Array.from({ length: 20 }, (_, i) => `w${i}`)
const countOf = (word: string, prefix: string) => prefix.split(' ').filter((one) => one === word).length
const options = { vocabulary, length: 4, proposals: 10, evaluations: 400 }

describe('climb', () => {
  it('finds the words that score, and only keeps what is no worse', async () => {
    const reached: number[] = []
    const score = async (prefixes: readonly string[]) => {
      const scores = prefixes.map((prefix) => countOf('w7', prefix))
      reached.push(Math.max(...scores))
      return scores
    }
    const found = await climb(score, { ...options, random: createRandom(1) })
    expect(found).toEqual({ prefix: 'w7 w7 w7 w7 ', score: 4 })
    expect(reached[0]).toBeLessThan(4)
  })

  it('crosses a plateau: two words that score only together', async () => {
    const score = async (prefixes: readonly string[]) =>
      prefixes.map((prefix) => (countOf('w1', prefix) > 0 && countOf('w2', prefix) > 0 ? 1 : 0))
    const found = await climb(score, { ...options, evaluations: 4000, random: createRandom(2) })
    expect(found.score).toBe(1)
  })

  it('scores no more prefixes than it may, each of the right length', async () => {
    for (const evaluations of [1, 2, 10, 25]) {
      const seen: string[] = []
      const score = async (prefixes: readonly string[]) => {
        seen.push(...prefixes)
        return prefixes.map(() => 0)
      }
      await climb(score, { ...options, evaluations, random: createRandom(3) })
      expect(seen).toHaveLength(evaluations)
      for (const prefix of seen) expect(prefix.trimEnd().split(' ')).toHaveLength(4)
    }
  })

  it('is deterministic', async () => {
    const score = async (prefixes: readonly string[]) => prefixes.map((prefix) => prefix.length)
    const run = () => climb(score, { ...options, random: createRandom(4) })
    expect(await run()).toEqual(await run())
    expect(randomPrefix(vocabulary, 3, createRandom(5))).toBe(randomPrefix(vocabulary, 3, createRandom(5)))
  })
})

it('the vocabulary is every word once, without those that are too long', () => {
  expect(vocabularyOf(['one two\none', ' three: two ', 'incomprehensibilities'], 8)).toEqual(['one', 'two', 'three:'])
})
