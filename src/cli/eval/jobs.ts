/**
 * Runs an evaluation's jobs on all cores, and keeps what came of each on disk: a run that was cut goes on where it was, and one router more
 * costs the fits of that router alone. What is kept belongs to the data, the settings and this very code; of other code it is not taken.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { extname, join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import Tinypool from 'tinypool'
import type { Decided } from '../../train/decided.ts'
import type { Job } from './job.ts'

export interface JobRunner {
  run(job: Job): Promise<Decided[]>
  close(): Promise<void>
}

export async function createJobRunner(folder: string): Promise<JobRunner> {
  const extension = extname(import.meta.filename)
  const root = join(import.meta.dirname, '../../..')
  const code = await hashOf([join(root, 'src'), join(root, 'routers')], extension)
  await mkdir(folder, { recursive: true })
  const pool = new Tinypool({
    filename: new URL(`./thread.node${extension}`, import.meta.url).href,
    maxThreads: availableParallelism(),
    isolateWorkers: false,
  })
  return {
    async run(job) {
      const path = join(folder, `${keyOf(job, code)}.decided`)
      const kept = await readKept(path)
      if (kept !== null) return kept
      const decided: Decided[] = await pool.run(job)
      // Under its own name only when whole: a cut run leaves no half file behind.
      await writeFile(`${path}.part`, serialize(decided))
      await rename(`${path}.part`, path)
      return decided
    },
    close: () => pool.destroy(),
  }
}

/** `null` where nothing is kept, or nothing that can be read. */
async function readKept(path: string): Promise<Decided[] | null> {
  try {
    return deserialize(await readFile(path))
  } catch {
    return null
  }
}

/** The queries follow from the set and the encoder. Answers are a map, of which JSON would keep nothing. */
function keyOf({ set, part, contender, encoder, lambdas, strong }: Job, code: string): string {
  return createHash('sha256')
    .update(JSON.stringify([code, set.name, set.sha256, part, contender, encoder, lambdas, strong], listed))
    .digest('hex')
}

function listed(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value
}

async function hashOf(folders: readonly string[], extension: string): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const files = (await readdir(folder, { recursive: true })).filter(
      (name) => name.endsWith(extension) && !name.includes('.test.'),
    )
    for (const name of files.sort()) hash.update(name).update(await readFile(join(folder, name)))
  }
  return hash.digest('hex')
}
