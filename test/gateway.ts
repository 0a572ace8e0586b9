/** Starts the real program as a user does: a process of its own, its own data folder, a free port. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { ConfigInput } from '../src/config/schema.ts'

export const root = resolve(import.meta.dirname, '..')

export interface ProcessOptions {
  /** Written to `switchyard.config.json` in the folder; none: the environment decides. */
  readonly config?: ConfigInput | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Where it runs and keeps its data; a new folder unless given. */
  readonly folder?: string | undefined
}

interface Program {
  readonly folder: string
  readonly process: ChildProcessByStdio<null, Readable, Readable>
  /** All that it has written so far, stdout and stderr. */
  output(): string
}

export interface Gateway extends Program {
  readonly url: string
  /** The folder of log and policies, unless the configuration names another. */
  readonly data: string
  /** Resolves to the exit code; `null` where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Ends it and removes its folder. */
  discard(): Promise<void>
}

/** Variables that would otherwise configure the program from outside the test. */
const CONFIGURING = /^(OPENAI|ANTHROPIC|SWITCHYARD)_|^(HOST|PORT)$/u

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'switchyard-'))
}

export function writeConfig(folder: string, config: ConfigInput): void {
  writeFileSync(join(folder, 'switchyard.config.json'), JSON.stringify(config))
}

function launch(args: readonly string[], { config, env, folder = newFolder() }: ProcessOptions): Program {
  if (config) writeConfig(folder, config)
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !CONFIGURING.test(name)))
  const child = spawn(process.execPath, [join(root, 'src/cli.ts'), ...args], {
    cwd: folder,
    env: { ...inherited, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return { folder, process: child, output: () => output }
}

/** Runs `switchyard ARGS` to its end. */
export async function run(
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<{ code: number | null; output: string; folder: string }> {
  const { process, output, folder } = launch(args, options)
  await once(process, 'close')
  return { code: process.exitCode, output: output(), folder }
}

/** Runs `switchyard serve` and resolves once it listens. */
export async function startGateway(options: ProcessOptions = {}): Promise<Gateway> {
  const program = launch(['serve', '--port', '0'], options)
  const { process: child, output, folder } = program
  const url = await new Promise<string>((ready, fail) => {
    child.stdout.on('data', () => {
      const found = /listening on (http:\/\/\S+)/u.exec(output())?.[1]
      if (found) ready(found)
    })
    child.once('close', (code) => fail(new Error(`The gateway ended with ${code} before it was ready:\n${output()}`)))
  })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await once(child, 'close')
    }
    return child.exitCode
  }
  return {
    ...program,
    url,
    data: join(folder, '.switchyard'),
    stop,
    discard: async () => {
      await stop('SIGKILL')
      removeFolder(folder)
    },
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
