import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { lonely } from './lonely.ts'

/** A unit vector near one of two directions. */
function near(direction: number, random: () => number): Float32Array {
  const values = Float32Array.from({ length: 8 }, (_, i) => (i === direction ? 2 : 0) + random() - 0.5)
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}

it('finds a text that is far from both kinds of traffic, also where it was sent twice', () => {
  const random = createRandom(1)
  const vectors = Array.from({ length: 60 }, (_, i) => near(i % 2, random))
  const far = Float32Array.from([0, 0, 0, 0, 0, 0, 0, -1])
  const texts = vectors.map((_, i) => `text ${i}`)
  expect(lonely([...vectors, null, far, far], [...texts, 'unembedded', 'far', 'far'])).toEqual([61, 62])
  expect(lonely(vectors, texts)).toEqual([])
})

it('leaves a small cluster in peace: its texts have each other', () => {
  const random = createRandom(2)
  const traffic = Array.from({ length: 60 }, () => near(0, random))
  const small = Array.from({ length: 5 }, (_, i) => {
    const angle = 0.1 * i
    return Float32Array.from([0, 0, 0, 0, 0, Math.cos(angle), Math.sin(angle), 0])
  })
  const vectors = [...traffic, ...small]
  const texts = vectors.map((_, i) => `${i}`)
  expect(lonely(vectors, texts).filter((i) => i >= traffic.length)).toEqual([])
  expect(lonely([...traffic, small[0]!], texts.slice(0, 61))).toContain(60)
})

it('knows nothing of few or no vectors', () => {
  expect(lonely([], [])).toEqual([])
  expect(lonely([Float32Array.of(1)], ['one'])).toEqual([])
  expect(lonely([null, null], ['a', 'b'])).toEqual([])
})
