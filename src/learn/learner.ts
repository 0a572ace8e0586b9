/** A fold that follows the log: it begins with its last snapshot and reads what was written since. */
import type { Snapshot, Store } from '../spec.ts'
import { createFold, type Fold, type FoldOptions } from './fold.ts'

export interface Learner {
  readonly fold: Fold
  /** Reads on to the end of the log. Rejects where it cannot be read; what was read until then is learned. */
  follow(): Promise<void>
  /** Keeps what was learned: the rewards behind it may be deleted then. */
  keep(now: number): Promise<void>
}

const PAGE_ROWS = 500

/** @param name of its snapshots: they are no use to a fold of other options */
export async function openLearner(
  name: string,
  { store, ...options }: FoldOptions & { readonly store: Pick<Store, 'append' | 'rows' | 'snapshot'> },
): Promise<Learner> {
  const snapshot = await store.snapshot(name)
  const fold = createFold(options, snapshot?.bytes)
  let seq = snapshot?.seq ?? 0
  let kept = seq
  let reading: Promise<void> | null = null
  let next: Promise<void> | null = null

  async function read(): Promise<void> {
    for (;;) {
      const page = await store.rows('rewards', { after: seq, limit: PAGE_ROWS })
      if (page.next === null) return
      for (const { table, row } of page.rows) if (table === 'rewards') fold.take(row)
      seq = page.next
    }
  }

  /** One at a time. Who asks while another reads waits for the one after: what it knows to be written may have been missed. */
  function follow(): Promise<void> {
    if (reading === null) {
      reading = read().finally(() => {
        reading = null
      })
      return reading
    }
    next ??= reading
      .catch(() => {})
      .then(() => {
        next = null
        return follow()
      })
    return next
  }

  await follow()
  return {
    fold,
    follow,
    async keep(now) {
      await follow()
      if (seq === kept) return
      const row: Snapshot = { name, at: now, seq, bytes: fold.save() }
      await store.append([{ table: 'snapshots', row }])
      kept = row.seq
    },
  }
}
