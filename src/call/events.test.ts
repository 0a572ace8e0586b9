import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEventCutter } from './events.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** Text made of what matters, cut anywhere. */
const stream = fc.array(fc.constantFrom('data: x', '\n', '\r\n', '\r', '\n\n', '\r\n\r\n', ': c', 'é'), {
  maxLength: 40,
})
const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 40 })

test('nothing is lost or reordered, every piece ends with a blank line, and what is held back holds none', () => {
  fc.assert(
    fc.property(stream, sizes, (tokens, cuts) => {
      const all = bytesOf(tokens.join(''))
      const cutter = createEventCutter()
      let out = ''
      for (let at = 0, i = 0; at < all.length; i++) {
        const size = cuts[i % cuts.length]!
        const piece = cutter.push(all.subarray(at, at + size))
        at += size
        out += Buffer.from(piece).toString('latin1')
        if (piece.length > 0) expect(out).toMatch(/(\n\n|\n\r\n|\r\r)$/)
      }
      const expected = Buffer.from(all).toString('latin1')
      expect(expected.startsWith(out)).toBe(true)
      expect(cutter.held).toBe(expected.length - out.length)
      // A blank line that ends after all that was let through would have been let through itself.
      const ends = [...expected.matchAll(/(?<=\n\n|\n\r\n|\r\r)/g)].map((match) => match.index)
      expect(out.length).toBe(ends.at(-1) ?? 0)
    }),
    { numRuns: 2000 },
  )
})

test('a chunk of whole events is passed on as it is, without a copy', () => {
  const chunk = bytesOf('data: 1\n\ndata: 2\n\n')
  expect(createEventCutter().push(chunk)).toBe(chunk)
})

test('one-byte chunks of a long event cost linear time', () => {
  const cutter = createEventCutter()
  const byte = bytesOf('x')
  for (let i = 0; i < 300_000; i++) cutter.push(byte)
  expect(cutter.held).toBe(300_000)
})
