/** The admin API as a replay uses it: the policy goes in, the whole log comes out. */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodePage } from '../../log/page.ts'
import { COLUMNS, toAttempt, toDecision, toEmbedding, toOutcome, toReward, type Value } from '../../log/rows.ts'
import type { Attempt, Decision, LogRow, Outcome, Reward } from '../../spec.ts'
import { type Remote, remoteAt } from '../remote.ts'
import { REPLAY_KEY } from './gateways.ts'

export interface ReplayRecord {
  readonly decision: Decision
  /** In the order of their indexes. */
  readonly attempts: readonly Attempt[]
  readonly outcome: Outcome | null
}

export interface ReplayLog {
  readonly records: ReadonlyMap<string, ReplayRecord>
  /** In the order in which they were written. */
  readonly rewards: readonly Reward[]
  /** By the hash of the text. */
  readonly vectors: ReadonlyMap<string, Float32Array>
  /** Rows of each table. */
  readonly rows: Readonly<Record<LogRow['table'], number>>
}

/** The outcome of the last answer may be written a moment after the answer; this is long enough. */
const PATIENCE_MS = 10_000

/** Stores the policy and puts it in charge of the route `auto`. */
export async function promote(url: string, policy: { readonly id: string; readonly bytes: Uint8Array }): Promise<void> {
  const remote = remoteAt(url, REPLAY_KEY)
  await remote.ask('POST', '/v1/policies', Uint8Array.from(policy.bytes))
  await remote.ask('POST', '/v1/routes/auto/policy', { policy: policy.id, reason: 'replay' })
}

/** All of the log, once every decision has its outcome. */
export async function readLog(url: string): Promise<ReplayLog> {
  const remote = remoteAt(url, REPLAY_KEY)
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(100)) {
    const outcomes = await readTable(remote, 'outcomes', toOutcome)
    const decisions = await readTable(remote, 'decisions', toDecision)
    if (outcomes.length < decisions.length && performance.now() < end) continue
    const outcomeOf = new Map(outcomes.map((outcome) => [outcome.decision, outcome]))
    const attempts = await readTable(remote, 'attempts', toAttempt)
    const attemptsOf = Map.groupBy(attempts, ({ decision }) => decision)
    const embeddings = await readTable(remote, 'embeddings', toEmbedding)
    const rewards = await readTable(remote, 'rewards', toReward)
    const counted = async (table: LogRow['table']) => (await readTable(remote, table, () => null)).length
    return {
      records: new Map(
        decisions.map((decision) => [
          decision.id,
          {
            decision,
            attempts: (attemptsOf.get(decision.id) ?? []).sort((a, b) => a.index - b.index),
            outcome: outcomeOf.get(decision.id) ?? null,
          },
        ]),
      ),
      rewards,
      vectors: new Map(embeddings.map(({ hash, vector }) => [hash, vector])),
      rows: {
        decisions: decisions.length,
        attempts: attempts.length,
        outcomes: outcomes.length,
        embeddings: embeddings.length,
        policies: await counted('policies'),
        feedback: await counted('feedback'),
        rewards: rewards.length,
        snapshots: await counted('snapshots'),
      },
    }
  }
}

/** Every row of a table, page by page. */
async function readTable<Columns, Row>(
  remote: Remote,
  table: LogRow['table'],
  toRow: (columns: Columns) => Row,
): Promise<Row[]> {
  const all: Row[] = []
  for (let after = 0; ; ) {
    const page = decodePage(table, await remote.ask('GET', `/v1/log/${table}?after=${after}&limit=1000`))
    for (const { values } of page.rows) all.push(toRow(named(table, values) as Columns))
    if (page.next === null) return all
    after = page.next
  }
}

function named(table: LogRow['table'], values: readonly Value[]): Record<string, Value | undefined> {
  return Object.fromEntries(COLUMNS[table].map((column, i) => [column, values[i]]))
}
