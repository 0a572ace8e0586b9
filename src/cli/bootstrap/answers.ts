/**
 * Answers that were paid for, kept as they come, so that a run that was killed goes on and asks nothing twice: JSON Lines, each line on the disk before the
 * next question of its kind is asked. The file holds prompts' hashes and answers' texts and is its owner's alone.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod'

const amount = z.number().min(0)
const answer = z.object({
  /** Of who was asked and what: see `keyOf` in ask.ts. */
  key: z.string(),
  candidate: z.string(),
  text: z.string(),
  usage: z.object({ input: amount, cachedInput: amount, cacheWrite: amount, output: amount, reasoning: amount }),
  costUsd: amount,
  latencyMs: amount,
  /** How sure the candidate was of its words, where it said so. */
  logprob: z.number().max(0).exactOptional(),
})

export type Answer = Readonly<z.infer<typeof answer>>

export interface Answers {
  find(key: string): Answer | undefined
  /** Resolves when the answer survives a crash. */
  keep(answer: Answer): Promise<void>
  /** USD, of all answers in the file. */
  readonly spentUsd: number
  readonly size: number
  /** Output tokens of the candidate's longest answer; 0 without any. */
  longest(candidate: string): number
  close(): Promise<void>
}

export async function openAnswers(path: string): Promise<Answers> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a+', 0o600)
  const known = new Map((await readWhole(file)).map((one) => [one.key, one]))
  const longest = new Map<string, number>()
  let spentUsd = 0
  const count = ({ candidate, costUsd, usage }: Answer) => {
    spentUsd += costUsd
    longest.set(candidate, Math.max(longest.get(candidate) ?? 0, usage.output))
  }
  for (const one of known.values()) count(one)
  // One after the other: two lines must not run into each other.
  let writing = Promise.resolve()
  return {
    find: (key) => known.get(key),
    async keep(one) {
      known.set(one.key, one)
      count(one)
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
    longest: (candidate) => longest.get(candidate) ?? 0,
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
