/** Trials of a simulation that takes hours: kept as they come, so that several processes can share them and one that was cut goes on. */
import { appendFile, readFile } from 'node:fs/promises'

export interface TrialsOptions<Task, Trial extends Task> {
  /** Two tasks are the same where this is. */
  readonly keyOf: (task: Task) => string
  readonly run: (task: Task) => Trial
  /** One finished trial a line, as JSON; those that are there are not run again. */
  readonly resume?: string | undefined
  /** "3/8": of the tasks the third and every eighth after it, to share them among processes with the same file. */
  readonly part?: string | undefined
}

/** The trials of the tasks, in their order; with a part, those of the part. */
export async function runTrials<Task, Trial extends Task>(
  tasks: readonly Task[],
  { keyOf, run, resume, part }: TrialsOptions<Task, Trial>,
): Promise<Trial[]> {
  const known = new Map((await readTrials<Trial>(resume)).map((trial) => [keyOf(trial), trial]))
  const trials: Trial[] = []
  for (const task of partOf(tasks, part)) {
    const found = known.get(keyOf(task))
    const trial = found ?? run(task)
    if (!found && resume !== undefined) await appendFile(resume, `${JSON.stringify(trial)}\n`)
    trials.push(trial)
  }
  return trials
}

async function readTrials<Trial>(path: string | undefined): Promise<Trial[]> {
  const text = path === undefined ? '' : await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Trial => JSON.parse(line))
}

function partOf<Task>(tasks: readonly Task[], part: string | undefined): readonly Task[] {
  if (part === undefined) return tasks
  const [which = Number.NaN, of = Number.NaN] = part.split('/').map(Number)
  if (!(which >= 1 && which <= of)) throw new RangeError(`--part is like 3/8, not ${part}`)
  return tasks.filter((_, i) => i % of === which - 1)
}
