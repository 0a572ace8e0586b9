/** Starts the real gateway as a user does, in a process of its own, with its own data folder and a free port. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..')

export interface Gateway {
  readonly url: string
  readonly folder: string
  readonly process: ChildProcess
  /** All that it has written so far, stdout and stderr. */
  output(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface GatewayOptions {
  /** Written to `switchyard.config.json` in the folder; none: the environment decides. */
  readonly config?: object
  readonly env?: Readonly<Record<string, string>>
  /** Reuses the folder of an earlier gateway. */
  readonly folder?: string
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'switchyard-'))
  if (options.config) writeFileSync(join(folder, 'switchyard.config.json'), JSON.stringify(options.config))
  const { OPENAI_API_KEY: _o, ANTHROPIC_API_KEY: _a, ...env } = process.env
  const child = spawn(process.execPath, [join(root, 'src/cli.ts'), 'serve', '--port', '0'], {
    cwd: folder,
    env: { ...env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output += chunk
  })
  const url = await new Promise<string>((ready, fail) => {
    const look = () => {
      const match = /http:\/\/[\d.:[\]a-z]+(?=\s|$|\/)/u.exec(output)
      if (match && /ready|listening/iu.test(output)) ready(match[0])
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('exit', (code) => fail(new Error(`The gateway ended with ${code} before it was ready:\n${output}`)))
  })
  return {
    url,
    folder,
    process: child,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal)
        await once(child, 'exit')
      }
      return child.exitCode
    },
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
