/**
 * What the log costs: `node benchmarks/log/append.ts [--power] [--seconds 5] [--concurrency 64] [--json]`.
 *
 * Each append is a request's three rows (decision with eleven candidates considered, attempt, outcome). Rows per second
 * are durable ones: an append counts when it resolved. The main thread's cost is its CPU time over the run, idle loop
 * included, per append.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStore } from '../../src/log/store.node.ts'
import type { LogRow } from '../../src/spec.ts'

const { values } = parseArgs({
  options: {
    power: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '64' },
  },
})
const durability = values.power ? 'power' : 'process'
const concurrency = Number(values.concurrency)
const seconds = Number(values.seconds)

const candidates = Array.from({ length: 11 }, (_, index) => `provider/candidate-${index}`)

/** One request's rows; the numbers differ from call to call, as real ones do. */
function requestRows(id: string): LogRow[] {
  const at = Date.now()
  const numbers = () => candidates.map(() => Math.random())
  return [
    {
      table: 'decisions',
      row: {
        id,
        at,
        tenant: 'default',
        wire: 'openai',
        route: 'auto',
        asked: 'auto',
        candidate: candidates[3]!,
        alternates: candidates.slice(4, 7),
        propensity: 1,
        explored: false,
        reason: 'highest utility of 11 feasible candidates',
        lambda: 12.5,
        policy: 'a'.repeat(64),
        stream: true,
        query: {
          hash: 'b'.repeat(64),
          chars: 1234,
          inputTokens: 321,
          features: Array.from({ length: 20 }, () => Math.random()),
          embedded: true,
        },
        considered: {
          candidates,
          quality: numbers(),
          qualityStd: numbers(),
          costUsd: numbers(),
          utility: numbers(),
          chances: candidates.map((_, m) => (m === 3 ? 1 : 0)),
          guard: { shrink: 0.75, minSupport: 0.1, factor: 0.5 },
          support: Math.random(),
          neighbours: Array.from({ length: 5 }, (_, row) => ({ row, similarity: Math.random() })),
          excluded: [],
        },
      },
    },
    {
      table: 'attempts',
      row: {
        decision: id,
        index: 0,
        candidate: candidates[3]!,
        provider: 'openai',
        at,
        status: 200,
        error: null,
        ttftMs: 120.5,
        latencyMs: 800.2,
        costUsd: 0.00123,
      },
    },
    {
      table: 'outcomes',
      row: {
        decision: id,
        at,
        status: 'ok',
        candidate: candidates[3]!,
        attempts: 1,
        usage: { input: 321, cachedInput: 0, cacheWrite: 0, output: 200, reasoning: 0 },
        usageSource: 'provider',
        costUsd: 0.00123,
        ttftMs: 120.5,
        latencyMs: 800.2,
        finish: { unified: 'stop', raw: 'stop' },
        signals: [],
      },
    },
  ]
}

const folder = mkdtempSync(join(tmpdir(), 'switchyard-bench-'))
const store = await openStore({ file: join(folder, 'log.db'), durability, maxQueuedRows: 10_000 })
// Built beforehand: making the rows is not the log's cost.
const prepared = Array.from({ length: 4096 }, () => requestRows(''))
const delays: number[] = []
let appended = 0

async function appendUntil(end: number): Promise<void> {
  while (performance.now() < end) {
    const id = String(appended).padStart(26, '0')
    const rows = prepared[appended++ % prepared.length]!.map(({ table, row }) => ({
      table,
      row: 'id' in row ? { ...row, id } : { ...row, decision: id },
    })) as LogRow[]
    const start = performance.now()
    await store.append(rows)
    delays.push(performance.now() - start)
  }
}

const run = (forSeconds: number) => {
  const end = performance.now() + forSeconds * 1000
  return Promise.all(Array.from({ length: concurrency }, () => appendUntil(end)))
}

await run(1)
delays.length = 0
const counted = appended
const cpu = process.threadCpuUsage()
const start = performance.now()
await run(seconds)
const elapsedS = (performance.now() - start) / 1000
const used = process.threadCpuUsage(cpu)
const requests = appended - counted
await store.close()
rmSync(folder, { recursive: true })

delays.sort((a, b) => a - b)
const at = (share: number) => Number(delays[Math.floor(share * (delays.length - 1))]!.toFixed(2))
const result = {
  durability,
  concurrency,
  requestsPerS: Math.round(requests / elapsedS),
  rowsPerS: Math.round((3 * requests) / elapsedS),
  mainThreadUsPerAppend: Number(((used.user + used.system) / requests).toFixed(1)),
  appendMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
  dropped: store.dropped,
}
if (values.json) console.log(JSON.stringify(result))
else console.table({ ...result, appendMs: JSON.stringify(result.appendMs) })
