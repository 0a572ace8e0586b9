import { expect, it } from 'vitest'
import { sampleDecision } from '../log/contract.ts'
import type { Decision } from '../spec.ts'
import { createRepeats } from './repeats.ts'

const asking = (id: string, at: number, changes: Partial<Decision> = {}) => sampleDecision(id, { at, ...changes })
const { query } = sampleDecision('')

it('knows who asked the same soon before', () => {
  const repeats = createRepeats()
  expect(repeats.of(asking('a', 0))).toBeNull()
  expect(repeats.of(asking('other key', 1, { tenant: 'bob' }))).toBeNull()
  expect(repeats.of(asking('other text', 2, { query: { ...query, hash: 'c' } }))).toBeNull()
  expect(repeats.of(asking('next step of a tool loop', 3, { query: { ...query, chars: query.chars + 9 } }))).toBeNull()
  expect(repeats.of(asking('b', 60_000))).toBe('a')
  expect(repeats.of(asking('c', 360_000))).toBe('b')
  expect(repeats.of(asking('too late', 660_001))).toBeNull()
})

it('counts one who names a model after a routed answer, and nobody who repeats a named one', () => {
  const repeats = createRepeats()
  repeats.of(asking('routed', 0))
  expect(repeats.of(asking('named', 1, { route: null }))).toBe('routed')
  expect(repeats.of(asking('again', 2))).toBeNull()
})
