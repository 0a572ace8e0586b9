/** The hourly upkeep of the log, as both roots do it. */
import { type Console, describeError } from '../log/console.ts'
import type { Store } from '../spec.ts'

/** How often a process that stays should do it; a Worker has its cron trigger. */
export const MAINTAIN_MS = 3_600_000

export interface Upkeep {
  /** Keeps what was made of rows that are about to be deleted; where it fails nothing is. */
  readonly keep: () => Promise<unknown>
  readonly now: () => number
  readonly keepDays: number | undefined
  readonly logger: Console
  /** True once there is no time for more: what is left waits for the next hour. */
  readonly stopping: () => boolean
}

/** Closes, sums up and deletes what is due. Never rejects: what could not be done is logged and due again in an hour. */
export async function maintainLog(
  store: Pick<Store, 'maintain'>,
  { keep, now, keepDays, logger, stopping }: Upkeep,
): Promise<void> {
  let deleted = 0
  try {
    await keep()
    for (let more = true; more && !stopping(); ) {
      const done = await store.maintain({ now: now(), keepDays: keepDays ?? null })
      deleted += done.deleted
      more = done.more
    }
  } catch (error) {
    logger.error('log_not_maintained', describeError(error))
  }
  if (deleted > 0) logger.info('log_pruned', { count: deleted })
}
