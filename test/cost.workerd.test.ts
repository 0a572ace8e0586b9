/** What a request costs in the unit that D1 bills: rows written. docs/cloudflare.md computes with these figures. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import { environmentConfig } from '../src/config/environment.ts'
import { createWorker } from '../src/worker.ts'

/** The same database; `onBatch` is told of the rows that each batch wrote. */
function metered(db: D1Database, onBatch: (rowsWritten: number) => void): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name !== 'batch') return Reflect.get(target, name).bind(target)
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements)
        onBatch(results.reduce((sum, { meta }) => sum + meta.rows_written, 0))
        return results
      }
    },
  })
}

it('a routed request writes 15 rows in two batches, 12 where its isolate has stored the vector before', async () => {
  const batches: number[] = []
  const DB = metered(env.DB, (rowsWritten) => batches.push(rowsWritten))
  // With time for the encoder: a request without a vector writes fewer rows.
  const worker = createWorker({ config: { ...environmentConfig({}), encoder: { timeoutMs: 20_000 } } })
  const ask = async (prompt: string) => {
    batches.length = 0
    const request = new Request<unknown, IncomingRequestCfProperties>('http://localhost/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: prompt }] }),
    })
    const response = await worker.fetch!(request, { ...env, DB }, createExecutionContext())
    await response.text()
    // Attempts and outcome are written after the answer.
    await vi.waitFor(() => expect(batches).toHaveLength(2), { timeout: 5000, interval: 10 })
    return batches
  }
  expect(await ask('What is 17 + 25 * 4?')).toEqual([9, 6])
  expect(await ask('What is 17 + 25 * 4?')).toEqual([6, 6])
})
