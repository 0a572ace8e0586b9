/** A cap on what any one key contributes to a training set, as `learning.reward.keyShare` caps it while serving. */
import { fnv1a } from '../../fnv1a.ts'

/**
 * The rows that stay: of every key at most as many that none has more than `keyShare` of those that stay; of n keys each may have 1 / n.
 * Which ones of a key go is decided by a hash of their ids, so that it does not hang on when they came.
 */
export function withinShares<Row>(
  rows: readonly Row[],
  {
    keyOf,
    idOf,
    keyShare,
  }: {
    readonly keyOf: (row: Row) => string
    readonly idOf: (row: Row) => string
    readonly keyShare: number
  },
): Row[] {
  const byKey = [...Map.groupBy(rows, keyOf).values()]
  const most = capOf(
    byKey.map(({ length }) => length),
    keyShare,
  )
  const kept = new Set(
    byKey.flatMap((own) => {
      if (own.length <= most) return own
      const ranked = own.map((row) => ({ row, rank: fnv1a(idOf(row)) }))
      ranked.sort((a, b) => a.rank - b.rank || (idOf(a.row) < idOf(b.row) ? -1 : 1))
      return ranked.slice(0, most).map(({ row }) => row)
    }),
  )
  return rows.filter((row) => kept.has(row))
}

/** The largest whole c with c ≤ share · Σ min(count, c), approached from above. The smallest count is never cut. */
function capOf(counts: readonly number[], keyShare: number): number {
  if (counts.length === 0) return 0
  const share = Math.max(keyShare, 1 / counts.length)
  for (let most = Math.max(0, ...counts); ; ) {
    const allowed = Math.floor(share * counts.reduce((sum, count) => sum + Math.min(count, most), 0) + 1e-9)
    if (allowed >= most) return most
    most = allowed
  }
}
