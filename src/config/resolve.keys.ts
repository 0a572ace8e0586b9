/** Client keys: of a secret only its digest goes further. */
import { sha256Hex } from '../bytes.ts'
import type { KeySettings } from './config.ts'
import { hint } from './hints.ts'
import type { Report } from './report.ts'
import { type Environment, readSecret } from './resolve.providers.ts'
import type { KeyFile } from './schema.ts'

export async function resolveKey(
  file: KeyFile,
  path: readonly PropertyKey[],
  env: Environment,
  { routes: declared, report }: { readonly routes: readonly string[]; readonly report: Report },
): Promise<KeySettings> {
  const { name, routes, models, exploration, admin } = file
  if ((file.key === undefined) === (file.sha256 === undefined)) {
    report.problem(path, 'needs either `key`: {"env": "NAME"} or `sha256`.')
  }
  if (file.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(file.sha256)) {
    report.problem([...path, 'sha256'], 'not a SHA-256: 64 hex digits are expected.')
  }
  const secret = file.key ? readSecret(file.key, env, [...path, 'key', 'env'], report) : null
  if (secret !== null && !/^[\x21-\x7e]{1,512}$/.test(secret)) {
    report.problem(
      [...path, 'key'],
      'a key is at most 512 characters of ASCII without blanks; no client can send this one.',
    )
  }
  if (routes !== '*') {
    routes.forEach((route, i) => {
      if (declared.includes(route)) return
      report.problem([...path, 'routes', i], `no route "${route}".${hint(route, declared)}`)
    })
  }
  const { min, max = Number.POSITIVE_INFINITY, default: chosen } = file.lambda
  if (min > max) report.problem([...path, 'lambda'], `min (${min}) is above max (${max}).`)
  else if (chosen !== undefined && (chosen < min || chosen > max)) {
    report.problem([...path, 'lambda', 'default'], `${chosen} lies outside min and max.`)
  }
  return {
    sha256: secret === null ? (file.sha256 ?? '').toLowerCase() : await sha256Hex(new TextEncoder().encode(secret)),
    principal: {
      name,
      models,
      exploration,
      admin,
      lambda: file.lambda,
      ...(routes !== '*' && { routes }),
      ...file.limits,
    },
  }
}
