/** What a shared suite asks of a runtime: a gateway that serves a configuration. */
import type { ConfigInput } from '../../src/config/schema.ts'

export interface Serving {
  readonly url: string
  /** Ends it and removes what it has written. */
  discard(): Promise<void>
}

export type Start = (options: { readonly config: ConfigInput }) => Promise<Serving>
