import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Sqlite from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import type { LogRow } from '../spec.ts'
import { sampleDecision } from './contract.ts'
import { openStore } from './store.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'switchyard-crash-'))
afterAll(() => rmSync(folder, { recursive: true }))

const storeUrl = new URL('./store.node.ts', import.meta.url).href

/** Appends from several tasks without pause and prints an id only after its append resolved. */
function writer(file: string, round: number): string {
  const row: LogRow = { table: 'decisions', row: sampleDecision('ID') }
  return `
    import { writeSync } from 'node:fs'
    import { openStore } from ${JSON.stringify(storeUrl)}
    const store = await openStore({ file: ${JSON.stringify(file)}, durability: 'process', maxQueuedRows: 10000 })
    const template = ${JSON.stringify(row)}
    let count = 0
    // A pipe that is full for a moment must not end the test.
    const acknowledge = (line) => {
      try { writeSync(1, line) } catch (error) { if (error.code !== 'EAGAIN') throw error }
    }
    const run = async () => {
      for (;;) {
        const id = '${round}-' + count++
        await store.append([{ ...template, row: { ...template.row, id } }])
        acknowledge(id + '\\n')
      }
    }
    for (let task = 0; task < 32; task++) run()`
}

test('a killed process loses nothing that it acknowledged', { timeout: 120_000 }, async () => {
  const file = join(folder, 'log.db')
  const acknowledged = new Set<string>()
  for (let round = 0; round < 5; round++) {
    const before = acknowledged.size
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer(file, round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (id) => acknowledged.add(id))
    await once(lines, 'line')
    setTimeout(() => child.kill('SIGKILL'), Math.random() * 300)
    await Promise.all([once(child, 'exit'), once(lines, 'close')])
    expect(child.signalCode).toBe('SIGKILL')
    expect(acknowledged.size).toBeGreaterThan(before)

    const client = new Sqlite(file)
    expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
    const stored = new Set(client.prepare('select id from decisions').pluck().all())
    client.close()
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([])
  }

  const store = await openStore({ file, durability: 'process', maxQueuedRows: 10 })
  await store.maintain({ now: Date.now(), keepDays: null })
  const [newest] = await store.decisions({ limit: 1 })
  expect(newest?.outcome?.status).toBe('unknown')
  await store.close()
  const client = new Sqlite(file, { readonly: true })
  const [decisions, outcomes] = ['decisions', 'outcomes'].map((table) =>
    client.prepare(`select count(*) from ${table}`).pluck().get(),
  )
  client.close()
  expect(outcomes).toBe(decisions)
})
