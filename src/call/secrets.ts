/** Some upstreams repeat in an error what they were sent. The provider's secrets stay here all the same. */
import type { Provider } from '../spec.ts'

const MASK = '[redacted]'
/** Shorter header values are no secrets, and would be found everywhere. */
const MIN_LENGTH = 8

/** An upstream's words about a failure without the key and the configured header values of its provider, plain or as JSON writes them. */
export function withhold(text: string, { apiKey, headers }: Pick<Provider, 'apiKey' | 'headers'>): string {
  let clean = text
  for (const secret of [apiKey ?? '', ...Object.values(headers)]) {
    if (secret.length < MIN_LENGTH) continue
    clean = clean.replaceAll(secret, MASK).replaceAll(JSON.stringify(secret).slice(1, -1), MASK)
  }
  return clean
}

/** The same for bytes; they are returned as they are where nothing is found. */
export function withholdBytes(bytes: Uint8Array, provider: Pick<Provider, 'apiKey' | 'headers'>): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  const clean = withhold(text, provider)
  return clean === text ? bytes : new TextEncoder().encode(clean)
}
