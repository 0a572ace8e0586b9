/** Every file of tests in the Workers runtime begins with an empty, migrated log. */
import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import('../src/worker.ts')
      durableNamespaces: 'OnlineState'
    }
    interface Env {
      readonly DB: D1Database
      readonly ASSETS: Fetcher
      readonly STATE: DurableObjectNamespace<import('../src/worker.ts').OnlineState>
      /** Node's encoder; see `native.ts`. */
      readonly NATIVE: Fetcher
      readonly MIGRATIONS: D1Migration[]
    }
  }
}

await applyD1Migrations(env.DB, env.MIGRATIONS)
