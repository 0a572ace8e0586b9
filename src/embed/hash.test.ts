import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createHashEncoder } from './hash.ts'

const encoder = createHashEncoder({ dim: 32 })

it('gives unit vectors that depend on the text alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (text, other) => {
      const [alone] = await encoder.embed([text])
      const [, beside] = await encoder.embed([other, text])
      expect(beside).toEqual(alone)
      expect(Math.hypot(...alone!)).toBeCloseTo(1, 5)
    }),
  )
})

it('puts texts that share words near each other', async () => {
  const [a, b, c] = await encoder.embed([
    'the cat sat on the mat',
    'a cat sat on a mat',
    'quarterly revenue grew strongly',
  ])
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  expect(dot(a!, b!)).toBeGreaterThan(dot(a!, c!) + 0.2)
})
