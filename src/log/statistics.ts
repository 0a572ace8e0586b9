/**
 * Sums by day, from the rows themselves or from the table that keeps them. Which, two marks say (`maintenance.ts` moves
 * them):
 *
 *     days before `pruned`     what is deleted is in `statistics`, what is not yet deleted is only in the rows: add both
 *     from `pruned` on         `statistics` has the whole day: a cache, made anew when rows of that day came or changed
 *     from `folded` on         only the rows
 */
import { type SQL, sql } from 'drizzle-orm'
import { DAY_MS, dayOf } from '../day.ts'
import type { OutcomeStatus, Statistics, Store } from '../spec.ts'
import type { LogDatabase } from './driver.ts'

/** How far something has come; a number in `meta` that only rises. */
export type Mark = 'swept' | 'pruned' | 'folded' | 'folded_decisions' | 'folded_outcomes' | 'folded_feedback'

/** A mark's value in SQL; 0 until it is first raised. */
export function mark(name: Mark): SQL {
  return sql`coalesce((select cast(value as integer) from meta where key = ${name}), 0)`
}

/** The first moment of a day in SQL. The length of a day is written out: D1 binds every number as a floating one. */
export function startOf(day: SQL | number): SQL {
  return sql`(${day} * ${sql.raw(String(DAY_MS))})`
}

/** The columns of `statistics`, in the order in which `sumRows` gives them. */
export const SUM_COLUMNS = [
  'day',
  'tenant',
  'route',
  'candidate',
  'status',
  'requests',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'priced',
  'latency_ms',
  'scored',
  'score',
] as const

/** Sums of the decisions (named `d`) that `where` takes. A decision counts before it has an outcome, as `unknown`. */
export function sumRows(where: SQL): SQL {
  return sql`
    select day, tenant, route, candidate, status, count(*) as requests,
      coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens,
      coalesce(sum(cost_usd), 0.0) as cost_usd, count(cost_usd) as priced,
      coalesce(sum(latency_ms), 0.0) as latency_ms,
      count(score) as scored, coalesce(sum(score), 0.0) as score
    from (
      select d.at / ${sql.raw(String(DAY_MS))} as day, d.tenant as tenant, coalesce(d.route, '') as route,
        coalesce(o.candidate, d.candidate) as candidate, coalesce(o.status, 'unknown') as status,
        o.input_tokens as input_tokens, o.output_tokens as output_tokens, o.cost_usd as cost_usd,
        o.latency_ms as latency_ms,
        (select avg(f.value) from feedback f where f.decision = d.id) as score
      from decisions d left join outcomes o on o.decision = d.id
      where ${where}
    )
    group by day, tenant, route, candidate, status`
}

/** All sums from day `from` on; a day may have several rows of one key. Each range of days reads as few rows as it can. */
function sums(from: number): SQL {
  return sql`
    select ${sql.raw(SUM_COLUMNS.join(', '))} from statistics where day >= ${from} and day < ${mark('folded')}
    union all select * from (${sumRows(sql`d.at >= ${startOf(sql`max(${from}, ${mark('folded')})`)}`)})
    union all select * from (${sumRows(sql`d.at >= ${startOf(from)} and d.at < ${startOf(mark('pruned'))}`)})`
}

type SumRow = [
  day: number,
  tenant: string,
  route: string,
  candidate: string,
  status: OutcomeStatus,
  requests: number,
  inputTokens: number,
  outputTokens: number,
  costUsd: number,
  priced: number,
  latencyMs: number,
  scored: number,
  score: number,
]

/** Sums from the day of `since` on. */
export async function readStatistics(
  db: LogDatabase,
  { since, tenant }: Parameters<Store['statistics']>[0],
): Promise<Statistics[]> {
  const rows = await db.values<SumRow>(sql`
    select day, tenant, route, candidate, status, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost_usd),
      sum(priced), sum(latency_ms), sum(scored), sum(score)
    from (${sums(dayOf(since))})
    where ${tenant === undefined ? sql`true` : sql`tenant = ${tenant}`}
    group by day, tenant, route, candidate, status
    order by day, tenant, route, candidate, status`)
  return rows.map(([day, tenant, route, candidate, status, requests, ...totals]) => {
    const [inputTokens, outputTokens, costUsd, priced, latencyMs, scored, score] = totals
    return {
      day,
      tenant,
      route: route === '' ? null : route,
      candidate,
      status,
      requests,
      inputTokens,
      outputTokens,
      costUsd,
      priced,
      latencyMs,
      scored,
      score,
    }
  })
}

/** USD by tenant of what was decided at or after `since`: whole days from their sums, the rest of the first from its rows. */
export async function readSpent(db: LogDatabase, since: number): Promise<Map<string, number>> {
  const firstWhole = Math.ceil(since / DAY_MS)
  const rows = await db.values<[tenant: string, costUsd: number]>(sql`
    select tenant, sum(cost_usd) from (
      select tenant, cost_usd from (${sums(firstWhole)})
      union all
      select tenant, cost_usd from (${sumRows(sql`d.at >= ${since} and d.at < ${startOf(firstWhole)}`)})
    )
    group by tenant having sum(cost_usd) > 0`)
  return new Map(rows)
}
