/**
 * Everything that requests are served from, as one immutable value. A request takes the world once, at its start; a
 * reload or a policy swap puts a new one in its place, so that no request sees two halves.
 */
import type { ClientKey } from '../admit/keys.ts'
import type { RoutePolicy } from '../route/decide.ts'
import type { Names, RouteName } from '../route/resolve.ts'
import type { Candidate, Exploration, Limits, Provider } from '../spec.ts'

export interface World {
  /** Rises with every reload. */
  readonly generation: number
  readonly providers: ReadonlyMap<string, Provider>
  readonly routes: ReadonlyMap<string, Route>
  /** What a client may write as its model. */
  readonly names: Names
  /** A candidate for a model that only a provider's pattern knows, priced from the catalogue where that has it. */
  readonly unlisted: (provider: string, model: string) => Candidate
  readonly keys: readonly ClientKey[]
  readonly maxBodyBytes: number
  readonly log: {
    /** Store prompt and answer text. */
    readonly text: boolean
    /** Answer 503 when a decision cannot be logged, instead of serving it unlogged. */
    readonly required: boolean
  }
}

export interface Route extends RouteName {
  readonly candidates: readonly Candidate[]
  readonly limits: Limits
  /** How far it may explore, where its planner does; `usdPerDay`: what explored requests may cost per UTC day. */
  readonly exploration: Pick<Exploration, 'maxLoss'> & { readonly usdPerDay?: number }
  readonly policy: RoutePolicy
  /** SHA-256 of the promoted policy; `null` while the constant serves. */
  readonly policyId: string | null
  /** What decides a share of the requests in the policy's place, to find out whether it is better. */
  readonly canary: (Pick<Route, 'policy' | 'policyId'> & { readonly share: number }) | null
}
