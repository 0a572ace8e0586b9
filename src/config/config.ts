/** The configuration as the rest of the system takes it: references resolved, defaults filled in, secrets read. */
import type { Candidate, Limits, Provider } from '../spec.ts'
import type { ConfigFile, PlannerOptions, ProviderFile } from './schema.ts'

export interface Config {
  readonly server: Readonly<ConfigFile['server']>
  /** The folder for log and policies, as written. */
  readonly data: string
  readonly providers: readonly ProviderSettings[]
  /** What must never be written: keys of providers and encoder, and the header values that come from the environment. */
  readonly secrets: readonly string[]
  /** Model names that a client may ask for besides the candidates, in the order in which they are tried. */
  readonly patterns: readonly ModelPattern[]
  readonly candidates: readonly Candidate[]
  readonly routes: readonly RouteSettings[]
  /** Empty: no key is asked for. */
  readonly keys: readonly KeySettings[]
  readonly encoder: EncoderSettings
  readonly log: Readonly<ConfigFile['log']>
  readonly learning: Readonly<ConfigFile['learning']>
}

/** A provider without its transport, which the composition root adds. */
export interface ProviderSettings extends Omit<Provider, 'transport'> {
  readonly kind: ProviderFile['kind']
  /** Only of the kind `replay`. */
  readonly replay?: { readonly data: string; readonly latency: boolean }
}

/** A driver with what it needs, and nothing else. */
export type EncoderSettings = Pick<ConfigFile['encoder'], 'maxPending' | 'cacheEntries'> & {
  /** After this a request is routed without its vector. */
  readonly timeoutMs: number
} & (
    | { readonly driver: 'none' }
    | { readonly driver: 'onnx'; readonly provider: ConfigFile['encoder']['provider']; readonly threads?: number }
    | { readonly driver: 'transformers'; readonly model: string; readonly threads?: number }
    | {
        readonly driver: 'remote'
        readonly baseUrl: string
        readonly apiKey: string | null
        readonly model: string
        readonly dim: number
        readonly shorten: boolean
      }
    | { readonly driver: 'workers-ai'; readonly model: string; readonly dim: number }
  )

/** In `pattern`, `*` stands for any text. */
export interface ModelPattern {
  readonly provider: string
  readonly pattern: string
}

export interface RouteSettings {
  readonly name: string
  readonly router:
    | { readonly preset: string }
    | { readonly estimator: string; readonly planner: string; readonly plannerOptions: Readonly<PlannerOptions> }
  /** Candidate ids, in the order of the configuration. */
  readonly candidates: readonly string[]
  /** The levels that the file sets; the others follow from the candidates. */
  readonly lambda: { readonly best?: number; readonly auto?: number; readonly cheap?: number }
  readonly limits: Limits
  readonly exploration: { readonly usdPerDay?: number; readonly maxLoss: number }
}

export interface KeySettings {
  /** SHA-256 of the secret, hex, lower case. The secret itself is not kept. */
  readonly sha256: string
  readonly principal: {
    readonly name: string
    /** Absent: all. */
    readonly routes?: readonly string[]
    /** May it name a model itself. */
    readonly models: boolean
    readonly exploration: boolean
    readonly admin: boolean
    readonly lambda: { readonly default?: number; readonly min?: number; readonly max?: number }
    readonly requestsPerMinute?: number
    /** Per UTC day. */
    readonly usdPerDay?: number
  }
}

/** One thing that is wrong, or in a warning questionable: where, and what to do. */
export interface Problem {
  /** `providers.openai.baseUrl`, `candidates[2].provider`; empty for the whole file. */
  readonly path: string
  readonly message: string
}

/** What a reload cannot change while the server runs and that differs between the two configurations, as paths. */
export function needsRestart(before: Config, after: Config): string[] {
  const [left, right] = [fixedParts(before), fixedParts(after)]
  return Object.keys(left).filter((path) => JSON.stringify(left[path]) !== JSON.stringify(right[path]))
}

function fixedParts({ server, data, encoder, log }: Config): Record<string, unknown> {
  return {
    'server.host': server.host,
    'server.port': server.port,
    'server.maxConcurrentRequests': server.maxConcurrentRequests,
    'server.headersTimeoutMs': server.headersTimeoutMs,
    'server.requestTimeoutMs': server.requestTimeoutMs,
    data,
    encoder,
    'log.durability': log.durability,
    'log.maxQueuedRows': log.maxQueuedRows,
  }
}
