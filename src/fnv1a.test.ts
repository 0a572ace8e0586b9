import { expect, it } from 'vitest'
import { fnv1a } from './fnv1a.ts'

it('is the hash of its authors’ test vectors', () => {
  const hashes = ['', 'a', 'b', 'foobar'].map((text) => fnv1a(text).toString(16))
  expect(hashes).toEqual(['811c9dc5', 'e40c292c', 'e70c2de5', 'bf9cf968'])
})
