/** The gateway as a Worker on this machine: `wrangler dev` in the Workers runtime itself, with its own folder and database. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ConfigInput } from '../config/schema.ts'
import { SwitchyardError } from '../errors.ts'
import { packageFolder } from '../package.node.ts'
import { workerFiles } from './worker.files.ts'

export interface WorkerOptions {
  /** Where its files and its data go. Data that is there already is served. */
  readonly folder: string
  readonly config: ConfigInput
  /** Secrets and variables of the Worker. */
  readonly env?: Readonly<Record<string, string>>
  /** Serve from the runtime itself, without wrangler's own proxy, which never tells a Worker that its client has left. */
  readonly direct?: boolean
  /** The module that has `createWorker` and the Durable Objects. Default: the package's own. */
  readonly source?: string
}

export interface WorkerProcess {
  readonly url: string
  /** All that it has written so far. */
  output(): string
  /** Ends it and all that it started. */
  stop(): Promise<void>
}

/** How long `wrangler dev` may take to end what it started, before it is ended with it. */
const PATIENCE_MS = 5000

/** The runtime's own address, which wrangler gives away only when it is asked to tell everything. */
const RUNTIME = /"userWorkerUrl":\{"protocol":"http:","hostname":"127\.0\.0\.1","port":"(\d+)"/u

/** Keeps wrangler from asking questions, looking for updates, recording requests and writing outside of the folder. */
const environment = (folder: string) => ({
  ...process.env,
  CI: '1',
  NO_COLOR: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_LOG_PATH: join(folder, 'logs'),
  WRANGLER_REGISTRY_PATH: join(folder, 'registry'),
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
})

/** Writes the Worker's files, brings its database up to date and resolves once it serves on a free port. */
export async function startWorkerProcess({
  folder,
  config,
  env = {},
  direct = false,
  source,
}: WorkerOptions): Promise<WorkerProcess> {
  const home = packageFolder()
  const files = workerFiles({
    template: await readFile(join(home, 'wrangler.toml'), 'utf8'),
    name: 'switchyard',
    config: './config.json',
    source:
      source ?? [join(home, 'src/worker.ts'), join(home, 'dist/src/worker.js')].find(existsSync) ?? 'switchyard/worker',
    assets: join(home, 'models'),
    migrations: join(home, 'migrations'),
  })
  const variables = Object.entries(env).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
  const texts = { ...files, 'config.json': JSON.stringify(config), '.dev.vars': variables.join('') }
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text, { mode: 0o600 })
  const state = ['--persist-to', join(folder, 'state')]
  const migrating = wrangler(folder, ['d1', 'migrations', 'apply', 'DB', '--local', ...state])
  const [code] = await migrating.ended
  if (code !== 0)
    throw new SwitchyardError('internal', `The Worker's database was not migrated:\n${migrating.output()}`)

  const free = ['--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0']
  const worker = wrangler(folder, ['dev', ...free, ...state, '--log-level', direct ? 'debug' : 'log'])
  try {
    const url = await worker.says(/Ready on (http:\S+)/u)
    return { ...worker, url: direct ? `http://127.0.0.1:${await worker.says(RUNTIME)}` : url }
  } catch (thrown) {
    await worker.stop()
    throw thrown
  }
}

/** Runs wrangler as the leader of a group of processes, since it starts others. */
function wrangler(folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, [findWrangler(), ...args], {
    cwd: folder,
    env: environment(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const listeners = new Set<() => void>()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const listener of listeners) listener()
    })
  }
  const endGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // All of them are gone.
    }
  }
  // A group of its own hears nothing of Ctrl-C.
  const endWith = (signal: NodeJS.Signals) => {
    endGroup()
    process.kill(process.pid, signal)
  }
  process.once('exit', endGroup).once('SIGINT', endWith).once('SIGTERM', endWith)
  child.once('exit', endGroup)
  const ended = once(child, 'close').finally(() => {
    process.off('exit', endGroup).off('SIGINT', endWith).off('SIGTERM', endWith)
  })

  return {
    ended,
    output: () => output,
    /** The first group of what its output matches. */
    says: (pattern: RegExp) =>
      new Promise<string>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output)?.[1]
          if (found === undefined) return
          listeners.delete(look)
          resolve(found)
        }
        listeners.add(look)
        look()
        const early = () => reject(new SwitchyardError('internal', `wrangler ${args[0]} ended early:\n${output}`))
        ended.then(early, early)
      }),
    async stop() {
      const timer = setTimeout(endGroup, PATIENCE_MS)
      child.kill('SIGTERM')
      await ended
      clearTimeout(timer)
    },
  }
}

function findWrangler(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve('wrangler/package.json')
    return join(dirname(manifest), 'bin/wrangler.js')
  } catch {
    throw new SwitchyardError('internal', 'The Worker needs wrangler, which is not installed: npm install wrangler.')
  }
}
