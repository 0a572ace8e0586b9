import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createShares } from './shares.ts'

const weigh = (keys: string, options = { keyShare: 0.5, forgetting: 1 }) => {
  const shares = createShares(options)
  return [...keys].map((key) => shares.weigh(key))
}

it('lets one key alone say all it has to say', () => {
  expect(weigh('aaaaa', { keyShare: 0.1, forgetting: 0.9 })).toEqual([1, 1, 1, 1, 1])
})

it('lets no key be more than one lesson ahead of its share, from the second key on', () => {
  // a, a: alone, remembered as one lesson. b: 1 · (1 + 1) − 0. a: 1 · (1 + 1) − 1, then nothing until b has said more.
  expect(weigh('aabaaaba')).toEqual([1, 1, 1, 1, 0, 0, 1, 1])
  // A fifth of all: 0.25 · (others + 1); but of two keys each may have half.
  expect(weigh('abababab', { keyShare: 0.2, forgetting: 1 })).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  expect(weigh('aabaaaba', { keyShare: 1, forgetting: 1 })).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
})

it('holds whoever speaks when, at every lesson', () => {
  const lessons = fc.array(fc.constantFrom('a', 'a', 'a', 'b', 'c', 'd'), { maxLength: 200 })
  fc.assert(
    fc.property(lessons, fc.constantFrom(0.1, 0.25, 0.4, 0.5, 0.75), (keys, keyShare) => {
      const shares = createShares({ keyShare, forgetting: 1 })
      const sums = new Map<string, number>()
      for (const key of keys) {
        const weight = shares.weigh(key)
        expect(weight).toBeGreaterThanOrEqual(0)
        expect(weight).toBeLessThanOrEqual(1)
        const alone = sums.size === 0 || (sums.size === 1 && sums.has(key))
        sums.set(key, alone ? 1 : (sums.get(key) ?? 0) + weight)
        const share = Math.max(keyShare, 1 / sums.size)
        const others = [...sums].reduce((sum, [other, own]) => (other === key ? sum : sum + own), 0)
        if (!alone && weight > 0) {
          expect(sums.get(key)).toBeLessThanOrEqual((share / (1 - share)) * (others + 1) + 1e-9)
        }
      }
    }),
  )
})

it('forgets a key that has long said nothing', () => {
  const weights = weigh(`ab${'a'.repeat(200)}`, { keyShare: 0.5, forgetting: 0.99 })
  expect(weights.slice(3, 50).every((weight) => weight < 0.1)).toBe(true)
  expect(weights.slice(100).every((weight) => weight === 1)).toBe(true)
})

it('goes on from its tallies as if it had never stopped', () => {
  const options = { keyShare: 0.4, forgetting: 0.97 }
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c')), fc.array(fc.constantFrom('a', 'b', 'c')), (first, then) => {
      const whole = createShares(options)
      for (const key of first) whole.weigh(key)
      const again = createShares(options, JSON.parse(JSON.stringify(whole.tallies)))
      for (const key of then) expect(again.weigh(key)).toBe(whole.weigh(key))
    }),
  )
})
