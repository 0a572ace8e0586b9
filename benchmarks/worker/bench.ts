/**
 * The gateway in the Workers runtime beside the Node gateway, in one run: `npm run bench:worker [-- --rounds 3 --requests 200]`.
 * Three Workers: the encoder in the isolate, in a Durable Object, and none (prompt features only). Each is `wrangler dev` on
 * a folder of its own, asked without wrangler's proxy; the upstream is a canned answer on loopback. Inside the runtime clocks
 * stand still while code computes, so that all times are the client's. Every request has a text of its own: no vector is cached.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { Agent, request } from 'undici'
import { startWorkerProcess } from '../../src/cli/worker.process.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import { createOnnxEncoder } from '../../src/embed/onnx.node.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    requests: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
})
const here = import.meta.dirname
const count = Number(values.requests)
const agent = new Agent({ connections: 64, pipelining: 1 })

const quantile = (list: readonly number[], q: number) =>
  [...list].sort((a, b) => a - b)[Math.floor(q * (list.length - 1))] ?? Number.NaN
const median = (list: readonly number[]) => quantile(list, 0.5)

/** Questions of about 32 tokens, no two alike. */
const questions = (() => {
  const file = gunzipSync(readFileSync(join(here, '../../models/demo/demo.queries.jsonl.gz'))).toString()
  const prompts = file
    .trim()
    .split('\n')
    .map((line): string => JSON.parse(line).prompt)
  let next = 0
  return () => {
    const n = next++
    return `${prompts[n % prompts.length]} And then: ${prompts[(n * 7 + 3) % prompts.length]} (${n})`
  }
})()

async function timed(url: string, method: 'GET' | 'POST', body?: string): Promise<{ ms: number; decision: string }> {
  const started = performance.now()
  const answer = await request(url, {
    method,
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`)
  return { ms: performance.now() - started, decision: String(answer.headers['x-switchyard-decision'] ?? '') }
}

const ask = (url: string) =>
  timed(
    `${url}/v1/chat/completions`,
    'POST',
    JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: questions() }] }),
  )

/** Milliseconds of `count` calls, `connections` at a time. */
async function many(call: () => Promise<{ ms: number }>, connections: number): Promise<number[]> {
  const times: number[] = []
  const one = async () => {
    while (times.length < count) times.push((await call()).ms)
  }
  await Promise.all(Array.from({ length: connections }, one))
  return times
}

/** Share of the newest decisions that had a vector. */
async function vectorShare(url: string): Promise<number> {
  const answer = await request(`${url}/v1/decisions?limit=100`, { dispatcher: agent })
  const { data } = (await answer.body.json()) as { data: { explanation: string[] }[] }
  return (
    data.filter((decision) => !JSON.stringify(decision).includes('The encoder gave no vector')).length / data.length
  )
}

/** Resident memory of a process, in MiB (Linux). */
const residentMb = (pid: number) =>
  Math.round(Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)

/** The largest Workers runtime below this process: wrangler runs a second, small one for its proxy. */
function runtimePid(): number {
  const parents = new Map<number, number>()
  const runtimes: number[] = []
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      parents.set(pid, Number(/PPid:\s+(\d+)/u.exec(status)?.[1]))
      if (/Name:\s+workerd/u.test(status)) runtimes.push(pid)
    } catch {
      // It has ended since.
    }
  }
  const isOurs = (pid: number): boolean => pid === process.pid || (parents.has(pid) && isOurs(parents.get(pid)!))
  return runtimes.filter(isOurs).sort((a, b) => residentMb(b) - residentMb(a))[0]!
}

interface Figures {
  /** The first request of all, with all that it begins. */
  readonly 'first request ms': number
  /** From the first request to the first decision that had a vector. */
  readonly 'first vector ms': number
  readonly 'p50 ms, 1 at a time': number
  readonly 'p95 ms, 1 at a time': number
  readonly 'p50 ms, 8 at a time': number
  readonly 'p95 ms, 8 at a time': number
  readonly 'requests per s, 8 at a time': number
  /** Of the requests, 8 at a time. */
  readonly 'with a vector': number
  readonly 'RSS MiB, ready': number
  readonly 'RSS MiB, after': number
}

async function measure(url: string, pid: () => number, hasEncoder: boolean): Promise<Figures> {
  const ready = residentMb(pid())
  const started = performance.now()
  const first = (await ask(url)).ms
  let firstVector = Number.NaN
  for (let tries = 0; hasEncoder && Number.isNaN(firstVector) && tries < 100; tries++) {
    const { decision } = await ask(url)
    const answer = await request(`${url}/v1/decisions/${decision}`, { dispatcher: agent })
    if (!(await answer.body.text()).includes('The encoder gave no vector')) firstVector = performance.now() - started
  }
  await many(() => ask(url), 4)
  const alone = await many(() => ask(url), 1)
  const began = performance.now()
  const together = await many(() => ask(url), 8)
  const seconds = (performance.now() - began) / 1000
  return {
    'first request ms': first,
    'first vector ms': firstVector,
    'p50 ms, 1 at a time': median(alone),
    'p95 ms, 1 at a time': quantile(alone, 0.95),
    'p50 ms, 8 at a time': median(together),
    'p95 ms, 8 at a time': quantile(together, 0.95),
    'requests per s, 8 at a time': together.length / seconds,
    'with a vector': hasEncoder ? await vectorShare(url) : 0,
    'RSS MiB, ready': ready,
    'RSS MiB, after': residentMb(pid()),
  }
}

interface Parts {
  /** One text to its vector, beyond a request that does nothing. */
  readonly 'embed ms': number
  readonly 'read model ms'?: number
  readonly 'tokenizer ms'?: number
  readonly 'WASM memory MiB'?: number
}

/** Of a Worker that is warm: what its parts cost beyond a request that does nothing. */
async function measureParts(url: string): Promise<Parts> {
  const path = (name: string) => `${url}/bench/${name}`
  const memory = (await (await request(path('memory'), { dispatcher: agent })).body.json()) as number[]
  const floor = median(await many(() => timed(path('nothing'), 'POST', questions()), 1))
  const times = async (name: string) => {
    const runs: number[] = []
    for (let i = 0; i < 7; i++) runs.push((await timed(path(name), 'POST', '')).ms)
    return median(runs) - floor
  }
  await many(() => timed(path('embed'), 'POST', questions()), 1)
  return {
    'embed ms': median(await many(() => timed(path('embed'), 'POST', questions()), 1)) - floor,
    'read model ms': await times('read'),
    'tokenizer ms': await times('tokenizer'),
    'WASM memory MiB': memory.reduce((sum, bytes) => sum + bytes, 0) / 2 ** 20,
  }
}

function start(
  args: readonly string[],
  ready: RegExp,
  cwd = here,
): Promise<{ found: string; pid: number; stop(): void }> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  return new Promise((done, fail) => {
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += String(chunk)
        const found = ready.exec(output)?.[1]
        if (found !== undefined) done({ found, pid: child.pid!, stop: () => child.kill('SIGTERM') })
      })
    }
    child.once('exit', (code) => fail(new Error(`${args.join(' ')} ended with ${code}:\n${output}`)))
  })
}

const mock = await start([join(here, '../gateway/mock.ts')], /ready (\d+)/u)
const config = (encoder: ConfigInput['encoder']): ConfigInput => ({
  providers: { mock: { kind: 'openai', baseUrl: `http://127.0.0.1:${mock.found}/v1` } },
  candidates: [0.2, 1, 5].map((usd, i) => ({
    id: ['small', 'middle', 'large'][i]!,
    provider: 'mock',
    model: `mock-${i}`,
    price: { inputPerMTok: usd, outputPerMTok: 4 * usd },
    contextWindow: 128_000,
    maxOutput: 8_000,
    capabilities: [],
  })),
  ...(encoder && { encoder }),
})

async function inFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function worker(encoder: NonNullable<ConfigInput['encoder']>): Promise<Figures & Partial<Parts>> {
  return inFolder(async (folder) => {
    const place = encoder.driver === 'workers-ai' ? 'durable' : 'isolate'
    const source = join(here, 'worker.workerd.ts')
    const process = await startWorkerProcess({
      folder,
      source,
      direct: true,
      config: config(encoder),
      env: { ENCODER: place },
    })
    try {
      const hasEncoder = encoder.driver !== 'none'
      const figures = await measure(process.url, runtimePid, hasEncoder)
      return { ...figures, ...(hasEncoder && (await measureParts(process.url))) }
    } finally {
      await process.stop()
    }
  })
}

function node(): Promise<Figures & Partial<Parts>> {
  return inFolder(async (folder) => {
    writeFileSync(join(folder, 'switchyard.config.json'), JSON.stringify(config({})))
    const serve = [join(here, '../../switchyard.js'), 'serve', '--port', '0']
    const gateway = await start(serve, /listening on (http:\/\/[^\s/]+)/u, folder)
    const figures = await measure(gateway.found, () => gateway.pid, true)
    gateway.stop()
    const encoder = await createOnnxEncoder({ dir: join(here, '../../models/use-lite'), provider: 'cpu', threads: 1 })
    const embed = async () => {
      const started = performance.now()
      await encoder.embed([questions()])
      return { ms: performance.now() - started }
    }
    await many(embed, 1)
    const embedMs = median(await many(embed, 1))
    await encoder.close()
    return { ...figures, 'embed ms': embedMs }
  })
}

const peers = {
  'Worker, encoder in the isolate': () => worker({ driver: 'onnx' }),
  'Worker, encoder in a Durable Object': () =>
    worker({ driver: 'workers-ai', model: 'use-lite', dim: 512, timeoutMs: 50 }),
  'Worker, features only': () => worker({ driver: 'none' }),
  Node: node,
}
const runs = new Map<string, (Figures & Partial<Parts>)[]>()
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = Object.entries(peers)
    for (const [name, run] of round % 2 ? order.toReversed() : order) {
      runs.set(name, [...(runs.get(name) ?? []), await run()])
    }
  }
} finally {
  mock.stop()
  await agent.close()
}

const table = Object.keys(peers).map((name) => {
  const all = runs.get(name) ?? []
  const keys = [...new Set(all.flatMap((one) => Object.keys(one)))] as (keyof (Figures & Parts))[]
  return {
    peer: name,
    ...Object.fromEntries(
      keys.map((key) => [key, Number(median(all.map((one) => one[key] ?? Number.NaN)).toFixed(2))]),
    ),
  }
})
if (values.json)
  console.log(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, rounds: values.rounds, table }, null, 1))
else {
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; medians of ${values.rounds} rounds of ${count} requests`,
  )
  const rows = [...new Set(table.flatMap((row) => Object.keys(row)))].filter((key) => key !== 'peer')
  console.table(
    Object.fromEntries(
      rows.map((key) => [key, Object.fromEntries(table.map((row) => [row.peer, row[key as keyof typeof row] ?? '']))]),
    ),
  )
}
