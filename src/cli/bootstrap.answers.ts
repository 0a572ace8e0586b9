/**
 * Answers that were paid for, kept as they come, so that a run that was killed goes on and asks nothing twice: JSON Lines, each line on the disk before the
 * next question of its kind is asked. The file holds prompts' hashes and answers' texts and is its owner's alone.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod'

const count = z.number().min(0)
const answer = z.object({
  /** Of who was asked and what: see `keyOf` in bootstrap.ask.ts. */
  key: z.string(),
  candidate: z.string(),
  text: z.string(),
  usage: z.object({ input: count, cachedInput: count, cacheWrite: count, output: count, reasoning: count }),
  costUsd: count,
  latencyMs: count,
})

export type Answer = Readonly<z.infer<typeof answer>>

export interface Answers {
  find(key: string): Answer | undefined
  /** Resolves when the answer survives a crash. */
  keep(answer: Answer): Promise<void>
  /** USD, of all answers in the file. */
  readonly spentUsd: number
  readonly size: number
  close(): Promise<void>
}

export async function openAnswers(path: string): Promise<Answers> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a+', 0o600)
  const known = new Map((await readWhole(file)).map((one) => [one.key, one]))
  let spentUsd = [...known.values()].reduce((sum, { costUsd }) => sum + costUsd, 0)
  // One after the other: two lines must not run into each other.
  let writing = Promise.resolve()
  return {
    find: (key) => known.get(key),
    async keep(one) {
      known.set(one.key, one)
      spentUsd += one.costUsd
      writing = writing.then(async () => {
        await file.appendFile(`${JSON.stringify(one)}\n`)
        await file.datasync()
      })
      await writing
    },
    get spentUsd() {
      return spentUsd
    },
    get size() {
      return known.size
    },
    async close() {
      await writing
      await file.close()
    },
  }
}

/** All whole lines; what a crash cut short behind the last one is taken away. */
async function readWhole(file: FileHandle): Promise<Answer[]> {
  const bytes = await file.readFile()
  const whole = bytes.lastIndexOf('\n') + 1
  if (whole < bytes.length) await file.truncate(whole)
  return bytes
    .toString('utf8', 0, whole)
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [answer.parse(JSON.parse(line))]))
}
