/** The encoder's entry: what its driver needs must be there, and what another driver needs must not. */
import type { EncoderSettings } from './config.ts'
import type { Report } from './report.ts'
import { type Environment, readAddress, readSecret } from './resolve.providers.ts'
import type { ConfigFile } from './schema.ts'

type EncoderFile = ConfigFile['encoder']

/** What the drivers need besides what all have; what is in no list is an option of theirs. */
const NEEDS = {
  none: [],
  onnx: [],
  transformers: ['model'],
  remote: ['baseUrl', 'model', 'dim'],
  'workers-ai': ['model', 'dim'],
} as const satisfies Record<EncoderFile['driver'], readonly (keyof EncoderFile)[]>

const MEANING = {
  model: 'the name of a model',
  baseUrl: 'the address of the API, with its version',
  dim: "the length of the model's vectors",
} as const

/** A service across the network answers later than a thread or this isolate. */
const TIMEOUT_MS = { local: 50, service: 1_000 }

/** What this returns may be used only if `report` holds no problem afterwards. */
export function resolveEncoder(file: EncoderFile, env: Environment, report: Report): EncoderSettings {
  const { driver, provider, threads, model = '', dim = 0, shorten, maxPending, cacheEntries } = file
  const needs: readonly string[] = NEEDS[driver]
  for (const key of ['model', 'baseUrl', 'dim'] as const) {
    if (needs.includes(key) && file[key] === undefined) {
      report.problem(['encoder', key], `the driver "${driver}" needs ${MEANING[key]}.`)
    }
    if (!needs.includes(key) && file[key] !== undefined) foreign(key)
  }
  if (driver !== 'remote' && file.apiKey) foreign('apiKey')
  if (driver !== 'remote' && shorten) foreign('shorten')

  function foreign(key: keyof EncoderFile): void {
    report.problem(
      ['encoder', key],
      `means nothing to the driver "${driver}"; take it out, or name the driver it is for.`,
    )
  }

  const service = driver === 'remote' || driver === 'workers-ai'
  const timeoutMs = file.timeoutMs ?? TIMEOUT_MS[service ? 'service' : 'local']
  const common = { timeoutMs, maxPending, cacheEntries }
  const sessions = threads === undefined ? {} : { threads }
  switch (driver) {
    case 'none':
      return { ...common, driver }
    case 'onnx':
      return { ...common, ...sessions, driver, provider }
    case 'transformers':
      return { ...common, ...sessions, driver, model }
    case 'workers-ai':
      return { ...common, driver, model, dim }
    case 'remote': {
      const apiKey = file.apiKey ? readSecret(file.apiKey, env, ['encoder', 'apiKey', 'env'], report) : null
      const baseUrl =
        file.baseUrl === undefined ? '' : readAddress(file.baseUrl, apiKey, ['encoder', 'baseUrl'], report)
      return { ...common, driver, model, dim, shorten, apiKey, baseUrl }
    }
  }
}
