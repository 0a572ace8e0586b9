import { createHash } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { SwitchyardError } from '../errors.ts'
import { ANONYMOUS, admit, type Principal } from './keys.ts'

const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex')
const alice: Principal = { name: 'alice', lambda: {}, models: true, exploration: true, admin: false }
const bob: Principal = {
  name: 'bob',
  lambda: { max: 5 },
  models: false,
  exploration: true,
  admin: false,
  requestsPerMinute: 60,
}
const keys = [
  { sha256: sha256Hex('sk-alice'), principal: alice },
  { sha256: sha256Hex('sk-bob'), principal: bob },
]
const as = (headers: Record<string, string>) => admit(new Headers(headers), keys, sha256Hex)

test.each([
  [{ authorization: 'Bearer sk-alice' }, alice],
  [{ authorization: 'bearer   sk-bob ' }, bob],
  [{ 'x-api-key': 'sk-bob' }, bob],
  [{ authorization: 'Basic eHg6eXk=', 'x-api-key': 'sk-alice' }, alice],
  [{ authorization: 'Bearer sk-alice', 'x-api-key': 'sk-bob' }, alice],
])('%j', (headers, principal) => {
  expect(as(headers as Record<string, string>)).toBe(principal)
})

test.each([
  {},
  { authorization: 'Bearer ' },
  { authorization: 'sk-alice' },
  { authorization: 'Bearer sk-alic' },
  { authorization: 'Bearer sk-alice2' },
  { authorization: 'Bearer SK-ALICE' },
  { authorization: `Bearer ${sha256Hex('sk-alice')}` },
  { 'x-api-key': 'sk-carol' },
])('%j is refused, and the answer does not repeat the key', (headers) => {
  expect(() => as(headers as Record<string, string>)).toThrow(SwitchyardError)
  expect(() => as(headers as Record<string, string>)).toThrow(/^(?!.*(alic|carol)).*key/i)
})

test('a malformed or oversized key costs no hash', () => {
  const hash = vi.fn(sha256Hex)
  for (const key of ['x'.repeat(10_000), 'sk alice', 'sk-älice'])
    expect(() => admit(new Headers({ 'x-api-key': key }), keys, hash)).toThrow(SwitchyardError)
  expect(hash).not.toHaveBeenCalled()
})

test('without keys everybody is the same', () => {
  expect(admit(new Headers(), [], sha256Hex)).toBe(ANONYMOUS)
})
