/** What commands print: progress to stderr, results to stdout, problems with what to do. */
import { SingleBar } from 'cli-progress'
import { SwitchyardError } from '../errors.ts'

/** Exit codes: 0 done, 1 the answer is no, 2 used or configured wrongly. */
export const EXIT = { ok: 0, no: 1, usage: 2 } as const

/** Ends the process with what went wrong; a stack only for what is our mistake. */
export function fail(error: unknown): void {
  if (error instanceof SwitchyardError || error instanceof RangeError) console.error(`switchyard: ${error.message}`)
  else console.error(error)
  process.exitCode = EXIT.usage
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A progress bar on a terminal, nothing elsewhere. */
export function progress(label: string): { update: (done: number, total: number) => void; stop: () => void } {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} }
  const bar = new SingleBar({
    format: `${label} [{bar}] {value}/{total} · {rate} a second · {eta_formatted} left`,
    stream: process.stderr,
    hideCursor: true,
  })
  let begun: { readonly at: number; readonly done: number } | null = null
  return {
    update(done, total) {
      begun ??= { at: performance.now(), done }
      const rate = Math.round((1000 * (done - begun.done)) / Math.max(1, performance.now() - begun.at))
      if (bar.isActive) bar.update(done, { rate })
      else bar.start(total, done, { rate })
    },
    stop() {
      if (bar.isActive) bar.stop()
    },
  }
}

/** A running count on a terminal, for what has no known end; nothing elsewhere. */
export function counter(label: string): { update: (done: number) => void; stop: () => void } {
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: `${label} {value} · {duration_formatted}`, stream: process.stderr, hideCursor: true })
    : null
  bar?.start(0, 0)
  return { update: (done) => bar?.update(done), stop: () => bar?.stop() }
}
