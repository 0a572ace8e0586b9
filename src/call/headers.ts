/** Which headers go to an upstream, and which of its answer's headers come back. Both ways only what is listed or meant. */
import type { Exchange, Provider } from '../spec.ts'

/** Never taken from a request: ours to set, the connection's, or the client's secrets. */
const WITHHELD = new Set([
  'authorization',
  'x-api-key',
  'api-key',
  'cookie',
  'host',
  'content-length',
  'accept-encoding',
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

const RETURNED = new Set([
  'content-type',
  'x-request-id',
  'request-id',
  'cf-ray',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'anthropic-organization-id',
])

const RETURNED_PREFIXES = ['openai-', 'x-ratelimit-', 'anthropic-ratelimit-'] as const

/** The API version that is sent when the client named none. */
const ANTHROPIC_VERSION = '2023-06-01'

/**
 * The headers of an upstream call, lower case: the dialect's own, the provider's key, then the configuration's extra
 * headers, which have the last word. Answers are asked for uncompressed, because their bytes are read on the way.
 */
export function upstreamHeaders(provider: Provider, exchange: Exchange): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: exchange.stream ? 'text/event-stream' : 'application/json',
  }
  if (provider.wire === 'anthropic') headers['anthropic-version'] = ANTHROPIC_VERSION
  for (const [name, value] of Object.entries(exchange.headers)) {
    const lower = name.toLowerCase()
    if (!WITHHELD.has(lower)) headers[lower] = value
  }
  if (provider.apiKey !== null) {
    if (provider.wire === 'anthropic') headers['x-api-key'] = provider.apiKey
    else headers.authorization = `Bearer ${provider.apiKey}`
  }
  for (const [name, value] of Object.entries(provider.headers)) headers[name.toLowerCase()] = value
  headers['accept-encoding'] = 'identity'
  return headers
}

/** The headers of an upstream's answer that the client may see. Cookies, encodings, lengths and hop-by-hop headers are not among them. */
export function returnedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name in headers) {
    if (RETURNED.has(name) || RETURNED_PREFIXES.some((prefix) => name.startsWith(prefix))) kept[name] = headers[name]!
  }
  return kept
}
