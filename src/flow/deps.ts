/** What a composition root hands to the flow. Node and the Worker give different values, never different code. */
import type { Allowances, Reservation } from '../admit/allowance.ts'
import type { Gate } from '../admit/concurrency.ts'
import type { Breakers } from '../call/breaker.ts'
import type { Health } from '../call/health.ts'
import type { Embedded } from '../embed/deadline.ts'
import type { Console } from '../log/console.ts'
import type { Journal } from '../log/journal.ts'
import type { PolicyFiles } from '../policy/files.ts'
import type { Decision, Store } from '../spec.ts'
import type { Serving } from './serving.ts'
import type { World } from './world.ts'

export interface Deps {
  /** The world as it is now. */
  readonly world: () => World
  readonly store: Journal
  /** The log itself, for admins. */
  readonly log: Pick<Store, 'append' | 'activations' | 'history' | 'rows'>
  readonly policies: PolicyFiles
  readonly serving: Serving
  readonly learning: Learning
  readonly embedding: Embedding | null
  readonly breakers: Breakers
  /** Hears what the breakers hear. */
  readonly health: Health
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Resolves after `ms`, rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** SHA-256, hex. */
  readonly sha256: (text: string) => string
  /** Kept with the installation's data: makes text hashes worthless elsewhere. */
  readonly salt: string
  readonly logger: Console
  /** Bounds the requests served at once. */
  readonly gate: Gate
  /** Rate limits and budgets of keys that have one. */
  readonly allowances: Allowances
  /** True once the process is asked to end. */
  readonly draining: () => boolean
}

/** What is learned while requests are served. Nothing of it fails, and no answer waits for it. */
export interface Learning {
  /** More is known of a decision: settles it, where its worth is known by now. */
  settle(decision: string): Promise<void>
  /** A decision was made: where it repeats another one, that speaks against the other's answer. */
  notice(decision: Decision): void
  /** What exploring costs a route on this UTC day, requests under way included. */
  exploredUsd(route: string): number
  /** Sets aside what an explored request of a route is expected to cost, in USD; `NaN`: not known. */
  reserveExplored(route: string, expectedUsd: number): Reservation
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds that never go back. */
  monotonic(): number
}

/** The encoder as requests meet it: cached, with a deadline, never failing. */
export interface Embedding {
  readonly encoder: string
  /** What embeds now, for `GET /healthz`: nothing in it is secret. */
  describe(): Readonly<Record<string, unknown>>
  peek(text: string): Float32Array | undefined
  embed(text: string): Promise<Embedded>
}
