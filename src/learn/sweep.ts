/** The job that settles what nobody scored: looks at every outcome once, when the wait for a score is over. */
import type { DecisionRecord, Store } from '../spec.ts'
import type { RewardDefinition } from './reward.ts'

export interface Sweep {
  /**
   * Settles what is due by now, of `limit` outcomes at most; resolves to whether more may be. It is due `waitMs` after the outcome; without signals only what was
   * scored. Goes on from where this one has come, or any other that has kept it.
   */
  run(options: { readonly now: number; readonly limit: number } & RewardDefinition): Promise<boolean>
  /** Remembers how far this has come. What is looked at twice is settled once all the same. */
  keep(now: number): Promise<void>
}

const SNAPSHOT = 'settled'
/** Outcomes of one read. */
const PAGE_ROWS = 200

export function createSweep(
  store: Pick<Store, 'append' | 'snapshot' | 'unsettled'>,
  settle: (records: readonly DecisionRecord[], now: number) => Promise<void>,
): Sweep {
  let seq = 0
  let kept = 0
  return {
    async run({ now, limit, waitMs, signals }) {
      const scored = Object.keys(signals).length === 0
      kept = (await store.snapshot(SNAPSHOT))?.seq ?? 0
      seq = Math.max(seq, kept)
      for (let left = limit; left > 0; left -= PAGE_ROWS) {
        const page = { after: seq, until: now - waitMs, limit: Math.min(PAGE_ROWS, left), scored }
        const { records, next } = await store.unsettled(page)
        if (next === null) return false
        await settle(records, now)
        seq = next
      }
      return true
    },
    async keep(now) {
      if (seq <= kept) return
      const row = { name: SNAPSHOT, at: now, seq, bytes: new Uint8Array(0) }
      await store.append([{ table: 'snapshots', row }])
      kept = row.seq
    },
  }
}
