/** Starts the Worker as a user does: a folder of its own with its two files, `wrangler dev`, a free port. */

import { startWorkerProcess, type WorkerProcess } from '../src/cli/worker.process.ts'
import type { ConfigInput } from '../src/config/schema.ts'
import { newFolder, removeFolder } from './gateway.ts'

export interface Worker extends WorkerProcess {
  readonly folder: string
  /** Ends it and removes its folder. */
  discard(): Promise<void>
}

export async function startWorker(options: {
  readonly config: ConfigInput
  readonly env?: Readonly<Record<string, string>>
}): Promise<Worker> {
  const folder = newFolder()
  const worker = await startWorkerProcess({ ...options, folder })
  return {
    ...worker,
    folder,
    discard: async () => {
      await worker.stop()
      removeFolder(folder)
    },
  }
}
