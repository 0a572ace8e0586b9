/**
 * Added latency and throughput of the gateway beside a bare proxy and the upstream itself, in one run.
 * `npm run bench:gateway [-- --rounds 5 --seconds 2 --pin]`. Loopback only. With `--pin` (Linux) what is measured gets
 * core 0 for all its threads, upstream and load get core 1; without it, all share the machine, as they would in use.
 * CPU per request (Linux) is the steadiest column on a machine that others use too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type LoadResult, load } from './load.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    pin: { type: 'boolean', default: false },
  },
})
const here = import.meta.dirname
const children: ChildProcess[] = []
/** Starts a process on a core and resolves with what `ready` finds in its output. */
function start(
  core: number,
  args: readonly string[],
  ready: RegExp,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<{ found: string; child: ChildProcess }> {
  const command = values.pin ? ['taskset', '-c', String(core), process.execPath, ...args] : [process.execPath, ...args]
  const child = spawn(command[0]!, command.slice(1), { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return new Promise((done, fail) => {
    let output = ''
    const look = (chunk: unknown) => {
      output += String(chunk)
      const match = ready.exec(output)
      if (match?.[1]) done({ found: match[1], child })
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('exit', (code) => fail(new Error(`${args.join(' ')} ended with ${code}:\n${output}`)))
  })
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
const residentMb = (child: ChildProcess) =>
  Math.round(Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)

/** User and system time of all threads so far; Linux counts in hundredths of a second. */
function cpuUs(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

interface Measured extends LoadResult {
  readonly cpuUsPerRequest: number
}

const mock = await start(1, [join(here, 'mock.ts')], /ready (\d+)/u)
const upstream = `http://127.0.0.1:${mock.found}`
const bare = await start(0, [join(here, 'bare.ts'), upstream], /ready (\d+)/u)
const folder = mkdtempSync(join(tmpdir(), 'switchyard-bench-'))
const candidate = (id: string, price: number) => ({
  id,
  provider: 'mock',
  model: `mock-${id}`,
  price: { inputPerMTok: price, outputPerMTok: 4 * price },
  contextWindow: 128_000,
  maxOutput: 8_000,
})
writeFileSync(
  join(folder, 'switchyard.config.json'),
  JSON.stringify({
    providers: { mock: { kind: 'openai', baseUrl: `${upstream}/v1` } },
    candidates: [candidate('small', 0.2), candidate('middle', 1), candidate('large', 5)],
  }),
)
const began = performance.now()
const gateway = await start(
  0,
  [join(here, '../../switchyard.js'), 'serve', '--port', '0'],
  /listening on (http:\/\/\S+)/u,
  {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  },
)
const readyMs = Math.round(performance.now() - began)
await new Promise((done) => setTimeout(done, 1500))
const idleMb = residentMb(gateway.child)

const prompt = 'Summarise the following note for a colleague who was not in the meeting. '.repeat(13)
const body = (model: string, stream: boolean) =>
  JSON.stringify({ model, messages: [{ role: 'user', content: prompt }], ...(stream ? { stream: true } : {}) })
const path = '/v1/chat/completions'
const peers = [
  { name: 'direct', child: mock.child, url: upstream + path, model: 'mock-small' },
  { name: 'bare proxy', child: bare.child, url: `http://127.0.0.1:${bare.found}${path}`, model: 'mock-small' },
  {
    name: 'switchyard, named model',
    child: gateway.child,
    url: gateway.found.replace(/\/$/u, '') + path,
    model: 'small',
  },
  { name: 'switchyard, auto', child: gateway.child, url: gateway.found.replace(/\/$/u, '') + path, model: 'auto' },
]
const cells = [
  { name: 'chat c1', stream: false, connections: 1 },
  { name: 'chat c16', stream: false, connections: 16 },
  { name: 'stream c16', stream: true, connections: 16 },
]
const results = new Map<string, Measured[]>()
const durationMs = 1000 * Number(values.seconds)
try {
  for (let round = 0; round <= Number(values.rounds); round++) {
    // Round 0 warms up and is not counted; odd rounds go backwards.
    for (const cell of cells) {
      for (const peer of round % 2 ? peers.toReversed() : peers) {
        const before = cpuUs(peer.child)
        const result = await load(peer.url, body(peer.model, cell.stream), {
          connections: cell.connections,
          durationMs: round === 0 ? 1000 : durationMs,
        })
        const cpuUsPerRequest = Math.round((cpuUs(peer.child) - before) / result.requests)
        const key = `${cell.name}|${peer.name}`
        if (round > 0) results.set(key, [...(results.get(key) ?? []), { ...result, cpuUsPerRequest }])
      }
    }
  }
} finally {
  for (const child of children) child.kill('SIGTERM')
}
const table = cells.flatMap((cell) =>
  peers.map((peer) => {
    const runs = results.get(`${cell.name}|${peer.name}`) ?? []
    const ofPeer = (name: string) => results.get(`${cell.name}|${name}`) ?? []
    const ratio = (name: string) =>
      median(runs.map((run, i) => run.requestsPerS / (ofPeer(name)[i]?.requestsPerS ?? Number.NaN)))
    const added = median(runs.map((run, i) => run.p50Us - (ofPeer('direct')[i]?.p50Us ?? Number.NaN)))
    return {
      cell: cell.name,
      peer: peer.name,
      'req/s': median(runs.map((run) => run.requestsPerS)),
      'x bare': Number(ratio('bare proxy').toFixed(2)),
      'p50 µs': median(runs.map((run) => run.p50Us)),
      'added p50 µs': added,
      'p99 µs': median(runs.map((run) => run.p99Us)),
      'CPU µs/req': median(runs.map((run) => run.cpuUsPerRequest)),
      failures: runs.reduce((sum, run) => sum + run.failures, 0),
    }
  }),
)
rmSync(folder, { recursive: true, force: true })
const report = {
  node: process.version,
  cpu: cpus()[0]?.model,
  pinned: values.pin,
  rounds: Number(values.rounds),
  readyMs,
  idleMb,
  table,
}
if (values.json) console.log(JSON.stringify(report, null, 1))
else {
  console.log(
    `Node ${report.node}, ${report.cpu}, ${values.pin ? 'pinned' : 'not pinned'}; medians of ${report.rounds} rounds of ${values.seconds} s`,
  )
  console.log(`gateway ready after ${readyMs} ms, idle memory ${idleMb} MB`)
  console.table(table)
}
