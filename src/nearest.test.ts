import { expect, it } from 'vitest'
import { meantName, nearestNames } from './nearest.ts'

it('names the nearest first; two swapped letters are one edit', () => {
  expect(nearestNames('gpt-lrage', ['claude', 'gpt-small', 'gpt-large', 'GPT-LARGER'])).toEqual([
    'gpt-large',
    'GPT-LARGER',
    'gpt-small',
  ])
  expect(nearestNames('ab', ['cb', 'ba', 'xyz'], 1)).toEqual(['cb'])
  expect(nearestNames('anything', [])).toEqual([])
})

it('takes for meant only what is near', () => {
  expect(meantName('prot', ['host', 'port'])).toBe('port')
  expect(meantName('Port', ['port'])).toBe('port')
  expect(meantName('zzz', ['host', 'port'])).toBeNull()
  expect(meantName('', ['a'])).toBe('a')
  expect(meantName('x', [])).toBeNull()
})

it('looks at the beginning of an endless name', () => {
  expect(nearestNames(`gpt${'z'.repeat(1e6)}`, ['gpt-large', `gpt${'z'.repeat(80)}`], 1)).toEqual([
    `gpt${'z'.repeat(80)}`,
  ])
})
