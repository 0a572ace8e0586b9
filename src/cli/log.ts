/** The log for commands: looked into beside a gateway that may be running. */
import { join, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { type FileStore, openStore } from '../log/store.node.ts'

/** The file of the log in a configuration's data folder. */
export function logFile({ data }: Pick<LogPlace, 'data'>): string {
  return join(resolve(data), 'switchyard.sqlite')
}

/** As much of a configuration as names the log. */
export interface LogPlace {
  readonly data: string
  readonly log: Pick<Config['log'], 'durability' | 'maxQueuedRows'>
}

/** Opens the log for `work` and closes it again. What the gateway is still working on stays as it is. */
export async function withLog<T>(config: LogPlace, work: (store: FileStore) => Promise<T>): Promise<T> {
  const { durability, maxQueuedRows } = config.log
  const store = await openStore({ file: logFile(config), durability, maxQueuedRows })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
