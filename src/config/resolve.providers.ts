/** Providers: addresses, headers, secrets. An upstream's origin and its key come from here and from nowhere else. */
import type { ModelPattern, ProviderSettings } from './config.ts'
import type { Report } from './report.ts'
import type { ProviderFile } from './schema.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export function resolveProvider(id: string, file: ProviderFile, env: Environment, report: Report): ProviderSettings {
  const { kind, timeouts, retry, breaker } = file
  const common = { id, kind, timeouts, retry, breaker }
  if (file.kind === 'demo' || file.kind === 'replay') {
    return {
      ...common,
      wire: file.wire,
      // Never leaves the process; the name can be no host's (RFC 2606).
      baseUrl: `http://${file.kind}.invalid/v1`,
      apiKey: null,
      headers: {},
      ...(file.kind === 'replay' && { replay: { data: file.data, latency: file.latency } }),
    }
  }
  const path = ['providers', id]
  const apiKey = file.apiKey ? readSecret(file.apiKey, env, [...path, 'apiKey', 'env'], report) : null
  return {
    ...common,
    wire: file.kind,
    baseUrl: readAddress(file.baseUrl, apiKey, [...path, 'baseUrl'], report),
    apiKey,
    headers: readHeaders(file.headers, env, [...path, 'headers'], report),
  }
}

/** Lists come before `'*'`: what is said of some models counts more than what is said of all. */
export function modelPatterns(providers: Readonly<Record<string, ProviderFile>>): ModelPattern[] {
  const lists: ModelPattern[] = []
  const all: ModelPattern[] = []
  for (const [provider, file] of Object.entries(providers)) {
    if (!('models' in file)) continue
    if (file.models === '*') all.push({ provider, pattern: '*' })
    else lists.push(...file.models.map((pattern) => ({ provider, pattern })))
  }
  return [...lists, ...all]
}

/** Every secret of the providers, as `readSecret` finds them. */
export function providerSecrets(providers: Readonly<Record<string, ProviderFile>>, env: Environment): string[] {
  const sources = Object.values(providers).flatMap((file) =>
    'headers' in file ? [file.apiKey, ...Object.values(file.headers)] : [],
  )
  return sources.flatMap((source) => (typeof source === 'object' ? env[source.env]?.trim() || [] : []))
}

/** The value of an environment variable; unset and empty are the same problem. */
export function readSecret(
  { env: name }: { readonly env: string },
  env: Environment,
  path: readonly PropertyKey[],
  report: Report,
): string | null {
  const value = env[name]?.trim()
  if (value) return value
  report.problem(path, `the environment variable ${name} is not set. Set it, or take this entry out.`)
  return null
}

/** An API's origin and path, without a slash at its end. A problem leaves the text as it is. */
export function readAddress(text: string, apiKey: string | null, path: readonly PropertyKey[], report: Report): string {
  const url = readBaseUrl(text, path, report)
  if (url?.protocol === 'http:' && apiKey !== null && !isLoopback(url.hostname)) {
    report.warning(path, 'the key travels unencrypted: use https.')
  }
  return url ? url.href.replace(/\/+$/, '') : text
}

function readBaseUrl(text: string, path: readonly PropertyKey[], report: Report): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    report.problem(path, 'not an http or https address. Write it like https://api.example.com/v1.')
    return null
  }
  if (url.username || url.password) {
    report.problem(path, 'carries credentials. Use `apiKey` or `headers` with {"env": "NAME"}.')
    return null
  }
  if (text.includes('?') || text.includes('#')) {
    report.problem(path, 'carries a query or a fragment. Only origin and path are allowed.')
    return null
  }
  return url
}

/** Headers that decide where a request goes, how its body is framed, or what the gateway sets itself. */
const RESERVED = new Set(
  'host connection keep-alive proxy-connection transfer-encoding te trailer upgrade expect content-length content-type accept-encoding'.split(
    ' ',
  ),
)
/** Headers whose value is a secret by nature. */
const SECRET = new Set('authorization proxy-authorization x-api-key api-key cookie'.split(' '))

function readHeaders(
  headers: Extract<ProviderFile, { kind: 'openai' }>['headers'],
  env: Environment,
  path: readonly PropertyKey[],
  report: Report,
): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [written, source] of Object.entries(headers)) {
    const name = written.toLowerCase()
    const here = [...path, written]
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) report.problem(here, 'not a header name.')
    else if (RESERVED.has(name)) report.problem(here, 'set by the gateway itself; take it out.')
    else if (name in result) report.problem(here, 'given twice.')
    else if (typeof source === 'string' && SECRET.has(name)) {
      report.problem(here, 'secrets are read from the environment only: write {"env": "NAME"}.')
    } else {
      const value = typeof source === 'string' ? source : readSecret(source, env, [...here, 'env'], report)
      if (value === null) continue
      // What HTTP allows in a field value (RFC 9110, 5.5), in ASCII.
      if (/^[\t\x20-\x7e]*$/.test(value)) result[name] = value
      else report.problem(here, 'the value has characters that a header must not have.')
    }
  }
  return result
}

/** Is this host reachable from this machine alone? */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}
