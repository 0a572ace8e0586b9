/** Another command of this program, as a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'

export interface Running {
  /** What the first group of `ready` matched. */
  readonly found: string
  stop(): Promise<void>
}

/** Starts `switchyard ARGS` and resolves when its output matches `ready`. */
export async function startProcess(args: readonly string[], ready: RegExp): Promise<Running> {
  const script = join(import.meta.dirname, `../cli${extname(import.meta.filename)}`)
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const found = await new Promise<string>((resolve, reject) => {
    const look = (chunk: unknown) => {
      output += String(chunk)
      const match = ready.exec(output)?.[1]
      if (match !== undefined) resolve(match)
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.once('exit', (code) =>
      reject(new Error(`switchyard ${args[0]} ended with ${code} before it was ready:\n${output}`)),
    )
  })
  return {
    found,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
