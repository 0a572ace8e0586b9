/** What the replay found, per λ. */
import Table from 'cli-table3'

export interface LambdaRow {
  readonly lambda: number
  readonly queries: number
  /** From the log, joined with the recorded quality of the candidate that answered. */
  readonly quality: number
  /** Upstream calls per query, as the log has them. */
  readonly calls: number
  /** USD per query, as the log has it. */
  readonly costUsd: number
  readonly offlineQuality: number
  readonly offlineCostUsd: number
  readonly shares: readonly { readonly candidate: string; readonly share: number }[]
}

export function renderLambdas(rows: readonly LambdaRow[]): string {
  const table = new Table({
    head: ['λ', 'queries', 'quality', 'offline', '$ per query', 'offline', 'calls', 'who answered'],
    style: { head: [], border: [] },
  })
  for (const { lambda, queries, quality, offlineQuality, costUsd, offlineCostUsd, calls, shares } of rows) {
    table.push([
      Number(lambda.toPrecision(4)),
      queries,
      quality.toFixed(4),
      offlineQuality.toFixed(4),
      costUsd.toPrecision(4),
      offlineCostUsd.toPrecision(4),
      calls.toFixed(2),
      shares.map(({ candidate, share }) => `${candidate} ${(100 * share).toFixed(1)} %`).join('\n'),
    ])
  }
  return table.toString()
}
