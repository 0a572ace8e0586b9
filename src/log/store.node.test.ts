import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { LogRow } from '../spec.ts'
import { describeStore, sampleDecision, sampleOutcome } from './contract.ts'
import { connect, createDatabase, type Database } from './database.node.ts'
import { describeLearning } from './learning.contract.ts'
import { describeMaintenance } from './maintenance.contract.ts'
import { toInsert } from './rows.ts'
import { openStore, type StoreOptions } from './store.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'switchyard-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const newFile = () => join(folder, `log-${files++}.db`)
const open = (file: string, options: Partial<StoreOptions> = {}) =>
  openStore({ file, durability: 'process', maxQueuedRows: 10_000, ...options })
const decided = (id: string): LogRow => ({ table: 'decisions', row: sampleDecision(id) })
const storeUrl = new URL('./store.node.ts', import.meta.url).href
const contractRow = JSON.stringify(decided('ID'))

describeStore('SQLite', () => open(newFile()))
describeMaintenance('SQLite', () => open(newFile()))
describeLearning('SQLite', () => open(newFile()))

function count(file: string): unknown {
  const client = new Sqlite(file, { readonly: true })
  try {
    expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
    return client.prepare('select count(*) from decisions').pluck().get()
  } finally {
    client.close()
  }
}

/** Another process that holds the write lock until its input ends. */
async function lockFromOutside(file: string): Promise<() => Promise<void>> {
  const code = `
    const client = new (require('better-sqlite3'))(${JSON.stringify(file)})
    client.exec('begin exclusive')
    console.log('locked')
    process.stdin.resume().on('end', () => process.exit())`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return async () => {
    child.stdin.end()
    await once(child, 'exit')
  }
}

describe('a bounded queue', () => {
  test('refuses what exceeds its rows, counts it exactly, and works on afterwards', async () => {
    const file = newFile()
    const store = await open(file, { maxQueuedRows: 30 })
    const unlock = await lockFromOutside(file)
    const results = Array.from({ length: 25 }, (_, index) => store.append([decided(`a${index}`), decided(`b${index}`)]))
    const settled = Promise.allSettled(results)
    expect(store.dropped).toBe(20)
    await unlock()
    const rejected = (await settled).filter((result) => result.status === 'rejected')
    expect(rejected).toHaveLength(10)
    expect(rejected[0]?.reason).toMatchObject({ code: 'log_full', status: 503, retryable: true })
    await store.append([decided('afterwards')])
    await store.close()
    expect(store.dropped).toBe(20)
    expect(count(file)).toBe(31)
  })

  test('refuses what exceeds its bytes', async () => {
    const store = await open(newFile(), { maxQueuedBytes: 50_000 })
    const large: LogRow = { table: 'decisions', row: sampleDecision('large', { asked: 'x'.repeat(30_000) }) }
    const first = store.append([large])
    await expect(store.append([large])).rejects.toMatchObject({ code: 'log_full' })
    await first
    await store.append([decided('later')])
    expect(store.dropped).toBe(1)
    await store.close()
  })

  test('close waits for what was accepted', async () => {
    const file = newFile()
    const store = await open(file)
    const appends = Array.from({ length: 300 }, (_, index) => store.append([decided(`${index}`)]))
    await store.close()
    await Promise.all(appends)
    expect(count(file)).toBe(300)
  })
})

describe('a database that another process has locked', () => {
  test('is waited for, and answers reads meanwhile', async () => {
    const file = newFile()
    const store = await open(file)
    await store.append([decided('before')])
    const unlock = await lockFromOutside(file)
    let stored = false
    const append = store.append([decided('waiting')]).then(() => {
      stored = true
    })
    expect(await store.decision('before')).not.toBeNull()
    expect(stored).toBe(false)
    await unlock()
    await append
    expect(await store.decision('waiting')).not.toBeNull()
    await store.close()
  })

  test('is given up on after the timeout; later appends succeed', async () => {
    const file = newFile()
    const store = await open(file, { busyTimeoutMs: 1 })
    const unlock = await lockFromOutside(file)
    await expect(store.append([decided('refused'), decided('too')])).rejects.toMatchObject({
      code: 'log_failed',
      message: expect.stringContaining('another process holds its lock'),
    })
    await unlock()
    await store.append([decided('accepted')])
    expect(store.dropped).toBe(2)
    await store.close()
    expect(count(file)).toBe(1)
  })
})

describe('a disk without space', () => {
  test('a full database stores nothing of the batch and recovers', async () => {
    const file = newFile()
    const client = connect({ file, durability: 'process' })
    const database = await createDatabase(client)
    client.pragma(`max_page_count = ${Number(client.pragma('page_count', { simple: true })) + 20}`)
    let stored = 0
    let failure: unknown
    for (let index = 0; failure === undefined && index < 1000; index++) {
      try {
        database.commit([[toInsert(decided(`a${index}`)), toInsert(decided(`b${index}`))]])
        stored += 2
      } catch (thrown) {
        failure = thrown
      }
    }
    expect(failure).toMatchObject({ code: 'SQLITE_FULL' })
    expect(count(file)).toBe(stored)
    client.pragma('max_page_count = 1000000')
    expect(database.commit([[toInsert(decided('recovered'))]])).toEqual([])
    database.close()
    expect(count(file)).toBe(stored + 1)
  })

  const prlimit = spawnSync('prlimit', ['--version']).status === 0
  test.skipIf(!prlimit)(
    'appends are refused while writes fail, exactly those, and stored again afterwards',
    async () => {
      const file = newFile()
      // A soft limit on the size of files: writing beyond it fails as on a broken disk, until it is lifted.
      const code = `
      import { execFileSync } from 'node:child_process'
      import { openStore } from ${JSON.stringify(storeUrl)}
      const store = await openStore({ file: ${JSON.stringify(file)}, durability: 'process', maxQueuedRows: 10000 })
      const limit = (bytes) => execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=' + bytes + ':'])
      const result = { acknowledged: 0, failed: 0, messages: [] }
      const append = (id) =>
        store.append([JSON.parse(${JSON.stringify(contractRow)}.replace('"ID"', JSON.stringify(id)))]).then(
          () => { result.acknowledged++ },
          (error) => { result.failed++; result.messages.push(error.message) },
        )
      for (let index = 0; index < 20; index++) await append('before ' + index)
      limit(150000)
      for (let index = 0; index < 20; index++) {
        await Promise.all(Array.from({ length: 10 }, (_, at) => append('during ' + index + ' ' + at)))
      }
      result.failedWhileFull = result.failed
      limit('unlimited')
      for (let index = 0; index < 20; index++) await append('after ' + index)
      await store.close()
      console.log(JSON.stringify({ ...result, dropped: store.dropped }))`
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
      expect(child.stderr).toBe('')
      const result = JSON.parse(child.stdout)
      expect(result.failedWhileFull).toBeGreaterThan(0)
      expect(result.failed).toBe(result.failedWhileFull)
      expect(result.dropped).toBe(result.failed)
      expect(result.acknowledged + result.dropped).toBe(240)
      expect(count(file)).toBe(result.acknowledged)
      for (const message of result.messages)
        expect(message).toMatch(/^The log could not store 1 rows: .* \(SQLITE_\w+\)\.$/)
    },
  )
})

describe('opening', () => {
  test('a file that is no database is refused by name', async () => {
    const file = newFile()
    writeFileSync(file, 'not a database, but long enough to look like one'.repeat(100))
    await expect(open(file)).rejects.toMatchObject({ code: 'log_failed', message: expect.stringContaining(file) })
  })

  test('two at once create one database', async () => {
    const file = newFile()
    const stores = await Promise.all([open(file), open(file), open(file)])
    await Promise.all(stores.map((store, index) => store.append([decided(`from ${index}`)])))
    expect(new Set(stores.map((store) => store.salt)).size).toBe(1)
    await Promise.all(stores.map((store) => store.close()))
    expect(count(file)).toBe(3)
  })

  test('a process that is overtaken in creating the database goes on', async () => {
    const file = newFile()
    const late = connect({ file, durability: 'process' })
    const prepare = late.prepare.bind(late)
    let overtaken = false
    let other: Promise<Database> | undefined
    vi.spyOn(late, 'prepare').mockImplementation((source) => {
      // It has seen that nothing is migrated yet and is about to begin.
      if (source === 'BEGIN' && !overtaken) {
        overtaken = true
        other = createDatabase(connect({ file, durability: 'process' }))
      }
      return prepare(source)
    })
    const database = await createDatabase(late)
    ;(await other)?.close()
    expect(overtaken).toBe(true)
    expect(database.commit([[toInsert(decided('late'))]])).toEqual([])
    database.close()
  })

  test('a log of the first version keeps its rows, in their order', async () => {
    const file = newFile()
    const folder = join(import.meta.dirname, '../../migrations')
    const first = new Sqlite(file)
    first.exec(readFileSync(join(folder, '0000_init.sql'), 'utf8'))
    // What drizzle writes down of a migration.
    first.exec('create table __drizzle_migrations (id serial primary key, hash text not null, created_at numeric)')
    const { when } = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8')).entries[0]
    first.prepare('insert into __drizzle_migrations (hash, created_at) values (?, ?)').run('', when)
    const outcomes: LogRow[] = ['b', 'a'].map((id) => ({
      table: 'outcomes',
      row: sampleOutcome(id, { signals: [] }),
    }))
    // The column `signals` came later, as the last one.
    const valuesOf = (row: LogRow) => toInsert(row).values.slice(0, -1)
    const insert = first.prepare(
      `insert into outcomes values (${Array.from(valuesOf(outcomes[0]!), () => '?').join(', ')})`,
    )
    for (const row of outcomes) insert.run(valuesOf(row))
    first.close()
    const store = await open(file)
    expect((await store.rows('outcomes', { after: 0, limit: 9 })).rows).toEqual(outcomes)
    await store.append([{ table: 'outcomes', row: sampleOutcome('c') }])
    await expect(store.append(outcomes)).rejects.toMatchObject({ code: 'log_failed' })
    await store.close()
  })

  test('the salt belongs to the file', async () => {
    const file = newFile()
    const salts: string[] = []
    for (const path of [file, file, newFile()]) {
      const store = await open(path)
      salts.push(store.salt)
      await store.close()
    }
    expect(salts[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(salts[1]).toBe(salts[0])
    expect(salts[2]).not.toBe(salts[0])
  })

  test.skipIf(process.platform === 'win32')('what it creates is its owner’s alone', async () => {
    const file = join(folder, 'fresh', 'log.db')
    const store = await open(file)
    await store.append([decided('a')])
    const modes = ['', '/log.db', '/log.db-wal', '/log.db-shm'].map(
      (name) => statSync(dirname(file) + name).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o600])
    await store.close()
  })

  const strace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
  test.skipIf(!strace)('with power durability every acknowledgement follows a sync of its own', () => {
    const syncs = (durability: 'process' | 'power') => {
      const trace = join(folder, `${durability}.trace`)
      const code = `
        import { openStore } from ${JSON.stringify(storeUrl)}
        const store = await openStore({ file: ${JSON.stringify(newFile())}, durability: '${durability}', maxQueuedRows: 10 })
        for (let index = 0; index < 50; index++) {
          await store.append([JSON.parse(${JSON.stringify(contractRow)}.replace('"ID"', '"' + index + '"'))])
        }
        process.kill(process.pid, 'SIGKILL')`
      const script = ['--input-type=module', '-e', code]
      spawnSync('strace', ['-f', '-e', 'trace=fsync,fdatasync', '-o', trace, process.execPath, ...script])
      return readFileSync(trace, 'utf8').match(/f(?:data)?sync\(/g)?.length ?? 0
    }
    expect(syncs('power') - syncs('process')).toBeGreaterThanOrEqual(50)
  })
})
