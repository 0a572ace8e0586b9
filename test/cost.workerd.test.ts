/** What a request costs in the unit that D1 bills: rows written. docs/cloudflare.md computes with these figures. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { environmentConfig } from '../src/config/environment.ts'
import { createWorker } from '../src/worker.ts'

/** The same database, counting. */
function metered(db: D1Database, onMeta: (meta: D1Meta) => void): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name !== 'batch') return Reflect.get(target, name).bind(target)
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements)
        for (const { meta } of results) onMeta(meta)
        return results
      }
    },
  })
}

it('writes 15 rows for a routed request, 12 where the text was seen before by the isolate', async () => {
  const billed = { written: 0 }
  const DB = metered(env.DB, ({ rows_written }) => {
    billed.written += rows_written
  })
  // With time for the encoder: a request without a vector writes fewer rows.
  const worker = createWorker({ config: { ...environmentConfig({}), encoder: { timeoutMs: 20_000 } } })
  const ask = async (prompt: string) => {
    billed.written = 0
    const context = createExecutionContext()
    const request = new Request<unknown, IncomingRequestCfProperties>('http://localhost/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }] }),
    })
    const response = await worker.fetch!(request, { ...env, DB }, context)
    await response.text()
    await waitOnExecutionContext(context)
    return billed.written
  }
  expect(await ask('What is 17 + 25 * 4?')).toBe(15)
  expect(await ask('What is 17 + 25 * 4?')).toBe(12)
})
