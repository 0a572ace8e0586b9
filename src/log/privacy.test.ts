import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRow } from '../spec.ts'
import { sampleDecision, sampleOutcome } from './contract.ts'
import { applyRetention, hashText } from './privacy.ts'
import { sha256 } from './sha256.node.ts'

const salt = 'a'.repeat(64)
const decided = (text: string): LogRow => ({
  table: 'decisions',
  row: sampleDecision('d', { query: { ...sampleDecision('d').query, text } }),
})
const scored = (comment?: string): LogRow => ({
  table: 'feedback',
  row: { decision: 'd', principal: 'p', value: 1, source: 'user', at: 1, ...(comment !== undefined && { comment }) },
})
const answered = (answer: string): LogRow => ({ table: 'outcomes', row: sampleOutcome('d', { answer }) })

test('SHA-256 is the standard one', () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('a hash depends on text and salt', () => {
  const hash = hashText('Hello', salt, sha256)
  expect(hashText('Hello', salt, sha256)).toBe(hash)
  expect(hashText('hello', salt, sha256)).not.toBe(hash)
  expect(hashText('Hello', 'b'.repeat(64), sha256)).not.toBe(hash)
})

test('by default no text passes, and nothing else is lost', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8, unit: 'grapheme' }), (secret) => {
      expect(applyRetention(decided(secret), { text: false })).toEqual({ table: 'decisions', row: sampleDecision('d') })
      expect(applyRetention(answered(secret), { text: false })).toEqual({ table: 'outcomes', row: sampleOutcome('d') })
      expect(applyRetention(scored(secret), { text: false })).toEqual(scored())
    }),
  )
})

test('with text retention it is kept', () => {
  expect(applyRetention(decided('Hello'), { text: true })).toEqual(decided('Hello'))
  expect(applyRetention(answered('Hi'), { text: true })).toEqual(answered('Hi'))
  expect(applyRetention(scored('Hm'), { text: true })).toEqual(scored('Hm'))
})
