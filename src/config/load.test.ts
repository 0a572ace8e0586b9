import { mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Loaded, loadConfig } from './load.node.ts'
import { watchConfig } from './watch.node.ts'

let cwd = ''
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'switchyard-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const write = (name: string, text: string) => writeFileSync(join(cwd, name), text)
const file = (port: number | string) =>
  JSON.stringify({ server: { port }, providers: { d: { kind: 'demo' } }, candidates: [candidate] })
const candidate = { id: 'c', provider: 'd', model: 'demo-sage' }
const load = (options: Partial<Parameters<typeof loadConfig>[0]> = {}) => loadConfig({ cwd, env: {}, ...options })
const messages = (loaded: Loaded) => ('problems' in loaded ? loaded.problems.map(({ message }) => message) : [])
const portOf = (loaded: Loaded | undefined) => (loaded && 'config' in loaded ? loaded.config.server.port : null)

describe('loadConfig', () => {
  it.each([
    ['switchyard.config.json', file(7001)],
    ['switchyard.config.jsonc', `\uFEFF// a comment\n${file(7001).replace(/}$/, ',}')}`],
    [
      'switchyard.config.yaml',
      `server: {port: 7001}\nproviders:\n  d: {kind: demo}\ncandidates:\n  - {id: c, provider: d, model: demo-sage}\n`,
    ],
    [
      'switchyard.config.yml',
      `server:\n  port: 7001\nproviders: {d: {kind: demo}}\ncandidates: [{id: c, provider: d, model: demo-sage}]\n`,
    ],
  ])('finds and reads %s', async (name, text) => {
    write(name, text)
    const loaded = await load()
    expect(messages(loaded)).toEqual([])
    expect(loaded.source).toBe(join(cwd, name))
    expect(portOf(loaded)).toBe(7001)
  })

  it('serves the environment where there is no file, but never instead of one that was asked for', async () => {
    const loaded = await load()
    expect(loaded.source).toBeNull()
    expect('config' in loaded && loaded.config.providers[0]?.kind).toBe('demo')
    expect(messages(await load({ path: 'other.json' }))[0]).toContain('other.json: there is no such file')
  })

  it('prefers none of two files', async () => {
    write('switchyard.config.json', file(1))
    write('switchyard.config.yaml', file(2))
    expect(messages(await load())[0]).toContain('are both there')
    expect(portOf(await load({ path: 'switchyard.config.yaml' }))).toBe(2)
  })

  it.each([
    ['switchyard.config.json', '{\n  "server": {\n    "port": 80 "host": "x"\n  }\n}', ':3:16: '],
    ['switchyard.config.json', '{\n  "log": {},\n  "log": {}\n}', ':3:3: the key "log" is given twice'],
    ['switchyard.config.json', '', ':1:1: '],
    ['switchyard.config.yaml', 'server:\n  port: [1\nlog: {}\n', ':3:1: '],
    ['switchyard.config.yaml', 'log: {}\nserver: {}\nlog: {}\n', ':3:1: '],
  ])('says where %s is broken %#', async (name, text, where) => {
    write(name, text)
    expect(messages(await load())[0]).toContain(`${join(cwd, name)}${where}`)
  })

  it('lets the environment override the file, and arguments both', async () => {
    write('switchyard.config.json', file(7001))
    const env = { HOST: 'localhost', PORT: '7002', SWITCHYARD_DATA: '/elsewhere' }
    const loaded = await load({ env })
    expect('config' in loaded && [loaded.config.server.host, loaded.config.server.port, loaded.config.data]).toEqual([
      'localhost',
      7002,
      '/elsewhere',
    ])
    expect(portOf(await load({ env, port: '0' }))).toBe(0)
    expect(portOf(await load({ env: { PORT: '' } }))).toBe(7001)
  })

  it('refuses a port that is none, and a public host without keys, wherever they come from', async () => {
    write('switchyard.config.json', file(7001))
    const refused = async (options: Partial<Parameters<typeof loadConfig>[0]>) => {
      const loaded = await load(options)
      return 'problems' in loaded ? loaded.problems.map(({ path }) => path) : null
    }
    expect(await refused({ env: { PORT: '80a' } })).toEqual(['server.port'])
    expect(messages(await load({ env: { PORT: '80a' } }))[0]).toContain('(from PORT)')
    expect(await refused({ port: '65536' })).toEqual(['server.port'])
    expect(await refused({ env: { HOST: '0.0.0.0' } })).toEqual(['server.host'])
    expect(await refused({ host: '::' })).toEqual(['server.host'])
  })
})

describe('watchConfig', () => {
  const seen: Loaded[] = []
  let stop = () => {}
  beforeEach(() => {
    seen.length = 0
  })
  afterEach(() => stop())
  const start = async (path?: string) => {
    const options = { cwd, env: {}, ...(path !== undefined && { path }) }
    stop = await watchConfig(options, (loaded) => seen.push(loaded), { debounceMs: 20 })
  }
  const loads = (count: number) => vi.waitFor(() => expect(seen).toHaveLength(count), { timeout: 5000 })

  it('tells a good change and a bad one apart, so that the old configuration can stay', async () => {
    write('switchyard.config.json', file(7001))
    await start()
    write('switchyard.config.json', file(7002))
    await loads(1)
    expect(portOf(seen[0])).toBe(7002)
    write('switchyard.config.json', file('broken'))
    await loads(2)
    expect(seen[1]).toMatchObject({ problems: [{ path: 'server.port' }] })
    write('switchyard.config.json', '{')
    await loads(3)
    expect(seen[2]).toHaveProperty('problems')
    write('switchyard.config.json', file(7003))
    await loads(4)
    expect(portOf(seen[3])).toBe(7003)
  })

  it('sees a file that is replaced by renaming, again and again', async () => {
    mkdirSync(join(cwd, 'conf'))
    write('conf/gate.json', file(7001))
    await start('conf/gate.json')
    for (const port of [7002, 7003]) {
      write('conf/gate.json.tmp', file(port))
      renameSync(join(cwd, 'conf/gate.json.tmp'), join(cwd, 'conf/gate.json'))
      await loads(port - 7001)
      expect(portOf(seen.at(-1))).toBe(port)
    }
    unlinkSync(join(cwd, 'conf/gate.json'))
    await loads(3)
    expect(seen[2]).toHaveProperty('problems')
  })

  it('ignores other files and writes that change nothing; SIGHUP always loads', async () => {
    write('switchyard.config.json', file(7001))
    await start()
    write('other.txt', 'x')
    write('switchyard.config.json', file(7001))
    await new Promise((done) => setTimeout(done, 150))
    expect(seen).toEqual([])
    process.emit('SIGHUP')
    await loads(1)
    expect(portOf(seen[0])).toBe(7001)
  })

  it('ends when it is told to', async () => {
    write('switchyard.config.json', file(7001))
    const listeners = process.listenerCount('SIGHUP')
    await start()
    stop()
    write('switchyard.config.json', file(7002))
    await new Promise((done) => setTimeout(done, 150))
    expect(seen).toEqual([])
    expect(process.listenerCount('SIGHUP')).toBe(listeners)
  })
})
