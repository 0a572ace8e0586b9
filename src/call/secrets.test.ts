import { expect, test } from 'vitest'
import { withhold, withholdBytes } from './secrets.ts'

const provider = { apiKey: 'key-"quoted"-4711', headers: { 'x-tenant': 'tenant-secret', 'x-title': 'app' } }

test('secrets are masked wherever they stand, as they are and as JSON writes them; short values are left alone', () => {
  const text = `a ${provider.apiKey} ${JSON.stringify({ said: provider.apiKey })} tenant-secret app`
  expect(withhold(text, provider)).toBe('a [redacted] {"said":"[redacted]"} [redacted] app')
  expect(withhold('nothing', { apiKey: null, headers: {} })).toBe('nothing')
})

test('bytes without a secret stay the same, also where they are no text', () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0xc3)
  expect(withholdBytes(bytes, provider)).toBe(bytes)
  expect(new TextDecoder().decode(withholdBytes(new TextEncoder().encode('tenant-secret!'), provider))).toBe(
    '[redacted]!',
  )
})
