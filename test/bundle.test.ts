/** What `wrangler deploy` would upload: its size, that it needs nothing of Node, and which files go beside it. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const MIB = 2 ** 20

interface Metafile {
  readonly outputs: Record<
    string,
    { readonly imports: readonly { readonly path: string }[]; readonly entryPoint?: string }
  >
}

/** Runs wrangler; it can reach nothing but the `api` that it is given. */
function wrangler(
  args: readonly string[],
  { logs, api = 'http://127.0.0.1:1' }: { logs: string; api?: string },
): Promise<{ said: string }> {
  const script = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')
  const env = {
    ...process.env,
    CI: '1',
    NO_COLOR: '1',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG_PATH: logs,
    CLOUDFLARE_API_BASE_URL: api,
    CLOUDFLARE_API_TOKEN: 'none',
    CLOUDFLARE_ACCOUNT_ID: '0'.repeat(32),
  }
  return new Promise((done) => {
    execFile(process.execPath, [script, ...args], { cwd: root, env }, (_, stdout, stderr) =>
      done({ said: stdout + stderr }),
    )
  })
}

describe('the Worker’s bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-bundle-'))
  let said: string
  let script: Buffer
  let imports: readonly string[]
  let wasm: Buffer

  beforeAll(async () => {
    said = (await wrangler(['deploy', '--dry-run', '--minify', '--metafile', '--outdir', folder], { logs: folder }))
      .said
    script = readFileSync(join(folder, 'worker.js'))
    wasm = readFileSync(join(folder, readdirSync(folder).find((name) => name.endsWith('.wasm'))!))
    const meta: Metafile = JSON.parse(readFileSync(join(folder, 'bundle-meta.json'), 'utf8'))
    imports = Object.values(meta.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('imports the Workers runtime and its own WebAssembly, and nothing of Node', () => {
    expect(imports.filter((path) => !path.endsWith('.wasm'))).toEqual(['cloudflare:workers'])
    // Without this flag the runtime has no Node modules at all: what asked for one would fail in the tests that run in it.
    expect(readFileSync(join(root, 'wrangler.toml'), 'utf8')).not.toContain('nodejs_compat')
    expect(said).not.toMatch(/nodejs_compat|node:/u)
  })

  it('asks for a Node module in one place, which no Worker reaches', () => {
    const text = script.toString()
    const asked = [...text.matchAll(/["'`]node:\w+["'`]/gu)].map(({ index }) => text.slice(index - 120, index + 60))
    expect(asked).toHaveLength(1)
    // onnxruntime-web counts cores where there is neither a number of threads, which the encoder sets to 1, nor a navigator.
    expect(asked[0]).toMatch(/numThreads=1;else\{.*typeof navigator>"u"\?\w+\("node:os"\)\.cpus\(\)/u)
  })

  it('is within the limits: 10 MB compressed in all, 4 MB of them code', () => {
    const packed = { script: gzipSync(script).length, wasm: gzipSync(wasm).length }
    const mib = (bytes: number) => (bytes / MIB).toFixed(2)
    console.log(
      `JavaScript ${mib(script.length)} MiB (gzip ${mib(packed.script)}), WebAssembly ${mib(wasm.length)} MiB (gzip ${mib(packed.wasm)})`,
    )
    expect(packed.script + packed.wasm).toBeLessThan(4 * MIB)
    // Its parsing is part of every cold start.
    expect(packed.script).toBeLessThan(0.4 * MIB)
  })
})

it('has four assets beside it: what the Worker reads, and neither the GPU’s model nor data of the demo', {
  timeout: 120_000,
}, async () => {
  const logs = mkdtempSync(join(tmpdir(), 'switchyard-assets-'))
  const manifests: unknown[] = []
  // Cloudflare's API as far as a deployment goes before the first file is sent: then it is refused.
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.url?.endsWith('/assets-upload-session'))
      manifests.push(JSON.parse(Buffer.concat(chunks).toString()).manifest)
    const known = request.url?.endsWith('/workers/subdomain')
    const answer = known
      ? { success: true, errors: [], messages: [], result: { subdomain: 'test' } }
      : { success: false, errors: [{ code: 10_090, message: 'no such Worker' }], messages: [], result: null }
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  try {
    const { port } = server.address() as AddressInfo
    const { said } = await wrangler(['deploy'], { logs, api: `http://127.0.0.1:${port}` })
    expect(manifests, said).toHaveLength(1)
    expect(Object.keys(manifests[0] ?? {}).sort()).toEqual([
      '/demo/demo.safetensors',
      '/use-lite/encoder.json',
      '/use-lite/model.int8.onnx',
      '/use-lite/tokenizer.json',
    ])
  } finally {
    server.close()
    rmSync(logs, { recursive: true, force: true })
  }
})
