import { expect, test } from 'vitest'
import type { Exchange, Provider, Wire } from '../spec.ts'
import { returnedHeaders, upstreamHeaders } from './headers.ts'

function sent(wire: Wire, fromClient: Record<string, string>, fromConfig: Record<string, string> = {}) {
  const provider = { wire, apiKey: 'ours', headers: fromConfig } as Provider
  return upstreamHeaders(provider, { headers: fromClient, stream: true } as Exchange)
}

test("the client's secrets, cookies and connection headers never reach an upstream", () => {
  const client = {
    Authorization: 'Bearer theirs',
    'X-API-Key': 'theirs',
    Cookie: 'theirs',
    Host: 'theirs',
    connection: 'theirs',
    'content-length': '1',
    'proxy-authorization': 'theirs',
    'accept-encoding': 'gzip',
  }
  for (const wire of ['openai', 'anthropic'] as const) {
    const headers = sent(wire, client)
    expect(JSON.stringify(headers)).not.toContain('theirs')
    expect(headers['content-length']).toBeUndefined()
    expect(headers['accept-encoding']).toBe('identity')
  }
})

test('each vendor gets its key its own way, and Anthropic a version unless the client named one', () => {
  expect(sent('openai', {})).toMatchObject({ authorization: 'Bearer ours' })
  expect(sent('openai', {})).not.toHaveProperty('anthropic-version')
  expect(sent('anthropic', {})).toMatchObject({ 'x-api-key': 'ours', 'anthropic-version': '2023-06-01' })
  expect(sent('anthropic', { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'b' })).toMatchObject({
    'anthropic-version': '2026-10-21',
    'anthropic-beta': 'b',
  })
})

test('the configuration has the last word, whatever the case of its names', () => {
  expect(sent('openai', {}, { Authorization: 'Azure', 'X-Team': 'a' })).toMatchObject({
    authorization: 'Azure',
    'x-team': 'a',
  })
})

test('what comes back is what a client may see', () => {
  const kept = {
    'content-type': 'text/event-stream',
    'x-request-id': '1',
    'request-id': '2',
    'retry-after': '3',
    'retry-after-ms': '3000',
    'x-should-retry': 'true',
    'x-ratelimit-remaining-tokens': '4',
    'anthropic-ratelimit-tokens-reset': '5',
    'openai-processing-ms': '6',
    'anthropic-organization-id': '7',
  }
  const dropped = {
    'set-cookie': 'a',
    'content-length': '1',
    'content-encoding': 'gzip',
    connection: 'close',
    'transfer-encoding': 'chunked',
    server: 'x',
    location: 'y',
  }
  expect(returnedHeaders({ ...kept, ...dropped })).toEqual(kept)
})
