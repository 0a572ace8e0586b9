/** The job that settles what nobody scored: looks at every outcome once, when the wait for a score is over. */
import type { DecisionRecord, Store } from '../spec.ts'
import type { RewardDefinition } from './reward.ts'

export interface Sweep {
  /** Settles what is due by now, bounded; resolves to whether more is. It is due `waitMs` after the outcome; without signals only what was scored. */
  run(options: { readonly now: number } & RewardDefinition): Promise<boolean>
  /** Remembers how far this has come. What is looked at twice is settled once all the same. */
  keep(now: number): Promise<void>
}

const SNAPSHOT = 'settled'
/** Outcomes of one read, and reads of one run. */
const PAGE_ROWS = 200
const MAX_PAGES = 5

export function createSweep(
  store: Pick<Store, 'append' | 'snapshot' | 'unsettled'>,
  settle: (records: readonly DecisionRecord[], now: number) => Promise<void>,
): Sweep {
  let seq: number | null = null
  let kept = 0
  return {
    async run({ now, waitMs, signals }) {
      const scored = Object.keys(signals).length === 0
      if (seq === null) {
        kept = (await store.snapshot(SNAPSHOT))?.seq ?? 0
        seq = kept
      }
      for (let page = 0; page < MAX_PAGES; page++) {
        const { records, next } = await store.unsettled({ after: seq, until: now - waitMs, limit: PAGE_ROWS, scored })
        if (next === null) return false
        await settle(records, now)
        seq = next
      }
      return true
    },
    async keep(now) {
      if (seq === null || seq === kept) return
      const row = { name: SNAPSHOT, at: now, seq, bytes: new Uint8Array(0) }
      await store.append([{ table: 'snapshots', row }])
      kept = row.seq
    },
  }
}
