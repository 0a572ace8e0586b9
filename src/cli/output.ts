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
    format: `${label} [{bar}] {value}/{total} · {eta_formatted} left`,
    stream: process.stderr,
    hideCursor: true,
  })
  let begun = false
  return {
    update(done, total) {
      if (!begun) bar.start(total, done)
      else bar.update(done)
      begun = true
    },
    stop() {
      if (begun) bar.stop()
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
