/** `switchyard doctor`. */
import { join, resolve } from 'node:path'
import { openEncoder } from '../compose/encoder.node.ts'
import type { Config, ProviderSettings } from '../config/config.ts'
import { describeEncoder } from '../embed/doctor.node.ts'
import { createPolicyFolder } from '../policy/folder.node.ts'
import { type ConfigArguments, describeProblem, requireConfig } from './config.ts'
import { logFile, withLog } from './log.ts'
import { EXIT, print } from './output.ts'
import { describeServing } from './serving.ts'

interface Finding {
  readonly part: string
  readonly ok: boolean
  readonly says: string
}

const REACH_TIMEOUT_MS = 5000

export async function doctor({
  json,
  offline = false,
  ...args
}: ConfigArguments & { json?: boolean; offline?: boolean }): Promise<void> {
  const { config, warnings, source } = await requireConfig(args)
  const findings: Finding[] = [
    { part: 'node', ok: true, says: `${process.version} on ${process.platform} ${process.arch}` },
    { part: 'config', ok: true, says: [source ?? 'from the environment', ...warnings.map(describeProblem)].join('\n') },
    await examine('encoder', () => examineEncoder(config)),
    await examine('log', () => examineLog(config)),
    await examine('policies', () => examinePolicies(config)),
    ...(offline
      ? []
      : await Promise.all(
          config.providers.map((provider) => examine(`provider ${provider.id}`, () => reach(provider))),
        )),
  ]
  if (json) print(JSON.stringify(findings, null, 2))
  else for (const { part, ok, says } of findings) print(`${ok ? 'ok  ' : 'BAD '} ${part}: ${says}`)
  if (findings.some(({ ok }) => !ok)) process.exitCode = EXIT.no
}

async function examine(part: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { part, ok: true, says: await look() }
  } catch (error) {
    return { part, ok: false, says: error instanceof Error ? error.message : String(error) }
  }
}

async function examineEncoder({ encoder: settings }: Config): Promise<string> {
  const encoder = await openEncoder(settings)
  if (!encoder) return 'none is configured; routing uses prompt features only'
  try {
    if (!('provider' in encoder)) return `${encoder.info.id}, ${encoder.info.dim} dimensions`
    const { id, precision, dim, provider, device, threads, skipped, medianMs } = await describeEncoder(encoder)
    const why = skipped.map((one) => `\n       not ${one.provider}: ${one.reason}`).join('')
    return `${id} (${precision}, ${dim} dimensions) on ${provider}${device === null ? '' : ` (${device})`}, ${threads} thread${threads === 1 ? '' : 's'}, ${medianMs.toFixed(2)} ms a text${why}`
  } finally {
    await encoder.close()
  }
}

async function examineLog(config: Config): Promise<string> {
  const [newest] = await withLog(config, (store) => store.decisions({ limit: 1 }))
  return `${logFile(config)}, ${newest ? `last decision ${new Date(newest.decision.at).toISOString()}` : 'no decision yet'}`
}

async function examinePolicies(config: Config): Promise<string> {
  const folder = createPolicyFolder(join(resolve(config.data), 'policies'))
  const ids = await folder.list()
  for (const id of ids) await folder.read(id)
  const stored = ids.length === 0 ? 'none stored' : `${ids.length} stored, all intact`
  return [stored, ...(await withLog(config, (store) => describeServing(config, store)))].join('\n       ')
}

/** Any HTTP answer shows that the address is right; 401 and 403 show that the key is not. */
async function reach({ kind, baseUrl, apiKey, wire }: ProviderSettings): Promise<string> {
  if (kind === 'demo' || kind === 'replay') return 'built in'
  const headers: Record<string, string> =
    wire === 'anthropic'
      ? { 'anthropic-version': '2023-06-01', ...(apiKey !== null && { 'x-api-key': apiKey }) }
      : apiKey === null
        ? {}
        : { authorization: `Bearer ${apiKey}` }
  const response = await fetch(`${baseUrl}/models`, {
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(REACH_TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new Error(
      `${baseUrl} cannot be reached: ${cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : cause}`,
    )
  })
  await response.body?.cancel()
  if (response.status === 401 || response.status === 403)
    throw new Error(`${baseUrl} answers ${response.status}: its key is refused`)
  return `${baseUrl} answers (${response.status})`
}
