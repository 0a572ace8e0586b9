/** What a shared suite asks of a runtime: a gateway that serves a configuration. */
import type { ConfigInput } from '../../src/config/schema.ts'

export interface Serving {
  readonly url: string
  /** The folder of all that it keeps. */
  readonly data: string
  /** Triggers what comes by the hour; absent where a process looks by itself every few seconds. */
  maintain?(): Promise<void>
  /** All that it has written so far. */
  output(): string
  stop(): Promise<unknown>
  /** Ends it and removes what it has written. */
  discard(): Promise<void>
}

export type Start = (options: {
  readonly config: ConfigInput
  readonly env?: Readonly<Record<string, string>>
  /** Where it keeps what it writes; a new one unless given. */
  readonly folder?: string
}) => Promise<Serving>
